"""fleet services: up, status, logs, down, destroy, and everything that can be in the way."""
import os
import pathlib
import re
import signal
import socket
import threading
import time
import unittest

import stage


class LifeOfAFleet(stage.Case):
    """One home through the whole life; the tests run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.home = stage.new_home(cls)

    def test_01_status_before_anything_exists_is_an_answer(self):
        began = time.monotonic()
        answer = self.ok(self.home.fleet("services", "status"))
        self.assertLess(time.monotonic() - began, 2.0)
        self.assertIn("fleet services up", answer.out + answer.err)
        self.assertEqual(self.ok(self.home.fleet("services", "status", "--json")).json()["daemon"]["state"], "away")

    def test_02_up_shows_progress_and_returns_when_a_query_answers(self):
        answer = self.ok(self.home.fleet("services", "up", limit=120))
        self.assertGreaterEqual(len(answer.err.splitlines()) + len(answer.out.splitlines()), 3, str(answer))
        shown = self.ok(self.home.fleet("services", "psql", "--", "-XAtc", "select count(*) from fleet.events"))
        self.assertGreaterEqual(int(shown.out), 0)
        self.assertEqual(self.ok(self.home.fleet("db", "status", "--json")).json()["pending"], [])

    def test_03_up_twice_is_harmless(self):
        self.ok(self.home.fleet("services", "up", limit=60))

    def test_04_status_says_how_it_is(self):
        began = time.monotonic()
        answer = self.ok(self.home.fleet("services", "status"))
        self.assertLess(time.monotonic() - began, 2.0)
        for word in ("native", "healthy", "memory", "query"):
            self.assertIn(word, answer.out, str(answer))
        status = self.ok(self.home.fleet("services", "status", "--json")).json()
        database = status.get("database", status)
        self.assertEqual(database["provider"], "native")
        self.assertEqual(database["state"], "running")
        self.assertGreater(database["port"], 0)
        for member in ("version", "health", "symbol", "uptime_seconds", "memory_bytes", "query_ms"):
            self.assertIn(member, database)

    def test_05_the_cluster_is_private_and_checked(self):
        password = self.home.data / "postgres/password"
        self.assertEqual(password.stat().st_mode & 0o777, 0o600)
        shown = self.home.fleet("services", "psql", "--", "-XAtc", "show data_checksums; show password_encryption")
        self.assertEqual(self.ok(shown).out.split(), ["on", "scram-sha-256"])
        self.assertEqual((self.home.data / "postgres/data").stat().st_mode & 0o077 & 0o027, 0)

    def test_06_logs_have_times(self):
        answer = self.ok(self.home.fleet("services", "logs", "--tail", "5"))
        lines = answer.out.splitlines()
        self.assertGreaterEqual(len(lines), 1, str(answer))
        for line in lines:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", str(answer))

    def test_07_logs_follow_shows_what_comes(self):
        follower = self.home.start("fleet", "services", "logs", "postgres", "--tail", "0", "--follow")
        lines = []
        reader = threading.Thread(target=lambda: [lines.append(line) for line in follower.stdout], daemon=True)
        reader.start()

        def said():
            self.home.fleet("services", "psql", "--", "-XAtc", "select no_such_column_of_the_log_test")
            return any("no_such_column_of_the_log_test" in line for line in lines)

        self.assertTrue(stage.eventually(said, 15), "".join(lines))
        follower.send_signal(signal.SIGINT)
        self.assertEqual(follower.wait(10), 0)

    def test_08_a_second_daemon_of_the_same_host_says_so(self):
        answer = self.home.run("fleetd", "--foreground", limit=30)
        self.assertNotEqual(answer.status, 0, str(answer))
        self.assertRegex((answer.err + answer.out).lower(), "already|running", str(answer))

    def test_09_down_keeps_the_data(self):
        top = self.home.repository()
        self.ok(self.home.fleet("init", "--project", "shop", cwd=top))
        self.ok(self.home.fleet("services", "down", limit=90))
        self.assertTrue(stage.eventually(lambda: not self.home.daemon_pids(), 20), self.home.daemon_pids())
        self.assertTrue((self.home.data / "postgres/data/PG_VERSION").exists())
        self.ok(self.home.fleet("services", "up", limit=120))
        projects = self.ok(self.home.fleet("services", "psql", "--", "-XAtc", "select project from fleet.projects"))
        self.assertIn("shop", projects.out.split())

    def test_10_a_killed_server_comes_back(self):
        pid = int((self.home.data / "postgres/data/postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

        def healthy():
            status = self.home.fleet("services", "status", "--json").json()
            return status.get("database", status).get("state") == "running" and \
                int((self.home.data / "postgres/data/postmaster.pid").read_text().split()[0]) != pid

        self.assertTrue(stage.eventually(lambda: self.safely(healthy), 60))

    def safely(self, holds):
        try:
            return holds()
        except (OSError, ValueError):
            return False

    def test_11_stop_and_start_after_a_kill_of_everything(self):
        for pid in self.home.daemon_pids():
            self.safely(lambda: os.kill(pid, signal.SIGKILL))
        self.assertTrue(stage.eventually(lambda: not self.home.daemon_pids(), 20))
        # What is left is a stale pid file and a stale socket.
        self.ok(self.home.fleet("services", "up", limit=120))

    def test_12_destroy_wants_a_word_and_removes_the_data(self):
        self.refused(self.home.fleet("services", "destroy"), 2, "--yes")
        self.assertTrue((self.home.data / "postgres/data/PG_VERSION").exists())
        self.ok(self.home.fleet("services", "destroy", "--yes", limit=90))
        self.assertFalse((self.home.data / "postgres/data").exists())
        self.ok(self.home.fleet("services", "status"))


class WhatIsInTheWay(stage.Case):
    def test_missing_binaries_are_named_with_what_to_do(self):
        home = stage.new_home(self)
        empty = home.path / "empty"
        empty.mkdir()
        answer = home.fleet("services", "up", "--postgres-bin-dir", empty, limit=60)
        self.assertIn(answer.status, (1, 6), str(answer))
        self.assertIn("apt", answer.err, str(answer))

    def test_a_port_that_is_taken_is_named(self):
        home = stage.new_home(self)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            answer = home.fleet("services", "up", "--postgres-port", port, limit=60)
        self.assertNotEqual(answer.status, 0, str(answer))
        self.assertIn(str(port), answer.err, str(answer))

    def test_data_of_another_major_version_is_left_alone(self):
        home = stage.new_home(self)
        self.ok(home.fleet("services", "up", limit=120))
        self.ok(home.fleet("services", "down", limit=90))
        version = home.data / "postgres/data/PG_VERSION"
        version.write_text("9.6\n")
        answer = home.fleet("services", "up", limit=60)
        self.assertNotEqual(answer.status, 0, str(answer))
        self.assertIn("9.6", answer.err, str(answer))
        self.assertEqual(version.read_text(), "9.6\n")

    def test_two_at_the_same_moment_make_one_fleet(self):
        home = stage.new_home(self)
        starters = [home.start("fleet", "services", "up") for _ in range(2)]
        ended = [(starter.wait(120), *starter.communicate()) for starter in starters]
        self.assertIn(0, [status for status, _, _ in ended], ended)
        for status, out, err in ended:
            # The one that came second waits, or says what to do.
            self.assertTrue(status == 0 or "busy" in err.lower() or "already" in err.lower(), (status, out, err))
        self.ok(home.fleet("services", "psql", "--", "-XAtc", "select 1"))

    def test_a_restart_does_not_mind_who_makes_sure_that_it_runs(self):
        home = stage.new_home(self)
        self.ok(home.fleet("services", "up", limit=120))
        looks = [home.start("fleet", "services", "up") for _ in range(6)]
        restarts = [home.fleet("services", "restart", limit=120) for _ in range(2)]
        ended = [(look.wait(120), *look.communicate()) for look in looks]
        for restart in restarts:
            self.ok(restart)
        self.assertEqual([status for status, _, _ in ended], [0] * len(looks), ended)

    def test_interrupted_up_leaves_nothing_half_made(self):
        home = stage.new_home(self)
        starter = home.start("fleet", "services", "up")
        # In the middle: the data directory has begun to exist.
        stage.eventually(lambda: any(home.data.glob("postgres/*")) or starter.poll() is not None, 30)
        starter.send_signal(signal.SIGINT)
        status = starter.wait(60)
        out, err = starter.communicate()
        self.assertIn(status, (0, 3), (out, err))
        self.assertTrue(status == 0 or stage.eventually(lambda: not home.daemon_pids(), 30), home.daemon_pids())
        self.ok(home.fleet("services", "up", limit=120))
        self.ok(home.fleet("services", "psql", "--", "-XAtc", "select 1"))

    def test_a_stale_pid_file_is_no_obstacle(self):
        home = stage.new_home(self)
        self.ok(home.fleet("services", "up", limit=120))
        self.ok(home.fleet("services", "down", limit=90))
        pid_file = home.data / "postgres/data/postmaster.pid"
        # A live process, but not a PostgreSQL of this data directory.
        pid_file.write_text(f"{os.getpid()}\n{home.data}/postgres/data\n1\n5432\n\n\n")
        if os.getuid() == 0:
            owner = (home.data / "postgres/data").stat()
            os.chown(pid_file, owner.st_uid, owner.st_gid)
        answer = home.fleet("services", "up", limit=120)
        self.assertTrue(answer.status == 0 or "pid" in answer.err.lower(), str(answer))

    def test_a_full_disk_is_called_by_its_name(self):
        if os.getuid() != 0:
            self.skipTest("needs a file system of its own, which only root can make")
        home = stage.new_home(self)
        small = home.path / "small"
        small.mkdir()
        if home.run("mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "tmpfs", small).status != 0:
            self.skipTest("this machine does not let root mount a tmpfs")
        self.addCleanup(lambda: home.run("umount", "-l", small))
        answer = home.fleet("services", "up", limit=60, FLEET_DATA_DIR=str(small))
        self.assertNotEqual(answer.status, 0, str(answer))
        self.assertRegex(answer.err.lower(), "space|disk", str(answer))


class AnExternalServer(stage.Case):
    def test_external_takes_a_dsn_and_says_when_nobody_answers(self):
        home = stage.new_home(self)
        answer = home.fleet("services", "up", limit=60, FLEET_PROVIDER="external",
                            FLEET_DSN="host=127.0.0.1 port=1 user=nobody dbname=none")
        self.assertEqual(answer.status, 6, str(answer))


if __name__ == "__main__":
    stage.main()
