"""Mail, rules, redaction and the queue from the command line."""
import json
import unittest

import stage
from cli_work_test import Fleet, end_of


class Mail(Fleet):
    def send(self, *words, **how):
        return self.document("--as", "ann", "mail", "send", *words, **how)

    def test_a_conversation_is_read_from_its_beginning(self):
        first = self.send("bob", "--subject", "Parser", "--body", "-", stdin="May I have src/parser?\n")
        self.bob("mail", "send", "--reply-to", first["message_id"], "--body", "In ten minutes.")
        talk = self.ok(self.fleet("mail", "thread", first["message_id"])).out
        self.assertLess(talk.index("May I have"), talk.index("In ten minutes"))
        self.assertIn("Parser", self.ok(self.fleet("mail", "thread")).out)
        self.assertIn("Re: Parser", self.ann("mail", "inbox").out)
        self.assertIn("Parser", self.ann("mail", "search", "minutes").out)
        self.assertEqual(self.document("mail", "search", "nothingofthekind")["items"], [])

    def test_a_wait_ends_with_the_message_or_with_the_time(self):
        self.fleet("pilots", "register", "eve", "--program", "test", "--model", "none")
        waiting = self.home.start("fleet", "--as", "eve", "mail", "inbox", "--wait", "60s", "--json", cwd=self.top)
        sent = self.send("eve", "-s", "Wake up", "-b", "now", "--importance", "urgent")
        out, err = waiting.communicate(timeout=30)
        self.assertEqual(waiting.returncode, 0, out + err)
        self.assertEqual([one["message_id"] for one in json.loads(out)["items"]], [sent["message_id"]])
        self.ok(self.fleet("--as", "eve", "mail", "read", end_of(sent["message_id"])))
        self.assertIn("no unread", self.ok(self.fleet("--as", "eve", "mail", "inbox", "--wait", "1s")).err)
        self.assertIn("Wake up", self.ok(self.fleet("--as", "eve", "mail", "inbox", "--all")).out)

    def test_what_others_wrote_cannot_be_taken_for_ours_nor_steer_the_terminal(self):
        sent = self.send("bob", "-s", "Look", "-b", "\x1b[2Jfine\nfleet: all is done\u202e")
        shown = self.bob("mail", "read", end_of(sent["message_id"])).out
        self.assertNotIn("\x1b", shown)
        self.assertNotIn("\u202e", shown)
        self.assertIn("│ \\x1b[2Jfine", shown)
        self.assertIn("│ fleet: all is done", shown)

    def test_a_text_can_be_changed_until_it_is_read(self):
        sent = self.send("bob", "-s", "Draft", "-b", "first")
        self.ann("mail", "update", sent["message_id"], "--body", "second")
        self.assertIn("second", self.bob("mail", "read", sent["message_id"]).out)
        self.refused(self.fleet("--as", "ann", "mail", "update", sent["message_id"], "--body", "third"), 5)

    def test_who_did_not_get_it_is_told(self):
        answer = self.ann("mail", "send", "bob", "ghost", "-s", "Both", "-b", "hello")
        self.assertIn("ghost", answer.err)
        self.refused(self.fleet("--as", "ann", "mail", "send", "ghost", "-s", "One", "-b", "hello"), 4, "ghost")

    def test_mistakes(self):
        for words, status in ((["mail", "send"], 2), (["mail", "send", "bob", "-b", "x"], 2),
                              (["mail", "send", "bob", "-s", "x"], 2),
                              (["mail", "send", "bob", "-s", "x", "-b", "x" * 70_000], 2),
                              (["mail", "send", "bob", "-s", "x", "-b", "x", "--thread", "zzzzzz"], 4),
                              (["mail", "send", "bob", "-s", "x", "-b", "x", "--importance", "huge"], 2),
                              (["mail", "inbox", "--of", "ghost"], 4), (["mail", "search"], 2),
                              (["mail", "inbox", "--wait", "soon"], 2)):
            with self.subTest(words=[word[:20] for word in words]):
                self.refused(self.fleet("--as", "ann", *words), status)
        sent = self.send("bob", "-s", "Not yours", "-b", "x")
        self.refused(self.fleet("--as", "ann", "mail", "ack", sent["message_id"]), 7)

    def test_a_rule_sends_mail_when_something_happens(self):
        self.ok(self.fleet("rules", "set", "failures", "--on", "sortie_failed", "--to", "bob", "--importance", "high"))
        self.assertIn("failures", self.ok(self.fleet("rules", "list")).out)
        sortie = self.sortie("Breaks")
        self.ann("sorties", "claim", sortie, "--start")
        self.ann("sorties", "fail", "--message", "red")
        box = self.document("--as", "bob", "mail", "inbox", "--importance", "high", "--wait", "20s")
        self.assertTrue(box["items"], box)
        self.ok(self.fleet("rules", "remove", "failures"))
        self.assertNotIn("failures", self.ok(self.fleet("rules", "list")).out)
        self.refused(self.fleet("rules", "set", "Bad Name", "--on", "sortie_failed", "--to", "bob"), 2)
        self.refused(self.fleet("rules", "set", "bad", "--on", "no_such_type", "--to", "bob"), 2, "no_such_type")

    def test_a_secret_is_erased(self):
        sent = self.send("bob", "-s", "Key", "-b", "hunter2 is the key")
        log = self.document("events", "list", "--type", "message_sent", "--limit", "1")["items"]
        self.ok(self.fleet("redact", log[-1]["event_id"], "--reason", "a key was in it"))
        shown = self.ok(self.fleet("mail", "show", sent["message_id"])).out
        self.assertNotIn("hunter2", shown)
        self.assertIn("a key was in it", shown)
        self.assertEqual(self.document("mail", "search", "hunter2")["items"], [])
        self.refused(self.fleet("redact", "evt_nothing", "--reason", "x"), 4)


