#!/usr/bin/env python3
"""Each checker finds the fault that is planted for it, and nothing in a run that went well."""
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from lab import checkers  # noqa: E402
from lab.agents_paths import PATHS, PATTERNS, matches, meet  # noqa: E402
from lab.evidence import Evidence, read_evidence  # noqa: E402
from lab.history import Call, History, read_calls, read_lines  # noqa: E402

SECOND = 1_000_000


class Scene:
    """A small run that went well: what clients were told is what the log says."""

    def __init__(self):
        self.clock = 0
        self.log, self.calls, self.subscribers, self.versions = [], [], {}, {}
        self.differences, self.state = [], {}

    def tick(self, us=1000):
        self.clock += us
        return self.clock

    def event(self, type, stream_type, stream_id, actor, data):
        seq = len(self.log) + 1
        self.versions[stream_id] = self.versions.get(stream_id, 0) + 1
        self.log.append({"seq": seq, "event_id": f"evt_{seq}", "project": "alpha", "type": type, "actor": actor,
                         "stream_type": stream_type, "stream_id": stream_id, "data": data,
                         "stream_version": self.versions[stream_id]})
        return seq

    def call(self, who, op, request, answer, key=None, outcome="ok", code=None, seconds=0.001):
        begun = self.tick()
        ended = self.tick(int(seconds * SECOND))
        call = Call(f"c-{len(self.calls)}", f"h1.{who}", "h1", op,
                    {**request, "project": "alpha", "as": f"h1-{who}"}, key, begun, outcome, 200, code, answer, ended)
        self.calls.append(call)
        return call

    def append(self, who, key):
        seq = self.event("x.made", "x", "x:alpha", f"h1-{who}", {"call": key, "n": 0})
        return self.call(who, "events.append_batch", {}, {"events": [{"seq": seq, "event_id": f"evt_{seq}"}]}, key)

    def reserve(self, who, key, patterns, ttl=20, mode="exclusive"):
        id = f"rsv_{key}"
        seq = self.event("file_reserved", "reservation", id, f"h1-{who}",
                         {"holder": f"h1-{who}", "patterns": patterns, "mode": mode, "reason": key})
        self.call(who, "reservations.reserve", {"ttl_seconds": ttl},
                  {"outcome": "granted", "reservation_id": id, "token": seq, "patterns": patterns, "mode": mode}, key)
        return seq

    def release(self, who, key, token):
        fence = {"kind": "reservation", "id": f"rsv_{key}", "token": token}
        self.event("file_released", "reservation", f"rsv_{key}", f"h1-{who}", {"cause": "explicit"})
        self.call(who, "reservations.release", {"fence": fence}, {"released": [f"rsv_{key}"]}, f"{key}-release")

    def check(self, who, token, ok):
        self.call(who, "files.check", {"token": token}, {"ok": ok, "token": token})

    def create_sortie(self, key):
        seq = self.event("sortie_created", "sortie", f"srt_{key}", "h1-a", {"title": key})
        self.call("a", "sorties.create", {}, {"sortie_id": f"srt_{key}", "last_seq": seq}, key)

    def claim(self, who, sortie, key):
        id = f"srt_{sortie}"
        seq = self.event("sortie_assigned", "sortie", id, f"h1-{who}", {"pilot": f"h1-{who}"})
        self.call(who, "sorties.claim_next", {}, {"sortie_id": id, "token": seq, "last_seq": seq}, key)
        return seq

    def act(self, who, sortie, verb, token, key, event=True):
        id = f"srt_{sortie}"
        fence = {"kind": "sortie", "id": id, "token": token}
        types = {"complete": "sortie_completed", "return": "sortie_requeued"}
        if event:
            self.event(types[verb], "sortie", id, f"h1-{who}", {})
        self.call(who, f"sorties.{verb}", {"fence": fence}, {"sortie_id": id, "last_seq": len(self.log)}, key)

    def send(self, key, *to):
        seq = self.event("message_sent", "message", f"msg_{key}", "h1-a", {"to": list(to), "subject": key})
        self.call("a", "messages.send", {}, {"message_id": f"msg_{key}", "last_seq": seq}, key)
        self.state.setdefault("message_recipients", []).extend(
            {"project": "alpha", "recipient": name, "message_id": f"msg_{key}", "state": "unread"} for name in to)

    def read_mail(self, who, message):
        seq = self.event("message_read", "message", f"msg_{message}", f"h1-{who}", {"reader": f"h1-{who}"})
        self.call(who, "messages.read", {"target": f"/messages/msg_{message}/read"},
                  {"message_id": f"msg_{message}", "last_seq": seq}, f"{who}-read-{message}")
        for row in self.state["message_recipients"]:
            if (row["message_id"], row["recipient"]) == (f"msg_{message}", f"h1-{who}"):
                row["state"] = "read"

    def look(self, who, *messages, unread=None):
        self.call(who, "messages.inbox", {}, {"ids": [f"msg_{m}" for m in messages], "whole": True,
                                              "unread": len(messages) if unread is None else unread})

    def subscribe(self, name, cursor=None, after=0, filter=None):
        opened = {"after": None if cursor else f"i.{after}", "filter": filter or {}}
        if cursor:
            opened["cursor"] = cursor
        self.subscribers.setdefault(name, []).append({"client": name, "opened": opened, "at": self.tick()})

    def saw(self, name, *seqs):
        for seq in seqs:
            self.subscribers[name].append({"client": name, "at": self.tick(), "saw": {
                "seq": seq, "event_id": f"evt_{seq}", "incarnation": "i"}})

    def kinds(self):
        evidence = Evidence(self.calls, self.subscribers, self.log, self.differences, self.state)
        return set(checkers.check_evidence(evidence).kinds)


