"""The database in a container: its life, and everything that can be in the way, with real Podman."""
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import threading

import podman_stage
import stage
from podman_stage import inspect, names, podman

ENGINE = podman_stage.engine()
IMAGE = podman_stage.image()


def new_home(case, **environment):
    # Most tests are told what the machine needs; some let fleetd find it out.
    home = podman_stage.Home(IMAGE, **{"runtime": ENGINE.get("FLEET_PODMAN_RUNTIME", ""), **environment})
    (case.addClassCleanup if isinstance(case, type) else case.addCleanup)(home.close)
    return home


class LifeOfAContainer(stage.Case):
    """One container through its whole life; the tests run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        # Nothing is said about provider and runtime: fleetd finds both.
        cls.home = new_home(cls, runtime="", FLEET_PROVIDER="auto")

    def running(self):
        facts = inspect(self.home.name)
        return bool(facts and facts["State"]["Running"])

    def back_again(self, pid):
        facts = inspect(self.home.name)
        return bool(facts and facts["State"]["Pid"] not in (0, pid) and self.home.database()["state"] == "running")

    def test_01_up_makes_a_container_and_returns_when_a_query_answers(self):
        answer = self.ok(self.home.up())
        self.assertIn(self.home.name, answer.err + answer.out)
        self.assertIn("provider podman, because Podman works", answer.err + answer.out)
        self.ok(self.home.sql("select count(*) from fleet.events"))
        database = self.home.database()
        self.assertIn("Podman works", database["chosen_because"])
        self.assertEqual(database["provider"], "podman")
        self.assertEqual(database["state"], "running")
        self.assertEqual(database["container"], self.home.name)
        for member in ("version", "port", "uptime_seconds", "query_ms"):
            self.assertIn(member, database)
        shown = self.ok(self.home.fleet("services", "status")).out
        for word in ("podman", self.home.name, "healthy"):
            self.assertIn(word, shown)

    def test_02_the_password_is_in_a_file_of_its_owner_and_nowhere_else(self):
        file = self.home.podman_files() / "password"
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        password = file.read_text().strip()
        self.assertGreaterEqual(len(password), 24)
        facts = inspect(self.home.name)
        self.assertNotIn(password, json.dumps(facts))
        self.assertNotIn(password, podman("secret", "inspect", self.home.secret))
        for entry in pathlib.Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
            except OSError:
                continue
            self.assertNotIn(password.encode(), line)
        # Nobody gets in without it, from this machine either.
        refused = self.home.run("psql", "-XAtw", "-c", "select 1",
                                f"host=127.0.0.1 port={self.home.database()['port']} user=fleet dbname=fleet",
                                PGPASSFILE="/dev/null")
        self.assertNotEqual(refused.status, 0, str(refused))

    def test_03_it_listens_on_loopback_only(self):
        port = self.home.database()["port"]
        listening = []
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and int(address.split(":")[1], 16) == port:
                listening.append(address.split(":")[0])
        self.assertEqual(set(listening), {"0100007F"}, f"port {port} listens on {listening}")

    def test_04_logs_have_times_and_are_followed(self):
        answer = self.ok(self.home.fleet("services", "logs", "postgres", "--tail", "3"))
        self.assertEqual(len(answer.out.splitlines()), 3, str(answer))
        for line in answer.out.splitlines():
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", str(answer))
        follower = self.home.start("fleet", "services", "logs", "postgres", "--tail", "0", "--follow")
        lines = []
        threading.Thread(target=lambda: [lines.append(line) for line in follower.stdout], daemon=True).start()

        def said():
            self.home.sql("select no_such_column_of_the_log_test")
            return any("no_such_column_of_the_log_test" in line for line in lines)

        self.assertTrue(stage.eventually(said, 15), "".join(lines))
        follower.send_signal(signal.SIGINT)
        self.assertEqual(follower.wait(10), 0)

    def test_05_down_keeps_the_data_and_up_finds_them(self):
        top = self.home.repository()
        self.ok(self.home.fleet("init", "--project", "shop", cwd=top))
        self.ok(self.home.fleet("events", "append", "x.kept", "--data", '{"n": 1}', cwd=top))
        port = self.home.database()["port"]
        self.ok(self.home.fleet("services", "down", limit=90))
        self.assertFalse(self.running())
        self.assertIn(self.home.volume, names("volume"))
        self.ok(self.home.up())
        kept = self.ok(self.home.sql("select data->>'n' from fleet.events where type = 'x.kept'"))
        self.assertEqual(kept.out.strip(), "1")
        self.assertEqual(self.home.database()["port"], port)

    def test_06_a_killed_server_comes_back(self):
        pid = inspect(self.home.name)["State"]["Pid"]
        os.kill(pid, signal.SIGKILL)
        self.assertTrue(stage.eventually(lambda: self.back_again(pid), 40), self.home.database())

    def test_07_a_container_that_was_removed_is_made_again_on_its_volume(self):
        pid = inspect(self.home.name)["State"]["Pid"]
        podman("rm", "--force", "--time=5", self.home.name)
        self.assertTrue(stage.eventually(lambda: self.back_again(pid), 40), self.home.database())
        kept = self.ok(self.home.sql("select count(*) from fleet.events where type = 'x.kept'"))
        self.assertEqual(kept.out.strip(), "1")

    def test_08_the_next_daemon_finds_it_running(self):
        started = inspect(self.home.name)["State"]["StartedAt"]
        for pid in self.home.daemon_pids():
            try:
                if b"fleetd" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        self.ok(self.home.up())
        self.assertEqual(inspect(self.home.name)["State"]["StartedAt"], started)

    def test_09_without_a_service_the_program_does_it(self):
        self.ok(self.home.fleet("services", "down", limit=90))
        self.ok(self.home.up(FLEET_PODMAN_SOCKET="-"))
        answer = self.ok(self.home.fleet("services", "logs", "postgres", "--tail", "2"))
        self.assertEqual(len(answer.out.splitlines()), 2, str(answer))
        self.ok(self.home.fleet("services", "down", limit=90))
        self.assertFalse(self.running())

    def test_10_data_of_another_major_version_are_left_alone(self):
        volume = pathlib.Path(podman("volume", "inspect", self.home.volume, "--format", "{{.Mountpoint}}"))
        if not os.access(volume / "PG_VERSION", os.W_OK):
            self.skipTest("the volume's files cannot be reached by this account")
        version = (volume / "PG_VERSION").read_text()
        (volume / "PG_VERSION").write_text("9\n")
        answer = self.refused(self.home.up(limit=60), 1, self.home.volume, "PostgreSQL 9", "podman_image")
        self.assertEqual((volume / "PG_VERSION").read_text(), "9\n", str(answer))
        (volume / "PG_VERSION").write_text(version)

    def test_11_a_password_that_does_not_fit_is_called_by_its_name(self):
        file = self.home.podman_files() / "password"
        password = file.read_text()
        self.ok(self.home.fleet("services", "down", limit=60))
        file.unlink()
        self.refused(self.home.up(limit=60), 1, str(file), self.home.volume)
        file.write_text("not the password of this volume")
        self.refused(self.home.up(limit=60), 1, "password", self.home.volume)
        file.write_text(password)

    def test_12_destroy_asks_and_removes_what_is_ours(self):
        self.ok(self.home.fleet("services", "down", limit=60))
        self.ok(self.home.up())
        self.refused(self.home.fleet("services", "destroy"), 2, "--yes")
        self.assertTrue(self.running())
        self.ok(self.home.fleet("services", "destroy", "--yes", limit=60))
        self.assertIsNone(inspect(self.home.name))
        self.assertNotIn(self.home.volume, names("volume"))
        self.assertNotIn(self.home.secret, names("secret"))
        self.assertFalse((self.home.podman_files() / "password").exists())


class WhatIsInTheWay(stage.Case):
    def nothing_left(self, home):
        self.assertIsNone(inspect(home.name))
        self.assertNotIn(home.volume, names("volume"))
        self.assertNotIn(home.secret, names("secret"))

    def test_a_container_of_somebody_else_is_never_touched(self):
        home = new_home(self)
        podman("create", "--pull=never", "--name", home.name, IMAGE, check=True)
        before = inspect(home.name)["Id"]
        self.refused(home.up(), 1, home.name, "podman_container")
        self.ok(home.fleet("services", "destroy", "--yes", limit=60))
        self.assertEqual(inspect(home.name)["Id"], before)

    def test_a_volume_of_somebody_else_is_never_touched(self):
        home = new_home(self)
        podman("volume", "create", home.volume, check=True)
        self.refused(home.up(), 1, home.volume, "not made by fleetd")
        self.assertIn(home.volume, names("volume"))
        self.assertIsNone(inspect(home.name))

    def test_a_port_that_is_taken_is_named(self):
        home = new_home(self)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(home.up("--postgres-port", port), 1, str(port), "postgres_port")
        self.nothing_left(home)

    def test_an_image_that_is_not_here_is_named_with_both_ways_out(self):
        home = new_home(self, FLEET_PODMAN_IMAGE="localhost/fleettools-none:1")
        self.refused(home.up(), 1, "localhost/fleettools-none:1", "build-image.sh", "podman_image")
        # A registry that nobody can reach: port 1 answers at once, with a refusal.
        unreachable = new_home(self, FLEET_PODMAN_IMAGE="127.0.0.1:1/postgres:17")
        self.refused(unreachable.up(), 1, "127.0.0.1:1/postgres:17", "cannot be fetched", "network")
        self.nothing_left(unreachable)

    def test_without_podman_it_is_said_and_auto_takes_the_private_cluster(self):
        home = new_home(self)
        path = home.path_without_podman()
        socket_of_all = pathlib.Path("/run/podman/podman.sock")
        if os.getuid() == 0 and socket_of_all.exists():
            self.skipTest("this machine has a Podman service for everybody")
        self.refused(home.up(PATH=path, XDG_RUNTIME_DIR=""), 1, "podman is not installed", "--provider native")
        self.ok(home.fleet("services", "down", limit=60))
        answer = self.ok(home.up("--provider", "auto", PATH=path, XDG_RUNTIME_DIR=""))
        self.assertIn("provider native, because podman is not installed", answer.err + answer.out)
        database = home.database()
        self.assertEqual(database["provider"], "native")
        self.assertIn("podman is not installed", database["chosen_because"])
        # From then on Podman changes nothing: the data are in the cluster.
        self.ok(home.fleet("services", "down", limit=60))
        self.ok(home.up("--provider", "auto"))
        self.assertEqual(home.database()["provider"], "native")
        self.nothing_left(home)

    def test_a_runtime_that_may_not_set_limits_is_explained(self):
        home = new_home(self)
        runtime = home.path / "no-limits"
        runtime.write_text("#!/bin/sh\n"
                           "case \"$*\" in *create*) ;; *) exit 0 ;; esac\n"
                           "echo 'setrlimit `RLIMIT_NOFILE`: Operation not permitted' >&2\nexit 1\n")
        runtime.chmod(0o755)
        answer = self.refused(home.up(FLEET_PODMAN_RUNTIME=str(runtime)), 1, "podman_runtime", "--provider native")
        self.assertIn("setrlimit", answer.err)
        self.nothing_left(home)

    def test_an_account_that_may_not_make_networks_uses_loopback_of_the_machine(self):
        home = new_home(self, FLEET_PODMAN_SOCKET="-")
        # Everything is Podman's, but a start on a network of its own fails as without /dev/net/tun.
        program = home.path / "podman"
        program.write_text(f"""#!/bin/sh
