"""Two agents, one repository: what each is told, and what a third process sees."""
import json
import threading
import unittest

import stage


class Watcher:
    """`fleet watch --json` with what it has shown so far."""

    def __init__(self, home, top, *words):
        position = json.loads(home.fleet("events", "list", "--all-projects", "--limit", "1", "--json", cwd=top).out)
        self.process = home.start("fleet", "watch", "--json", "--after", position["items"][-1]["position"], *words, cwd=top)
        self.events = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def types(self):
        return [event["type"] for event in self.events]

    def saw(self, *types, limit=20):
        return stage.eventually(lambda: all(kind in self.types() for kind in types), limit)


class TwoAgents(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.home = stage.new_home(cls)
        answer = cls.home.fleet("services", "up", limit=120)
        assert answer.status == 0, str(answer)
        cls.top = cls.home.repository()
        answer = cls.home.fleet("init", "--project", "shop", cwd=cls.top)
        assert answer.status == 0, str(answer)

    def fleet(self, *words, **how):
        return self.home.fleet(*words, cwd=self.top, **how)

    def pilot(self, callsign):
        self.ok(self.fleet("pilots", "register", callsign, "--program", "test", "--model", "none"))

    def test_one_is_refused_waits_and_gets_the_files_on_release(self):
        self.pilot("ann")
        self.pilot("bob")
        watcher = Watcher(self.home, self.top)
        held = self.ok(self.fleet("--as", "ann", "reserve", "src/**", "--ttl", "10m", "--json")).json()

        refused = self.refused(self.fleet("--as", "bob", "reserve", "src/main.c"), 5, "ann", "src/**")
        self.assertRegex(refused.err + refused.out, r"\d+m|\d+s|10 min", str(refused))
        problem = self.ends(self.fleet("--as", "bob", "reserve", "src/main.c", "--json"), 5).json()
        problem = problem.get("error", problem)
        self.assertEqual(problem["code"], "reservation_held")

        waiting = self.home.start("fleet", "--as", "bob", "reserve", "src/main.c", "--wait", "60s", "--json", cwd=self.top)
        self.assertTrue(watcher.saw("file_wait_started"), watcher.types())
        self.assertIn("bob", self.ok(self.fleet("reservations", "--waiting")).out)
        self.assertIsNone(waiting.poll())
        self.ok(self.fleet("--as", "ann", "release", "src/**"))
        out, err = waiting.communicate(timeout=20)
        self.assertEqual(waiting.returncode, 0, out + err)
        granted = json.loads(out.splitlines()[-1])
        self.assertGreater(granted["token"], held["token"])

        self.assertTrue(watcher.saw("file_reserved", "file_conflict", "file_wait_started", "file_released",
                                    "file_wait_ended"), watcher.types())
        seqs = [event["seq"] for event in watcher.events]
        self.assertEqual(seqs, sorted(set(seqs)))
        in_sql = self.fleet("services", "psql", "--", "-XAtc",
                            "select string_agg(type, ' ' order by seq) from fleet.events where project = 'shop'"
                            f" and seq >= {held['token']}")
        for kind in ("file_reserved", "file_conflict", "file_wait_started", "file_released"):
            self.assertIn(kind, self.ok(in_sql).out.split())

        # The token of what was released opens nothing; the new one does.
        stale = self.fleet("--as", "ann", "files", "check", "src/main.c", "--token", held["token"])
        self.ends(stale, 5)
        self.ok(self.fleet("--as", "bob", "files", "check", "src/main.c", "--token", granted["token"]))
        self.assertIn("bob", self.ok(self.fleet("files", "who", "src/main.c")).out)
        self.ok(self.fleet("--as", "bob", "release", "--all"))

    def test_a_wait_ends_at_its_deadline(self):
        self.pilot("carl")
        self.pilot("dora")
        self.ok(self.fleet("--as", "carl", "reserve", "docs/**", "--ttl", "10m"))
        self.ends(self.fleet("--as", "dora", "reserve", "docs/a.md", "--wait", "1s"), 5)
        self.ok(self.fleet("--as", "carl", "pilots", "deregister"))
        self.ok(self.fleet("--as", "dora", "reserve", "docs/a.md"))
        self.ok(self.fleet("--as", "dora", "release", "--all"))

    def test_an_operator_takes_files_away_with_a_reason(self):
        self.pilot("eve")
        held = self.ok(self.fleet("--as", "eve", "reserve", "tests/**", "--json")).json()
        self.ok(self.fleet("release", held["reservation_id"], "--force", "--reason", "eve is on holiday"))
        self.ends(self.fleet("--as", "eve", "files", "check", "tests/a", "--token", held["token"]), 5)

    def test_shared_reservations_live_together(self):
        self.pilot("fay")
        self.pilot("gus")
        self.ok(self.fleet("--as", "fay", "reserve", "lib/**", "--shared"))
        self.ok(self.fleet("--as", "gus", "reserve", "lib/x.c", "--shared"))
        self.ends(self.fleet("--as", "gus", "reserve", "lib/**"), 5)

    def test_killed_daemon_comes_back_with_everything(self):
        self.pilot("hal")
        held = self.ok(self.fleet("--as", "hal", "reserve", "keep/**", "--json")).json()
        self.ok(self.fleet("services", "down", limit=90))
        self.ok(self.fleet("services", "up", limit=120))
        self.ok(self.fleet("--as", "hal", "files", "check", "keep/x", "--token", held["token"]))
        self.ok(self.fleet("replay", "--verify"))


if __name__ == "__main__":
    stage.main()