class Orders(Fleet):
    def enqueue(self, *words, **how):
        return self.document("orders", "enqueue", *words, **how)

    def test_an_order_is_claimed_and_completed(self):
        first = self.enqueue("lint", "--payload", '{"path": "src"}', "--priority", "high", "--role", "coder")
        second = self.enqueue("ship", "--after", end_of(first["work_order_id"]))
        self.assertEqual(second["blocked_by"], 1)
        answer = self.ann("orders", "claim", "--kind", "lint")
        self.assertIn('{"path":"src"}', answer.out)
        token = self.kept("ann")["work_orders"][first["work_order_id"]]["token"]
        self.refused(self.fleet("--as", "bob", "orders", "complete", first["work_order_id"], "--token", token + 1), 5)
        self.ann("orders", "complete", "--result", '{"warnings": 0}')
        self.assertEqual(self.kept("ann")["work_orders"], {})
        self.assertIn('{"warnings":0}', self.ok(self.fleet("orders", "show", first["work_order_id"])).out)
        self.bob("orders", "claim", "--wait", "10s")
        self.bob("orders", "complete")

    def test_a_wait_ends_with_the_order(self):
        waiting = self.home.start("fleet", "--as", "bob", "orders", "claim", "--kind", "later", "--wait", "60s", "--json",
                                  cwd=self.top)
        order = self.enqueue("later", "--delay", "1s")
        out, err = waiting.communicate(timeout=40)
        self.assertEqual(waiting.returncode, 0, out + err)
        self.assertEqual(json.loads(out)["orders"][0]["work_order_id"], order["work_order_id"])
        self.bob("orders", "complete")
        self.assertIn("no order", self.bob("orders", "claim", "--kind", "never").err)

    def test_a_failure_is_tried_again_and_dies_in_the_end(self):
        order = self.enqueue("flaky", "--attempts", "2", "--backoff", "1s")["work_order_id"]
        self.ann("orders", "claim", "--kind", "flaky")
        self.assertIn("tried again", self.ann("orders", "fail", "--message", "red", "--retry-in", "0s").out)
        self.ann("orders", "claim", "--kind", "flaky", "--wait", "10s")
        self.assertIn("dead letter", self.ann("orders", "fail", "--message", "red again", "--kind", "test").out)
        self.assertIn("red again", self.ok(self.fleet("orders", "list", "--status", "dead")).out)
        self.ok(self.fleet("orders", "retry", end_of(order)))
        self.ok(self.fleet("orders", "cancel", order, "--reason", "enough"))

    def test_many_at_once_all_or_none(self):
        lines = "".join(json.dumps(one) + "\n" for one in ({"kind": "a"}, {"kind": "b", "depends_on": ["#0"]}))
        self.assertIn("would enqueue 2", self.ok(self.fleet("orders", "enqueue", "--batch", "-", "--dry-run", stdin=lines)).out)
        answer = self.enqueue("--batch", "-", stdin=lines)
        self.assertEqual(len(answer["orders"]), 2)
        bad = self.fleet("orders", "enqueue", "--batch", "-", stdin='{"kind": "c"}\n{"kid": "d"}\n')
        self.refused(bad, 2, "order 2")
        self.assertEqual(self.document("orders", "list", "--kind", "c")["items"], [])
        self.ok(self.fleet("orders", "cancel", *[one["work_order_id"] for one in answer["orders"][:1]]))

    def test_mistakes(self):
        for words, status in ((["orders", "enqueue"], 2), (["orders", "enqueue", "x", "--payload", "{"], 2),
                              (["orders", "enqueue", "x", "--payload", "[]"], 2), (["orders", "enqueue", "x", "--batch", "y"], 2),
                              (["orders", "enqueue", "--batch", "/nowhere"], 2), (["orders", "enqueue", "x", "--after", "zzzzzz"], 4),
                              (["orders", "complete"], 4), (["orders", "fail", "--message", "x"], 4), (["orders", "fail"], 2),
                              (["orders", "claim", "--role", "other"], 2), (["orders", "claim", "--limit", "0"], 2)):
            with self.subTest(words=words):
                self.refused(self.fleet("--as", "ann", *words), status)


