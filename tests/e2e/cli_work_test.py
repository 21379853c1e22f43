"""A mission from the command line: planned, claimed, blocked, reviewed, halted, finished by two pilots who write to each other."""
import json
import unittest

import stage


def end_of(id):
    """What people type."""
    return id[-6:]


class Fleet(stage.Case):
    """One fleet, one project, two pilots."""

    @classmethod
    def setUpClass(cls):
        cls.home = stage.new_home(cls)
        answer = cls.home.fleet("services", "up", limit=120)
        assert answer.status == 0, str(answer)
        cls.top = cls.home.repository()
        for words in (["init", "--project", "shop"],
                      ["pilots", "register", "ann", "--program", "test", "--model", "none", "--role", "coder"],
                      ["pilots", "register", "bob", "--program", "test", "--model", "none", "--role", "coder"]):
            answer = cls.home.fleet(*words, cwd=cls.top)
            assert answer.status == 0, str(answer)

    def fleet(self, *words, **how):
        return self.home.fleet(*words, cwd=self.top, **how)

    def ann(self, *words, **how):
        return self.ok(self.fleet("--as", "ann", *words, **how))

    def bob(self, *words, **how):
        return self.ok(self.fleet("--as", "bob", *words, **how))

    def document(self, *words, status=0, **how):
        return self.ends(self.fleet(*words, "--json", **how), status).json()

    def mission(self, title, *flags):
        return self.document("--as", "ann", "missions", "create", title, "--start", *flags)["mission_id"]

    def sortie(self, title, *flags):
        return self.document("--as", "ann", "sorties", "create", title, *flags)["sortie_id"]

    def status_of(self, id):
        return self.document("sorties", "show", id)["status"]

    def kept(self, callsign):
        return json.loads((self.top / ".fleet/local" / f"{callsign}.json").read_text())


