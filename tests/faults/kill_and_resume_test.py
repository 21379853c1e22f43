"""Every agent and the daemon die in the middle of a mission; another host takes it up and brings it to its end.

FLEET_KILL_SEEDS=1-100 plays so many; the default is a few. A seed that fails says so and can be played alone.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from lab.hosts import SETTINGS, call  # noqa: E402
from lab.waiting import eventually  # noqa: E402

FLEETD = pathlib.Path(os.environ["FLEET_FLEETD"])
FLEET = pathlib.Path(os.environ.get("FLEET_FLEET", FLEETD.parents[1] / "client" / "fleet"))
SERVER = pathlib.Path(__file__).resolve().parents[1] / "support" / "server.sh"
SIZE = ["--pilots", "8", "--missions", "1", "--sorties-per-mission", "12", "--crash-rate", "0", "--lease", "10", "--speed", "40",
        "--limit", "90s"]


def seeds():
    words = os.environ.get("FLEET_KILL_SEEDS") or ("1-100" if os.environ.get("FLEET_TEST_LONG") else "1-3")
    first, _, last = words.partition("-")
    return range(int(first), int(last or first) + 1)


DSN = os.environ.get("FLEET_TEST_DSN", "")


def dsn_of(database):
    return " ".join(word for word in DSN.split() if not word.startswith("dbname=")) + f" dbname={database}"


def setUpModule():
    """A server of this run, unless one is named."""
    global DSN
    if DSN:
        return
    folder = tempfile.TemporaryDirectory(prefix="fleet-kill-server-")
    unittest.addModuleCleanup(folder.cleanup)
    named = pathlib.Path(folder.name) / "server"
    done = subprocess.run([SERVER, "start", named], capture_output=True, text=True)
    if done.returncode == 77:
        print(done.stderr, file=sys.stderr)
        sys.exit(77)
    unittest.addModuleCleanup(subprocess.run, [SERVER, "stop", named], capture_output=True)
    DSN = named.read_text().splitlines()[0]


def psql(sql, database):
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", dsn_of(database), "-c", sql], capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"psql: {done.stderr}")
    return [line for line in done.stdout.splitlines() if line]


class Host:
    """A machine of its own: nothing but the database is shared with the others."""

    def __init__(self, database):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fleet-kill-"))
        self.socket = self.folder / "run" / "fleetd.sock"
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("FLEET_", "XDG_", "PG"))}
        self.environment = {
            **keep, **SETTINGS, "HOME": str(self.folder), "NO_COLOR": "1", "FLEET_SOCKET": str(self.socket),
            "FLEET_STATE_DIR": str(self.folder / "state"), "FLEET_RUNTIME_DIR": str(self.folder / "run"),
            "FLEET_DATA_DIR": str(self.folder / "data"), "XDG_CONFIG_HOME": str(self.folder / "config"),
            "FLEET_PROVIDER": "external", "FLEET_DSN": dsn_of(database)}
        with open(self.folder / "fleetd.log", "wb") as log:
            self.daemon = subprocess.Popen([FLEETD, "--foreground"], env=self.environment, stdout=log, stderr=log)
        if not eventually(self.is_ready, 60):
            raise AssertionError(f"fleetd did not get ready: {(self.folder / 'fleetd.log').read_text()[-3000:]}")

    def is_ready(self):
        try:
            return call(self.socket, "GET", "/readyz")[0] == 200
        except OSError:
            return False

    def start(self, *words):
        return subprocess.Popen([FLEET, *map(str, words)], env=self.environment, cwd=self.folder, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def fleet(self, *words, limit=120):
        process = self.start(*words)
        out, err = process.communicate(timeout=limit)
        return process.returncode, out, err

    def items(self, path, project):
        status, answer = call(self.socket, "GET", f"/api/v1/{path}", **{"Fleet-Project": project})
        assert status == 200, answer
        return answer["items"]

    def head(self, project):
        """How many events of the project there are, or none yet."""
        status, answer = call(self.socket, "GET", f"/api/v1/events?limit=1000&project={project}")
        return len(answer["items"]) if status == 200 else 0

    def close(self):
        self.daemon.kill()
        self.daemon.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class KillAndResume(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.database = f"kill_{os.getpid()}"
        psql(f"create database {cls.database}", "postgres")
        cls.host = Host(cls.database)

    @classmethod
    def tearDownClass(cls):
        cls.host.close()
        psql(f"drop database {cls.database} with (force)", "postgres")

    def completed(self, project):
        return psql("select m.title || ': ' || s.title from fleet_state.sorties s join fleet_state.missions m using (mission_id)"
                    f" where s.project = '{project}' and s.state = 'completed' order by 1", self.database)

    def simulate(self, seed, *words):
        status, out, err = self.host.fleet("simulate", "--seed", seed, *SIZE, "--json", *words)
        self.assertEqual(status, 0, f"seed {seed}: {out[-6000:]}{err[-2000:]}")
        return json.loads(out.splitlines()[-1])

    def break_off(self, seed, project, events):
        """Plays until so many events are written, and kills everything in an order drawn from the seed."""
        dice = random.Random(seed)
        agents = self.host.start("simulate", "--seed", seed, *SIZE, "--json")
        reached = eventually(lambda: self.host.head(project) >= events or agents.poll() is not None, 90)
        self.assertTrue(reached, f"seed {seed}: {events} events were never written")
        for process in dice.sample([agents, self.host.daemon], 2):
            process.send_signal(signal.SIGKILL)
        agents.communicate()
        self.host.daemon.wait()

    def left_by_the_dead(self, project):
        held = self.host.items("reservations?status=active", project) + self.host.items("reservations/waiting", project)
        taken = self.host.items("sorties?status=assigned,in_progress,blocked,review", project)
        return [(one.get("holder") or one.get("pilot"), one.get("patterns") or one.get("title")) for one in held + taken]

    def resume(self, project):
        """Resumes what stands still until nothing does; what is told on the way."""
        told = []

        def is_done():
            status, out, err = self.host.fleet("--project", project, "resume", "--yes", "--idle", "1s", "--json")
            told.append((status, out, err))
            self.assertIn(status, (0, 4), f"{out}{err}")
            return not self.left_by_the_dead(project)

        self.assertTrue(eventually(is_done, 40), f"left: {self.left_by_the_dead(project)}; told: {told[-3:]}")

    def play(self, seed):
        whole, broken = f"simulation-{seed}", f"simulation-{seed}-2"
        self.simulate(seed)
        events = int(psql(f"select count(*) from fleet_log.events where project = '{whole}'", self.database)[0])
        self.break_off(seed, broken, 1 + int(events * random.Random(seed).uniform(0.02, 0.98)))
        dead, self.__class__.host = self.host, Host(self.database)
        self.addCleanup(dead.close)
        self.resume(broken)
        self.simulate(seed, "--go-on", broken)
        self.assertEqual(self.completed(broken), self.completed(whole))
        twice = psql(f"select stream_id from fleet_log.events where project = '{broken}' and type = 'sortie_completed'"
                     " group by 1 having count(*) > 1", self.database)
        self.assertEqual(twice, [], "completed more than once")
        self.assertEqual(self.left_by_the_dead(broken), [])

    def test_another_host_brings_the_mission_to_its_end(self):
        for seed in seeds():
            with self.subTest(seed=seed):
                self.play(seed)
                print(f"seed {seed}: the mission came to its end on another host", flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
