"""The command line as scripts use it: exit statuses, --json, quiet, completion, help."""
import json
import signal
import unittest

import stage


class WithoutAFleet(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.home = stage.new_home(cls)

    def test_help_and_version_need_nobody(self):
        self.assertIn("reserve", self.ok(self.home.fleet("--help")).out)
        self.assertRegex(self.ok(self.home.fleet("--version")).out, r"\d+\.\d+\.\d+")
        self.assertRegex(self.ok(self.home.run("fleetd", "--version")).out, r"\d+\.\d+\.\d+")

    def test_a_command_that_does_not_exist_is_a_usage_error(self):
        self.ends(self.home.fleet("nonsense"), 2)
        self.ends(self.home.fleet("reserve", "--no-such-flag"), 2)
        problem = self.ends(self.home.fleet("nonsense", "--json"), 2)
        self.assertEqual(json.loads(problem.out or problem.err).get("code", "usage"), "usage")

    def test_no_daemon_is_not_available(self):
        answer = self.refused(self.home.fleet("pilots", "list", "--project", "shop"), 6, "fleet services up")
        document = self.ends(self.home.fleet("pilots", "list", "--project", "shop", "--json"), 6)
        problem = json.loads(document.out or document.err)
        self.assertEqual(problem.get("error", problem)["code"], "daemon_away", str(answer))

    def test_doctor_says_what_is_missing(self):
        answer = self.ends(self.home.fleet("doctor"), 1)
        self.assertIn("fleet services up", answer.out)

    def test_completion_is_a_script_its_shell_can_read(self):
        script = self.ok(self.home.fleet("completion", "bash")).out
        self.assertIn("fleet", script)
        self.ok(self.home.run("bash", "-n", "-c", script))
        for shell in ("zsh", "fish"):
            self.assertIn("reserve", self.ok(self.home.fleet("completion", shell)).out)

    def test_the_daemon_prints_its_settings_with_where_they_come_from(self):
        answer = self.ok(self.home.run("fleetd", "--print-config", FLEET_LOG_LEVEL="debug"))
        line = next(line for line in answer.out.splitlines() if "log_level" in line)
        self.assertIn("debug", line)
        self.assertIn("FLEET_LOG_LEVEL", line)

    def test_a_setting_that_cannot_be_is_named(self):
        answer = self.home.run("fleetd", "--print-config", FLEET_LOG_LEVEL="loud")
        self.refused(answer, 2, "log_level")


class WithAFleet(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.home = stage.new_home(cls)
        answer = cls.home.fleet("services", "up", limit=120)
        assert answer.status == 0, str(answer)
        cls.top = cls.home.repository()

    def fleet(self, *words, **how):
        return self.home.fleet(*words, cwd=self.top, **how)

    def setUp(self):
        self.ok(self.fleet("init", "--project", "shop"))
        self.fleet("pilots", "register", "ann", "--program", "test", "--model", "none")

    def test_init_is_harmless_twice_and_writes_the_key(self):
        self.ok(self.fleet("init"))
        self.assertIn("shop", (self.top / ".fleet/config.toml").read_text())
        status = self.home.run("git", "status", "--porcelain", "--ignored", cwd=self.top).out
        self.assertIn("!! .fleet/local/", status)

    def test_every_listing_has_json(self):
        for words in (["status"], ["pilots", "list"], ["pilots", "show", "ann"], ["reservations"], ["events", "list"],
                      ["cursors", "list"], ["hosts"], ["db", "status"], ["doctor"], ["services", "status"],
                      ["reservations", "--waiting"], ["files", "who", "src/main.c"]):
            with self.subTest(words=words):
                self.assertIsInstance(self.ok(self.fleet(*words, "--json")).json(), dict)
                self.ok(self.fleet(*words))

    def test_exit_statuses(self):
        self.ends(self.fleet("pilots", "show", "nobody"), 4)
        self.ends(self.fleet("pilots", "register", "ann", "--program", "test", "--model", "none"), 5)
        self.ends(self.fleet("--as", "ann", "reserve", "a["), 2)
        self.ends(self.fleet("--as", "ann", "reserve", "../../etc"), 2)
        self.ends(self.fleet("--as", "ann", "release", "rsv_nothing"), 4)
        self.ends(self.fleet("events", "append", "mission_created", "--data", "{}"), 7)

    def test_an_error_in_json_has_code_field_and_hint(self):
        answer = self.ends(self.fleet("--as", "ann", "reserve", "a[", "--json"), 2)
        problem = json.loads(answer.out or answer.err)
        problem = problem.get("error", problem)
        self.assertEqual(problem["code"], "invalid_field", str(answer))

    def test_events_are_appended_listed_and_tailed(self):
        one = self.ok(self.fleet("events", "append", "x.note", "--data", '{"text": "hello"}', "--json")).json()
        seq = one["events"][0]["seq"] if "events" in one else one["seq"]
        listed = self.ok(self.fleet("events", "list", "--type", "x.note", "--json")).json()["items"]
        self.assertEqual(listed[-1]["seq"], seq)
        self.assertEqual(listed[-1]["data"], {"text": "hello"})
        tail = self.fleet("events", "tail", "--no-follow", "-n", "1", "--json")
        self.assertIn("x.note", self.ok(tail).out)
        batch = '{"type":"x.a","data":{}}\n{"type":"x.b","data":{}}\n'
        self.ok(self.fleet("events", "append", "--batch", "-", stdin=batch))
        types = [e["type"] for e in self.ok(self.fleet("events", "list", "--limit", "2", "--json")).json()["items"]]
        self.assertEqual(sorted(types), ["x.a", "x.b"])

    def test_an_unknown_type_and_an_unknown_field_are_refused_by_name(self):
        self.refused(self.fleet("events", "append", "no_such_type", "--data", "{}"), 2, "no_such_type")
        self.refused(self.fleet("events", "append", "usage_recorded", "--data", '{"pilot": "ann", "colour": "red"}'), 2)

    def test_a_cursor_moves_forward_only(self):
        self.ok(self.fleet("cursors", "ack", "ci", "2"))
        self.ok(self.fleet("cursors", "ack", "ci", "1"))
        shown = self.ok(self.fleet("cursors", "show", "ci", "--json")).json()
        self.assertEqual(shown["seq"], 2)

    def test_a_cursor_is_dropped_and_then_there_is_none(self):
        self.ok(self.fleet("cursors", "ack", "gone", "2"))
        self.assertIn("gone is forgotten", self.ok(self.fleet("cursors", "drop", "gone")).out)
        self.refused(self.fleet("cursors", "drop", "gone"), 4, "no cursor gone", "fleet cursors list")
        self.ends(self.fleet("cursors", "show", "gone"), 4)

    def test_a_filter_that_nothing_can_meet_is_refused(self):
        self.refused(self.fleet("sorties", "list", "--status", "done"), 2, '"done" is none of pending')
        self.refused(self.fleet("events", "list", "--type", "sortie_begun"), 2, "no event type")

    def test_replay_verifies_and_names_what_was_altered(self):
        self.assertEqual(self.ok(self.fleet("replay", "--verify", "--json")).json().get("differences", []), [])

    def test_schema_goes_down_and_up_again_on_dry_run(self):
        self.ok(self.fleet("db", "migrate"))
        self.ok(self.fleet("db", "rollback", "--to", "1", "--dry-run"))
        self.refused(self.fleet("db", "rollback", "--to", "0"), 2, "--yes")
        self.ok(self.fleet("replay", "--verify"))

    def test_doctor_is_content(self):
        self.ok(self.fleet("doctor"))

    def test_quiet_says_nothing(self):
        answer = self.ok(self.fleet("--as", "ann", "reserve", "quiet/**", "--quiet"))
        self.assertEqual(answer.out, "")

    def test_no_colours_without_a_terminal(self):
        self.assertNotIn("\x1b[", self.ok(self.fleet("status")).out)

    def test_works_from_a_folder_below_and_with_C(self):
        (self.top / "deep/er").mkdir(parents=True, exist_ok=True)
        answer = self.home.fleet("--as", "ann", "reserve", "file.c", "--json", cwd=self.top / "deep/er")
        self.assertEqual(self.ok(answer).json()["patterns"], ["deep/er/file.c"])
        self.ok(self.home.fleet("-C", self.top, "status"))

    def test_an_interrupted_wait_is_cancelled_and_leaves_the_line(self):
        self.fleet("pilots", "register", "bob", "--program", "test", "--model", "none")
        self.ok(self.fleet("--as", "ann", "reserve", "cancel/**"))
        waiting = self.home.start("fleet", "--as", "bob", "reserve", "cancel/a", "--wait", "60s", cwd=self.top)
        count = lambda: len(self.ok(self.fleet("reservations", "--waiting", "--json")).json()["items"])
        self.assertTrue(stage.eventually(lambda: count() == 1))
        waiting.send_signal(signal.SIGINT)
        self.assertEqual(waiting.wait(20), 3, waiting.communicate())
        self.assertTrue(stage.eventually(lambda: count() == 0))


if __name__ == "__main__":
    stage.main()