class AMission(Fleet):
    def test_two_pilots_finish_a_mission(self):
        planned = self.document("--as", "ann", "missions", "create", "New parser", "--priority", "high", "--deadline", "2h")
        mission = planned["mission_id"]
        lexer = self.sortie("Write the lexer", "--mission", "New parser", "--name", "lexer", "--file", "src/lexer.c")
        grammar = self.sortie("Write the grammar", "--mission", end_of(mission), "--name", "grammar", "--after", "lexer",
                              "--file", "src/grammar.c")
        tests = self.sortie("Test it", "--mission", mission, "--name", "tests", "--after", f"{end_of(grammar)}:settled",
                            "--after", "lexer", "--condition", "grammar.rules > 3")
        self.assertIn("nothing is ready", self.ok(self.fleet("ready", "--mission", mission)).err)
        self.ann("missions", "start", mission)
        ready = self.ok(self.fleet("ready")).out
        self.assertLess(ready.index("Write the lexer"), ready.index("not ready:"))
        self.assertIn("lexer", ready[ready.index("not ready:"):])
        self.assertEqual([one["sortie_id"] for one in self.document("ready")["items"]], [lexer])

        # Ann claims with the files, works, is blocked, writes to Bob, who answers.
        claimed = self.document("--as", "ann", "sorties", "claim", "--mission", mission, "--reserve", "--start")
        self.assertEqual((claimed["sortie_id"], claimed["status"]), (lexer, "in_progress"))
        self.assertEqual(claimed["reservation"]["patterns"], ["src/lexer.c"])
        self.assertEqual(self.kept("ann")["sorties"][lexer]["token"], claimed["token"])
        self.ann("sorties", "progress", "40", "--message", "tokens are there", "--file", "src/lexer.c")
        self.ann("sorties", "block", "--reason", "which encoding?", "--type", "clarification", "--on", "bob")
        self.assertIn("which encoding?", self.ok(self.fleet("board")).out)
        sent = self.document("--as", "ann", "mail", "send", "bob", "-s", "Which encoding?", "-b", "UTF-8 or\nLatin-1?", "--ack",
                             "--sortie", "lexer")
        box = self.document("--as", "bob", "mail", "inbox", "--wait", "30s")
        self.assertEqual([one["message_id"] for one in box["items"]], [sent["message_id"]])
        shown = self.bob("mail", "read", end_of(sent["message_id"]))
        self.assertLess(shown.out.index("ann (pilot"), shown.out.index("│ UTF-8 or"))
        self.assertIn("│ Latin-1?", shown.out)
        self.bob("mail", "ack", end_of(sent["message_id"]), "--response", "UTF-8")
        self.assertIn("acknowledged", self.ann("mail", "inbox").err)
        self.ann("sorties", "unblock", "--resolution", "UTF-8")
        done = self.document("--as", "ann", "sorties", "complete", "--summary", "all tokens", "--file", "src/lexer.c",
                             "--evidence", "make test=0")
        self.assertEqual(done["status"], "completed")
        self.assertEqual(self.kept("ann")["sorties"], {})
        self.assertEqual(self.document("reservations")["items"], [], "the files are free")

        # Bob waits for it, hands it in, is sent back once, and done.
        self.bob("sorties", "claim", "grammar", "--wait", "10s", "--start")
        self.bob("sorties", "request-review", "--reviewer", "ann", "--summary", "three rules", "--result", '{"rules": 3}')
        self.refused(self.fleet("--as", "bob", "sorties", "review", "approved", grammar), 7)
        self.ann("sorties", "review", "needs-changes", "--feedback", "a rule is missing", "--issue", "no loops")
        self.assertEqual(self.status_of(grammar), "in_progress")
        self.assertIn("no loops", self.ok(self.fleet("sorties", "show", "grammar")).out)
        self.bob("sorties", "request-review", "--result", "-", stdin='{"rules": 4}')
        self.ann("sorties", "review", end_of(grammar), "approved")
        self.assertEqual(self.status_of(grammar), "completed")

        # The condition holds now; the last sortie ends the mission.
        self.ann("sorties", "claim", "--start")
        self.ann("sorties", "progress", "tests", "90%")
        answer = self.ann("sorties", "complete", "--summary", "-", stdin="green\n")
        self.assertIn("completed now", answer.err)
        self.assertEqual(self.document("missions", "show", mission)["status"], "completed")
        self.assertNotIn("New parser", self.ok(self.fleet("missions", "list")).out)
        self.assertIn("New parser", self.ok(self.fleet("missions", "list", "--all")).out)
        log = self.ok(self.fleet("events", "list", "--limit", "1000")).out
        for words in ("planned sortie Write the lexer of New parser", "is blocked at Write the lexer: which encoding?",
                      "wrote to bob: Which encoding?", "wants changes of Write the grammar", "mission New parser is completed"):
            self.assertIn(words, log)
        self.ok(self.fleet("replay", "--verify"))

    def test_a_condition_that_does_not_hold_skips(self):
        mission = self.mission("Either or", "--on-failure", "continue")
        self.sortie("Look", "--mission", mission, "--name", "look")
        fix = self.sortie("Fix", "--mission", mission, "--name", "fix", "--after", "look", "--condition", "look.broken == true")
        ship = self.sortie("Ship", "--mission", mission, "--after", "fix:settled", "--after", "look", "--join", "any")
        self.ann("sorties", "claim", "look", "--start")
        answer = self.ann("sorties", "complete", "--result", '{"broken": false}')
        self.assertIn("skipped", answer.err)
        self.assertEqual((self.status_of(fix), self.document("sorties", "show", ship)["ready"]), ("skipped", True))
        self.ann("missions", "cancel", mission)

    def test_a_failure_is_tried_again_while_attempts_last(self):
        mission = self.mission("Tries", "--on-failure", "continue", "--by-hand")
        once = self.sortie("Twice", "--mission", mission, "--attempts", "2")
        self.ann("sorties", "claim", end_of(once), "--start")
        self.assertIn("to be had again", self.ann("sorties", "fail", "--message", "red", "--kind", "test").out)
        self.ann("sorties", "claim", once, "--start")
        self.ann("sorties", "fail", "--message", "red again", "--command", "make test", "--detail", '{"failed": 2}')
        self.assertEqual(self.status_of(once), "failed")
        self.assertIn("red again", self.ok(self.fleet("sorties", "show", once)).out)
        self.ok(self.fleet("sorties", "retry", once))
        self.assertEqual(self.status_of(once), "pending")
        self.ann("sorties", "claim", once)
        self.ann("sorties", "return")
        self.ann("sorties", "update", once, "--title", "Thrice", "--priority", "critical", "--file", "src/")
        self.assertEqual(self.document("sorties", "show", "Thrice")["files"], ["src/**"])
        self.ann("sorties", "cancel", once, "--reason", "enough")
        self.ann("missions", "update", mission, "--title", "Tried", "--deadline", "1h")
        self.ann("missions", "complete", "Tried", "--summary", "well")
        self.assertEqual(self.document("missions", "show", mission)["status"], "completed")

    def test_what_would_be_cancelled_can_be_seen_before(self):
        mission = self.mission("Away", "--review")
        sortie = self.sortie("One", "--mission", mission)
        self.assertIn("would cancel 1", self.ann("missions", "cancel", mission, "--dry-run").out)
        self.assertEqual(self.status_of(sortie), "pending")
        self.ann("missions", "fail", mission, "--reason", "no money")
        self.assertEqual(self.status_of(sortie), "cancelled")
        self.assertIn("no money", self.ok(self.fleet("missions", "show", mission)).out)

    def test_a_mission_may_want_a_verdict(self):
        mission = self.mission("Looked at", "--review")
        self.sortie("One", "--mission", mission)
        self.ann("sorties", "claim", "--mission", mission, "--start")
        self.ann("sorties", "complete")
        self.assertEqual(self.document("missions", "show", mission)["status"], "review")
        self.bob("missions", "review", mission, "approved", "--feedback", "good")
        self.assertEqual(self.document("missions", "show", mission)["status"], "completed")

    def test_nothing_is_claimed_while_it_is_halted(self):
        mission = self.mission("Frozen")
        self.sortie("Cold", "--mission", mission, "--name", "cold")
        self.ok(self.fleet("halt", "--mission", mission, "--reason", "freeze"))
        self.assertIn("freeze", self.ok(self.fleet("halt", "list")).out)
        self.assertIn("freeze", self.ok(self.fleet("board")).out)
        self.refused(self.fleet("--as", "ann", "sorties", "claim", "cold"), 5, "freeze")
        self.ok(self.fleet("halt", "--mission", "Frozen", "--lift"))
        self.ok(self.fleet("halt", "--reason", "all hands"))
        self.refused(self.fleet("--as", "ann", "reserve", "src/x.c"), 5, "all hands")
        self.ok(self.fleet("halt", "--lift", "--reason", "over"))
        self.ok(self.fleet("halt", "--pilot", "ann", "--reason", "calm down"))
        self.refused(self.fleet("--as", "ann", "sorties", "claim", "cold"), 5, "calm down")
        self.bob("sorties", "claim", "cold")
        self.ok(self.fleet("halt", "--pilot", "ann", "--lift"))
        self.ok(self.fleet("halt", "--fleet", "--reason", "fire"))
        self.ok(self.fleet("halt", "--fleet", "--lift"))
        self.assertEqual(self.document("halt", "list")["items"], [])
        self.assertGreater(len(self.document("halt", "list", "--lifted")["items"]), 3)
        self.bob("sorties", "cancel")
        self.refused(self.fleet("halt"), 2, "reason")
        self.refused(self.fleet("halt", "--fleet", "--pilot", "ann", "--reason", "x"), 2, "one of")
        self.refused(self.fleet("halt", "--lift"), 5)