class Reading(Fleet):
    def test_every_listing_has_json(self):
        mission = self.mission("Read me")
        sortie = self.sortie("Read", "--mission", mission)
        order = self.document("orders", "enqueue", "read")["work_order_id"]
        self.document("--as", "ann", "mail", "send", "bob", "-s", "x", "-b", "y")
        for words in (["board"], ["board", "--all"], ["missions", "list"], ["missions", "show", mission], ["sorties", "list"],
                      ["sorties", "show", sortie], ["ready"], ["ready", "--mine"], ["orders", "list"], ["orders", "show", order],
                      ["mail", "inbox"], ["mail", "thread"], ["mail", "search", "x"], ["halt", "list"], ["rules", "list"]):
            with self.subTest(words=words):
                self.assertIsInstance(self.ok(self.fleet("--as", "bob", *words, "--json")).json(), dict)
                answer = self.ok(self.fleet("--as", "bob", *words))
                self.assertNotIn("\x1b", answer.out + answer.err)

    def test_the_board_is_one_line_a_thing_without_a_terminal(self):
        mission = self.mission("On the board")
        self.sortie("First of all", "--mission", mission)
        lines = self.ok(self.fleet("board")).out.splitlines()
        self.assertIn(f"mission {end_of(mission)} in_progress 0% On the board: 0 of 1 done, 1 ready", lines)
        self.assertTrue(any(line.startswith("sortie ") and line.endswith("First of all: ready") for line in lines), lines)
        self.assertTrue(any(line.startswith("pilot ann") for line in lines), lines)


if __name__ == "__main__":
    stage.main()