real={shutil.which('podman')}
case " $* " in *" create "*) case " $* " in *--network=host*) touch {home.path}/host ;; esac ;; esac
case " $* " in *" start "*) if [ ! -f {home.path}/host ]; then
  echo 'Error: slirp4netns failed: "open(\\"/dev/net/tun\\"): Permission denied"' >&2; exit 126
fi ;; esac
exec "$real" "$@"
""")
        program.chmod(0o755)
        answer = self.ok(home.up(FLEET_PODMAN_PROGRAM=str(program)))
        self.assertIn("using the loopback of this machine", answer.err + answer.out)
        self.assertEqual(inspect(home.name)["HostConfig"]["NetworkMode"], "host")
        port = home.database()["port"]
        listening = [line.split()[1].split(":")[0] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
                     if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == port]
        self.assertEqual(set(listening), {"0100007F"})

    def test_what_a_killed_up_left_is_made_whole(self):
        home = new_home(self)
        starter = home.start("fleet", "services", "up")
        self.assertTrue(stage.eventually(lambda: inspect(home.name) is not None, 30))
        for pid in home.daemon_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        starter.wait(30)
        self.assertTrue(stage.eventually(lambda: not home.daemon_pids() or inspect(home.name) is not None, 20))
        self.ok(home.up())
        self.ok(home.sql("select count(*) from fleet.events"))

    def test_an_interrupted_first_up_leaves_nothing(self):
        home = new_home(self)
        starter = home.start("fleet", "services", "up")
        self.assertTrue(stage.eventually(lambda: inspect(home.name) is not None, 30))
        starter.send_signal(signal.SIGINT)
        status = starter.wait(60)
        out, err = starter.communicate()
        self.assertIn(status, (0, 3), (out, err))
        if status == 3:
            self.assertTrue(stage.eventually(lambda: inspect(home.name) is None, 40), (out, err))
            self.assertTrue(stage.eventually(lambda: home.volume not in names("volume"), 20), (out, err))


if __name__ == "__main__":
    podman_stage.reap()
    stage.main()