class Mistakes(Fleet):
    """Every error that a person can meet at sorties and missions, once: status, and words that help."""

    def test_names_that_mean_nothing(self):
        for words in (["missions", "show", "nothing"], ["missions", "start", "nothing"], ["sorties", "show", "zzzzzz"],
                      ["sorties", "create", "X", "--mission", "nothing"], ["sorties", "retry", "zzzzzz"],
                      ["orders", "show", "zzzzzz"], ["orders", "cancel", "zzzzzz"], ["mail", "read", "zzzzzz"],
                      ["mail", "thread", "zzzzzz"], ["board", "--mission", "nothing"], ["rules", "remove", "nothing"],
                      ["sorties", "claim", "zzzzzz"]):
            with self.subTest(words=words):
                self.refused(self.fleet("--as", "ann", *words), 4)

    def test_values_that_are_none(self):
        mission = self.mission("Values")
        for words in (["missions", "create", ""], ["missions", "create", "X", "--priority", "huge"],
                      ["missions", "create", "X", "--deadline", "tomorrow"], ["missions", "update", mission],
                      ["sorties", "create", "X", "--mission", mission, "--complexity", "9"],
                      ["sorties", "create", "X", "--mission", mission, "--file", "/etc/passwd"],
                      ["sorties", "create", "X", "--mission", mission, "--name", "no spaces"],
                      ["sorties", "create", "X", "--mission", mission, "--condition", "a >"],
                      ["sorties", "create", "X", "--mission", mission, "--condition", "other.score > 1"],
                      ["sorties", "create", "X", "--mission", mission, "--after", ":settled"],
                      ["sorties", "create", "X", "--mission", mission, "--timeout", "soon"],
                      ["sorties", "progress"], ["sorties", "progress", "140"], ["sorties", "review", "maybe"],
                      ["sorties", "claim", "--wait", "soon"], ["sorties", "complete", "--evidence", "make"]):
            with self.subTest(words=words):
                self.ok(self.fleet("--as", "ann", "pilots", "beat"))
                answer = self.fleet("--as", "ann", *words)
                self.assertIn(answer.status, (2, 4) if words[-1] == "make" else (2,), f"\n{answer}")
                self.assertTrue(answer.err.strip(), str(answer))
        self.ok(self.fleet("missions", "cancel", mission))

    def test_what_is_not_yours_and_what_is_not_possible(self):
        mission = self.mission("Order")
        first = self.sortie("First", "--mission", mission, "--name", "first")
        second = self.sortie("Second", "--mission", mission, "--name", "second", "--after", "first")
        self.refused(self.fleet("--as", "ann", "sorties", "claim", "second"), 5, "first")
        self.ok(self.fleet("pilots", "register", "new", "--program", "test", "--model", "none"))
        self.refused(self.fleet("--as", "new", "sorties", "start"), 4, "sorties claim")
        self.refused(self.fleet("--as", "bob", "sorties", "complete", "first"), 4)
        self.ann("sorties", "claim", "first")
        self.refused(self.fleet("--as", "bob", "sorties", "claim", "first"), 5, "ann")
        self.refused(self.fleet("--as", "bob", "sorties", "start", "first", "--token", "1"), 5)
        self.refused(self.fleet("--as", "ann", "sorties", "progress", "10"), 5, "assigned")
        self.refused(self.fleet("--as", "bob", "sorties", "claim"), 5)
        self.refused(self.fleet("--as", "bob", "sorties", "claim", "--wait", "1s"), 5)
        self.refused(self.fleet("--as", "nobody", "sorties", "claim"), 4, "pilots register")
        cycle = self.fleet("--as", "ann", "sorties", "update", first, "--after", second)
        self.assertNotEqual(cycle.status, 0, str(cycle))
        self.refused(self.fleet("missions", "start", mission), 5)
        self.refused(self.fleet("missions", "complete", mission), 5)
        # Called off by somebody else: the token is worth nothing, and is forgotten.
        self.ok(self.fleet("sorties", "cancel", first))
        self.refused(self.fleet("--as", "ann", "sorties", "start"), 5)
        self.assertEqual(self.kept("ann")["sorties"], {})

    def test_several_of_ones_own_have_to_be_named(self):
        mission = self.mission("Two at once")
        for name in ("left", "right"):
            self.sortie(name, "--mission", mission, "--name", name)
            self.ann("sorties", "claim", name)
        self.refused(self.fleet("--as", "ann", "sorties", "start"), 2, "left", "right")
        self.ann("sorties", "start", "left")
        # One that another ended no longer stands in the way.
        self.ok(self.fleet("sorties", "cancel", "right"))
        self.ann("sorties", "progress", "50")
        self.ok(self.fleet("missions", "cancel", mission))

    def test_files_that_another_holds_leave_the_sortie_with_its_pilot(self):
        mission = self.mission("Held")
        self.sortie("Held", "--mission", mission, "--name", "held", "--file", "held/**")
        self.bob("reserve", "held/a.c")
        self.refused(self.fleet("--as", "ann", "sorties", "claim", "held", "--reserve"), 5, "bob", "sorties return")
        self.assertEqual(self.status_of("held"), "assigned")
        self.bob("release", "--all")
        self.ok(self.fleet("missions", "cancel", mission))

    def test_files_reserved_for_a_sortie_are_free_when_it_ends(self):
        mission = self.mission("Kept")
        sortie = self.sortie("Kept", "--mission", mission, "--name", "kept")
        self.ann("reserve", "kept/**", "--sortie", end_of(sortie))
        self.assertEqual(len(self.document("reservations")["items"]), 1)
        self.ok(self.fleet("sorties", "cancel", end_of(sortie)))
        self.assertEqual(self.document("reservations")["items"], [])
        self.refused(self.fleet("--as", "ann", "reserve", "kept/**", "--sortie", end_of(sortie)), 5, "is cancelled", "open")

    def test_files_that_were_not_reserved_are_told(self):
        mission = self.mission("Scope")
        self.sortie("Scope", "--mission", mission, "--name", "scope")
        self.ann("sorties", "claim", "scope", "--start")
        self.assertIn("without having reserved", self.ann("sorties", "progress", "10", "--file", "src/main.c").err)
        self.ok(self.fleet("missions", "cancel", mission))

    def test_a_project_that_nobody_knows_is_said_by_every_reading(self):
        for words in (["reservations"], ["pilots", "list"], ["missions", "list"], ["sorties", "list"], ["ready"],
                      ["orders", "list"], ["events", "list"], ["mail", "thread"]):
            with self.subTest(words=words):
                self.refused(self.fleet(*words, "--project", "nowhere"), 4, "no project nowhere")

    def test_the_holder_of_a_reservation_is_named(self):
        held = self.document("--as", "bob", "reserve", "mine/**")
        self.refused(self.fleet("--as", "ann", "release", end_of(held["reservation_id"])), 7, "bob", "mine/**")
        self.bob("release", "--all")

    def test_a_cursor_has_a_name_without_spaces(self):
        self.refused(self.fleet("cursors", "ack", "my cursor", "1"), 2, "my cursor")


if __name__ == "__main__":
    stage.main()