def good_scene():
    scene = Scene()
    scene.append("a", "one")
    first = scene.reserve("a", "r1", ["src/**"])
    scene.check("a", first, True)
    scene.release("a", "r1", first)
    scene.check("a", first, False)
    scene.reserve("b", "r2", ["src/a/one.cpp"])
    scene.create_sortie("s1")
    token = scene.claim("a", "s1", "claim-1")
    scene.act("a", "s1", "return", token, "return-1")
    token = scene.claim("b", "s1", "claim-2")
    scene.act("b", "s1", "complete", token, "complete-1")
    scene.send("m1", "h1-b", "h1-c")
    scene.look("b", "m1")
    scene.read_mail("b", "m1")
    scene.look("b")
    scene.look("c", "m1")
    return scene


class Planted(unittest.TestCase):
    def setUp(self):
        self.scene = good_scene()

    def finds(self, *kinds):
        self.assertEqual(self.scene.kinds(), set(kinds))

    def last(self):
        return len(self.scene.log)

    def call_of(self, key):
        return next(call for call in self.scene.calls if call.key == key)

    # The log

    def test_a_run_that_went_well_is_clean(self):
        self.finds()

    def test_a_hole_in_the_log(self):
        del self.scene.log[0]
        self.scene.calls.remove(self.call_of("one"))
        self.finds("log_hole")

    def test_an_event_that_stands_twice(self):
        again = {**self.scene.log[0], "seq": self.last() + 1, "stream_version": 2, "data": {}}
        self.scene.log.append(again)
        self.finds("log_double")

    def test_a_stream_without_one_of_its_versions(self):
        self.scene.append("a", "two")
        self.scene.log[-1]["stream_version"] = 3
        self.finds("stream_hole")

    def test_an_acknowledged_event_that_is_not_there(self):
        call = self.scene.append("a", "two")
        self.scene.log.pop()
        self.finds("lost")
        self.assertEqual(call.outcome, "ok")

    def test_an_acknowledged_event_that_stands_elsewhere(self):
        self.scene.append("a", "two").answer["events"][0]["event_id"] = "evt_other"
        self.finds("moved")

    def test_a_claim_that_somebody_else_has_in_the_log(self):
        self.scene.log[self.call_of("claim-2").answer["token"] - 1]["actor"] = "h1-c"
        self.finds("moved")

    def test_a_repeated_call_that_was_carried_out_twice(self):
        call = self.scene.append("a", "two")
        call.outcome = "unknown"
        self.scene.append("a", "two")
        self.finds("done_twice")

    def test_a_repeated_call_that_got_two_answers(self):
        self.scene.append("a", "two")
        self.scene.append("a", "three")
        self.scene.call("a", "events.append_batch", {}, self.call_of("three").answer, "two")
        self.finds("answers_differ")

    def test_a_refused_call_that_was_carried_out(self):
        self.scene.append("a", "two").outcome = "refused"
        self.finds("refused_but_done")

    def test_a_call_without_an_answer_may_be_carried_out_or_not(self):
        self.scene.append("a", "two").outcome = "unknown"
        self.scene.call("a", "events.append_batch", {}, None, "three", outcome="unknown")
        self.finds()

    def test_a_projection_that_differs(self):
        self.scene.differences.append({"table_name": "pilots", "key": "a", "column_name": "state"})
        self.finds("projection")

    # Subscribers

    def test_a_subscriber_that_saw_all(self):
        self.scene.subscribe("s")
        self.scene.saw("s", *range(1, self.last() + 1))
        self.finds()

    def test_an_event_that_a_subscriber_never_saw(self):
        self.scene.subscribe("s")
        self.scene.saw("s", *(seq for seq in range(1, self.last() + 1) if seq != 3))
        self.finds("never_seen")

    def test_the_end_that_a_subscriber_never_saw(self):
        self.scene.subscribe("s")
        self.scene.saw("s", *range(1, self.last()))
        self.finds("never_seen")

    def test_events_out_of_order_at_a_subscriber(self):
        self.scene.subscribe("s")
        self.scene.saw("s", 1, 3, 2, *range(4, self.last() + 1))
        self.finds("seen_late", "never_seen")

    def test_an_event_seen_twice_across_a_reconnection(self):
        self.scene.subscribe("s")
        self.scene.saw("s", 1, 2, 3)
        self.scene.subscribe("s", after=3)
        self.scene.saw("s", *range(3, self.last() + 1))
        self.finds("seen_late")

    def test_a_durable_cursor_may_repeat_what_was_not_acknowledged(self):
        self.scene.subscribe("s", cursor="c")
        self.scene.saw("s", 1, 2, 3)
        self.scene.subscribe("s", cursor="c")
        self.scene.saw("s", *range(1, self.last() + 1))
        self.finds()

    def test_a_durable_cursor_that_goes_back_behind_what_was_acknowledged(self):
        self.scene.subscribe("s", cursor="c")
        self.scene.saw("s", 1, 2, 3)
        self.scene.call("s", "cursors.advance", {}, {"at": 3}).client = "s"
        self.scene.subscribe("s", cursor="c")
        self.scene.saw("s", *range(2, self.last() + 1))
        self.finds("seen_late")

    def test_an_event_that_the_log_does_not_have(self):
        self.scene.subscribe("s")
        self.scene.saw("s", *range(1, self.last() + 1))
        self.scene.subscribers["s"][1]["saw"]["event_id"] = "evt_other"
        self.finds("seen_other")

    def test_an_event_that_the_filter_keeps_out(self):
        self.scene.subscribe("s", filter={"type": "x.made"})
        self.scene.saw("s", 1, 2)
        self.finds("seen_stranger")

    def test_a_rewound_log_takes_back_what_was_seen_behind_it(self):
        self.scene.subscribe("s")
        self.scene.saw("s", *range(1, self.last() + 1))
        self.scene.subscribers["s"][-1]["saw"]["event_id"] = "evt_gone"
        self.scene.subscribers["s"].append({"rewound": {"to": f"i.{self.last() - 1}"}, "at": self.scene.tick()})
        self.scene.subscribe("s", after=self.last() - 1)
        self.scene.saw("s", self.last())
        self.finds()

    def test_a_subscriber_that_is_sent_back_in_vain(self):
        self.scene.subscribe("s")
        self.scene.saw("s", *range(1, self.last() + 1))
        self.scene.subscribers["s"].append({"rewound": {"to": f"i.{self.last() - 1}"}, "at": self.scene.tick()})
        self.scene.subscribe("s", after=self.last() - 1)
        self.scene.saw("s", self.last())
        self.finds("rewound_in_vain")

    # Files

    def test_a_file_that_two_have_in_the_log(self):
        self.scene.reserve("a", "r3", ["**/one.cpp"])
        self.finds("held_in_log", "held_twice")

    def test_shared_reservations_may_overlap(self):
        self.scene.reserve("a", "r3", ["docs/**"], mode="shared")
        self.scene.reserve("b", "r4", ["docs/x.md"], mode="shared")
        self.finds()

    def test_a_file_that_two_surely_have_although_the_log_ends_one(self):
        token = self.scene.reserve("a", "r3", ["docs/**"])
        self.scene.event("file_released", "reservation", "rsv_r3", "system", {"cause": "expired"})
        self.scene.reserve("b", "r4", ["docs/x.md"])
        self.finds("held_twice")
        self.assertGreater(token, 0)

    def test_a_lapsed_reservation_may_be_taken_over(self):
        self.scene.reserve("a", "r3", ["docs/**"], ttl=1)
        self.scene.tick(2 * SECOND)
        self.scene.event("file_released", "reservation", "rsv_r3", "system", {"cause": "expired"})
        self.scene.reserve("b", "r4", ["docs/x.md"])
        self.finds()

    def test_a_token_that_is_accepted_after_another_got_the_file(self):
        token = self.scene.reserve("a", "r3", ["docs/**"], ttl=1)
        self.scene.tick(2 * SECOND)
        self.scene.event("file_released", "reservation", "rsv_r3", "system", {"cause": "expired"})
        self.scene.reserve("b", "r4", ["docs/x.md"])
        self.scene.check("a", token, True)
        self.finds("accepted_after_grant")

    def test_a_token_that_is_accepted_after_its_release(self):
        token = self.scene.reserve("a", "r3", ["docs/**"])
        self.scene.release("a", "r3", token)
        self.scene.check("a", token, True)
        self.finds("accepted_after_release")

    def test_a_reservation_that_is_extended_after_its_end(self):
        token = self.scene.reserve("a", "r3", ["docs/**"])
        self.scene.release("a", "r3", token)
        self.scene.event("file_reservation_extended", "reservation", "rsv_r3", "h1-a", {})
        self.finds("stale_in_log")

    # Work

    def test_a_sortie_that_is_given_away_while_somebody_has_it(self):
        self.scene.create_sortie("s2")
        self.scene.claim("a", "s2", "claim-3")
        self.scene.claim("b", "s2", "claim-4")
        self.finds("given_twice")

    def test_a_sortie_that_is_completed_twice(self):
        self.scene.act("b", "s1", "complete", self.call_of("claim-2").answer["token"], "complete-2")
        self.finds("completed_twice", "accepted_with_old_token", "told_twice")

    def test_a_completion_with_the_token_of_an_earlier_claim(self):
        old = self.call_of("claim-1").answer["token"]
        self.scene.create_sortie("s2")
        self.scene.claim("b", "s2", "claim-3")
        self.scene.act("a", "s2", "complete", old, "complete-2")
        self.finds("accepted_with_old_token")

    def test_a_claim_that_two_are_told_of(self):
        self.scene.call("a", "sorties.claim_next", {}, self.call_of("claim-1").answer, "claim-9")
        self.finds("taken_twice")

    def test_a_claim_that_nobody_was_told_of(self):
        self.scene.create_sortie("s2")
        self.scene.event("sortie_assigned", "sortie", "srt_s2", "h1-a", {"pilot": "h1-a"})
        self.finds("done_twice")
        self.scene.call("a", "sorties.claim_next", {}, None, "claim-9", outcome="unknown")
        self.finds()

    def test_a_failure_that_is_tried_again_held_until_then(self):
        self.scene.create_sortie("s2")
        token = self.scene.claim("a", "s2", "claim-3")
        self.scene.event("sortie_failed", "sortie", "srt_s2", "h1-a", {})
        self.scene.event("sortie_requeued", "sortie", "srt_s2", "h1-a", {"cause": "retry"})
        self.scene.act("a", "s2", "complete", token, "fail-1", event=False)
        self.finds()

    # Mail

    def test_mail_that_is_not_shown(self):
        self.scene.send("m2", "h1-b")
        self.scene.look("b")
        self.finds("mail_not_shown", "unread_count")

    def test_mail_that_is_shown_after_it_was_read(self):
        self.scene.look("b", "m1", unread=0)
        self.finds("mail_shown_again")

    def test_a_wrong_count_of_unread_mail(self):
        self.scene.look("c", "m1", unread=2)
        self.finds("unread_count")

    def test_a_table_that_counts_read_mail_as_unread(self):
        self.scene.state["message_recipients"][0]["state"] = "unread"
        self.finds("unread_wrong")

    def test_a_table_that_has_lost_a_mailbox(self):
        self.scene.state["message_recipients"].pop()
        self.finds("unread_wrong")

    def test_mail_that_is_on_its_way_may_be_shown_or_not(self):
        self.scene.send("m2", "h1-b")
        self.call_of("m2").outcome = "unknown"
        self.scene.look("b")
        self.scene.look("b", "m2")
        self.finds()


