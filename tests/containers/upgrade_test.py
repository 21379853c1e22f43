"""fleet services upgrade: the database moves to a container, to a newer PostgreSQL, or not at all; what agents wrote and
hold is the same afterwards. Everything is real: servers of two major versions, Podman, the installed programs."""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

import engine

sys.path.insert(0, str(engine.SOURCE / "tests/e2e"))
import stage  # noqa: E402  it stands beside the other end-to-end tests

LONG = bool(os.environ.get("FLEET_TEST_LONG"))


def newer_programs():
    """initdb and postgres of major 17, or why there are none."""
    done = engine.run(engine.TESTING / "npm-postgres.sh", "17", engine.ENGINE / "npm", check=False, limit=300)
    return (done.stdout.strip(), "") if done.returncode == 0 else (None, done.stderr.strip())


class Moving(stage.Case):
    @classmethod
    def setUpClass(cls):
        cls.image = engine.run(engine.SOURCE / "containers/build-image.sh", "--major", "15").stdout.strip()
        cls.newer, cls.why_not = newer_programs()

    def new_fleet(self):
        """A home with a private cluster, a project, and work in it."""
        self.name = engine.own_name("c")
        self.home = stage.new_home(self, FLEET_PROVIDER="")
        settings = self.home.path / ".config/fleet/fleet.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(f'# of this test\nprovider = "native"\npodman_container = "{self.name}"\n'
                            f'podman_image = "{self.image}"\npodman_runtime = "{engine.FOUND["FLEET_PODMAN_RUNTIME"]}"\n')
        self.addCleanup(self.clear_podman)
        self.ok(self.home.fleet("services", "up", limit=120))
        self.top = self.home.repository()
        for words in (("init",), ("pilots", "register", "viper-1", "--program", "test", "--model", "none"),
                      ("reserve", "src/**", "--as", "viper-1", "--ttl", "1h"),
                      ("mail", "send", "viper-1", "--subject", "Hello", "--body", "a text apart from the log")):
            self.ok(self.home.fleet(*words, cwd=self.top))
        self.before = self.work()

    def clear_podman(self):
        for kind, words in (("container", ("ps", "-a")), ("volume", ("volume", "ls")), ("secret", ("secret", "ls"))):
            form = "{{.Names}}" if kind == "container" else "{{.Name}}"
            for name in engine.podman(*words, "--format", form).stdout.split():
                if name.startswith(self.name):
                    engine.podman(*({"container": ("rm", "-f", "-t", "0")}.get(kind, (kind, "rm"))), name, check=False)

    def work(self):
        """What agents wrote and hold: events without the comings and goings of the host, and reservations."""
        events = self.ok(self.home.fleet("events", "list", "--limit", "1000", "--json", cwd=self.top)).json()["items"]
        held = self.ok(self.home.fleet("reservations", "--json", cwd=self.top)).json()["items"]
        mail = self.ok(self.home.fleet("mail", "inbox", "--as", "viper-1", "--json", cwd=self.top)).json()["items"]
        return {"events": [(event["seq"], event["event_id"]) for event in events if event["actor"] != "system"],
                "held": [(one["reservation_id"], one["holder"]) for one in held],
                "mail": [one["message_id"] for one in mail]}

    def status(self):
        status = self.ok(self.home.fleet("services", "status", "--json")).json()
        return status.get("database", status)

    def is_whole(self, provider, major):
        status = self.status()
        self.assertEqual((status["provider"], status["state"]), (provider, "running"))
        self.assertEqual(status["version"].split(".")[0], str(major))
        # Right after a restart a reader may find its connection gone, and is told to come again.
        self.assertTrue(stage.eventually(lambda: self.home.fleet("events", "list", "--limit", "1", cwd=self.top).status == 0))
        self.assertEqual(self.work(), self.before)
        self.ok(self.home.fleet("replay", "--verify", cwd=self.top))
        # The lease is as good as before, with the token that the agent had.
        self.ok(self.home.fleet("extend", self.before["held"][0][0], "--ttl", "2h", "--as", "viper-1", cwd=self.top))
        self.before = self.work()

    def upgrade(self, *words, limit=300):
        return self.home.fleet("services", "upgrade", *words, limit=limit)

    def need_newer(self):
        if self.newer is None:
            self.skipTest(self.why_not)

    def podman_has(self):
        names = engine.podman("ps", "-a", "--format", "{{.Names}}").stdout.split()
        names += engine.podman("volume", "ls", "--format", "{{.Name}}").stdout.split()
        names += engine.podman("secret", "ls", "--format", "{{.Name}}").stdout.split()
        return sorted(name.removeprefix(self.name) for name in names if name.startswith(self.name))

    def test_a_private_cluster_moves_into_a_container_and_the_old_data_stay_until_told_otherwise(self):
        self.new_fleet()
        plan = self.ok(self.upgrade("--to-provider", "podman", "--dry-run"))
        self.assertIn("podman", plan.out)
        self.assertEqual(self.status()["provider"], "native")
        self.refused(self.upgrade("--to-provider", "podman"), 2, "--yes")

        self.ok(self.upgrade("--to-provider", "podman", "--yes"))
        self.is_whole("podman", 15)
        text = (self.home.path / ".config/fleet/fleet.toml").read_text()
        self.assertIn("# of this test", text)
        self.assertIn('provider = "podman"', text)
        self.assertTrue((self.home.data / "postgres-15/data/PG_VERSION").exists())
        self.assertEqual(list(self.home.data.glob("moving-*")), [])

        self.refused(self.upgrade("--forget-old"), 2, "--yes", "postgres-15")
        self.ok(self.upgrade("--forget-old", "--yes"))
        self.assertFalse((self.home.data / "postgres-15").exists())
        self.ok(self.home.fleet("services", "restart", limit=120))
        self.is_whole("podman", 15)
        if LONG:
            self.to_a_newer_major_in_a_container()

    def to_a_newer_major_in_a_container(self):
        self.need_newer()
        newer = engine.run(engine.SOURCE / "containers/build-image.sh", "--major", "17", "--bin-dir", self.newer).stdout.strip()
        self.ok(self.upgrade("--to-major", "17", "--podman-image", newer, "--yes"))
        self.is_whole("podman", 17)
        self.assertEqual(self.podman_has(), ["", "-17", "-17-data", "-17-password", "-data", "-password"])
        self.ok(self.upgrade("--forget-old", "--yes"))
        self.assertEqual(self.podman_has(), ["-17", "-17-data", "-17-password"])
        self.is_whole("podman", 17)

    def test_a_move_that_fails_leaves_the_old_database_at_work_and_nothing_behind(self):
        self.new_fleet()
        self.refused(self.upgrade("--to-provider", "podman", "--podman-image", "localhost/no-such-image:15", "--yes"),
                     1, "localhost/no-such-image:15")
        self.is_whole("native", 15)
        self.assertEqual(self.podman_has(), [])
        self.assertIn("no old data", self.ok(self.upgrade("--forget-old", "--yes")).out)
        self.assertIn('provider = "native"', (self.home.path / ".config/fleet/fleet.toml").read_text())
        # A setting of the environment would win over the file.
        self.refused(self.home.fleet("services", "upgrade", "--to-provider", "podman", "--yes", FLEET_PROVIDER="native"),
                     2, "FLEET_PROVIDER")
        self.refused(self.upgrade("--to-provider", "native", "--yes"), 2, "already")

    def test_a_private_cluster_moves_to_a_newer_major_version(self):
        self.need_newer()
        self.new_fleet()
        self.ok(self.upgrade("--to-major", "17", "--postgres-bin-dir", self.newer, "--yes"))
        self.is_whole("native", 17)
        self.assertEqual((self.home.data / "postgres/data/PG_VERSION").read_text().strip(), "17")
        self.assertEqual((self.home.data / "postgres-15/data/PG_VERSION").read_text().strip(), "15")
        self.ok(self.home.fleet("services", "down", limit=60))
        self.ok(self.home.fleet("services", "up", limit=60))
        self.is_whole("native", 17)

    @unittest.skipUnless(LONG, "long: FLEET_TEST_LONG=1")
    def test_a_move_that_is_killed_at_any_point_loses_nothing_and_the_next_one_clears_up(self):
        self.need_newer()
        for point in ("backups", "moving-*", "moving-*/postgres/data/base", "moving-*/postgres/data/postmaster.pid"):
            with self.subTest(point):
                self.new_fleet()
                known = set(self.home.data.glob("backups/*"))
                moving = self.home.start("fleet", "services", "upgrade", "--to-major", "17", "--postgres-bin-dir", self.newer,
                                         "--yes")
                pattern = "backups/*" if point == "backups" else point
                there = stage.eventually(lambda: set(self.home.data.glob(pattern)) - known or moving.poll() is not None, 60)
                self.assertTrue(there)
                moving.kill()
                moving.wait()
                self.ok(self.home.fleet("services", "up", limit=120))
                self.is_whole("native", 15)
                self.ok(self.upgrade("--to-major", "17", "--postgres-bin-dir", self.newer, "--yes"))
                self.is_whole("native", 17)
                self.assertEqual(list(self.home.data.glob("moving-*")), [])
                self.home.close()