class Histories(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.path = self.folder / "h1.ndjson"

    def test_a_call_without_its_second_line_is_unknown(self):
        history = History(self.path, "h1")
        done = history.invoke("h1.a", "events.append", {}, "k1")
        history.complete(done, "ok", status=201, code=None, answer={"seq": 1})
        history.invoke("h1.a", "events.append", {}, "k2")
        history.close()
        self.assertEqual([call.outcome for call in read_calls(read_lines(self.path))], ["ok", "unknown"])

    def test_a_torn_last_line_does_not_spoil_the_next(self):
        first = History(self.path, "h1")
        with open(self.path, "a", encoding="utf-8") as out:
            out.write('{"id":"h1.1-1","invo')
        again = History(self.path, "h1")
        again.invoke("h1.a", "events.append", {}, None)
        first.close()
        again.close()
        self.assertEqual((first.generation, again.generation), (1, 2))
        self.assertEqual([call.id for call in read_calls(read_lines(self.path))], ["h1.2-1"])

    def test_a_folder_is_read_as_it_was_written(self):
        for part in ("history", "final"):
            (self.folder / part).mkdir()
        history = History(self.folder / "history/h1.ndjson", "h1")
        call = history.invoke("h1.a", "events.append_batch", {}, "k1")
        history.complete(call, "ok", status=201, code=None, answer={"events": [{"seq": 1, "event_id": "evt_1"}]})
        history.close()
        (self.folder / "final/log.ndjson").write_text("")
        self.assertEqual(set(checkers.check(self.folder).kinds), {"lost"})
        row = {"table": "sorties", "row": {"sortie_id": "srt_1"}}
        (self.folder / "final/state.ndjson").write_text(json.dumps(row) + "\n")
        self.assertEqual(read_evidence(self.folder).state["sorties"], [{"sortie_id": "srt_1"}])


class Patterns(unittest.TestCase):
    def test_globs_by_trying(self):
        for pattern, path, holds in (("src/**", "src/a/x", True), ("src/*.cpp", "src/a/x.cpp", False),
                                     ("**/one.cpp", "one.cpp", True), ("docs/a/?.md", "docs/a/xy.md", False),
                                     ("tests/**/x.py", "tests/x.py", True), ("a.c", "axc", False)):
            self.assertEqual(matches(pattern, path), holds, (pattern, path))

    def test_each_pattern_has_a_path_and_pairs_that_meet_and_do_not(self):
        for pattern in PATTERNS:
            self.assertTrue(any(matches(pattern, path) for path in PATHS), pattern)
        pairs = [meet([a], [b]) for a in PATTERNS for b in PATTERNS if a < b]
        self.assertGreater(sum(pairs), 20)
        self.assertGreater(len(pairs) - sum(pairs), 20)


if __name__ == "__main__":
    unittest.main()