class Leaving(stage.Case):
    def test_nothing_is_left_of_a_fleet_in_a_container(self):
        image = engine.run(engine.SOURCE / "containers/build-image.sh", "--major", "15").stdout.strip()
        name = engine.own_name("c")
        home = stage.new_home(self, FLEET_PROVIDER="podman", FLEET_PODMAN_CONTAINER=name, FLEET_PODMAN_IMAGE=image,
                              FLEET_PODMAN_RUNTIME=engine.FOUND["FLEET_PODMAN_RUNTIME"])
        self.addCleanup(engine.podman, "rm", "-f", "-i", "-t", "0", name, check=False)
        self.addCleanup(engine.podman, "volume", "rm", "-f", f"{name}-data", check=False)
        self.addCleanup(engine.podman, "secret", "rm", f"{name}-password", check=False)
        self.ok(home.fleet("services", "up", limit=120))
        told = self.ok(home.fleet("uninstall"))
        for words in (name, "volume", "secret", "sockets", "state"):
            self.assertIn(words, told.out)
        self.ok(home.fleet("uninstall", "--purge", "--yes", limit=120))
        everything = engine.podman("ps", "-a").stdout + engine.podman("volume", "ls").stdout + engine.podman("secret", "ls").stdout
        self.assertNotIn(name, everything)
        self.assertEqual([path for path in home.path.rglob("*") if not path.is_dir()], [])
        self.assertEqual(home.daemon_pids(), [])


if __name__ == "__main__":
    engine.need_containers()
    unittest.main(verbosity=2)
