"""Throw-away servers (containers/testing/server.sh): the one of the run carries a fleet; those of dead runs go away."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

import engine

sys.path.insert(0, str(engine.SOURCE / "tests/e2e"))
import stage  # noqa: E402  it stands beside the other end-to-end tests

SERVER = engine.TESTING / "server.sh"


def names():
    made = engine.podman("ps", "-a", "--filter", "label=dev.fleettools.test=true", "--format", "{{.Names}}").stdout
    return set(made.split()) | set(engine.podman("secret", "ls", "--format", "{{.Name}}").stdout.split())


class AFleetOnIt(stage.Case):
    def test_migrates_and_works_on_the_server_of_the_run(self):
        server = pathlib.Path(os.environ["FLEET_TEST_CONTAINER_SERVER"])
        dsn = server.read_text().strip()
        self.assertNotIn("password", dsn)
        home = stage.new_home(self, FLEET_PROVIDER="external", FLEET_DSN=dsn)
        self.ok(home.fleet("services", "up", limit=120))
        top = home.repository()
        self.ok(home.fleet("init", cwd=top))
        self.ok(home.fleet("pilots", "register", "viper-1", "--program", "test", "--model", "none", cwd=top))
        self.ok(home.fleet("reserve", "src/**", "--as", "viper-1", cwd=top))
        self.ok(home.fleet("replay", "--verify", cwd=top))
        status = self.ok(home.fleet("services", "status", "--json")).json()
        status = status.get("database", status)
        self.assertEqual((status["provider"], status["state"]), ("external", "running"))


class OfADeadRun(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        self.file = pathlib.Path(work.name) / "server"

    def start(self, owner):
        engine.run("env", f"FLEET_TEST_OWNER={owner}", SERVER, "start", self.file)
        self.addCleanup(engine.run, SERVER, "stop", self.file, check=False)
        return self.file.with_suffix(".name").read_text().strip()

    def test_is_removed_with_its_secret_and_one_of_a_live_run_is_not(self):
        owner = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        name = self.start(owner.pid)
        engine.run(SERVER, "reap")
        self.assertIn(name, names())
        owner.send_signal(signal.SIGKILL)
        owner.communicate()
        told = engine.run(SERVER, "reap").stderr
        self.assertIn(name, told)
        self.assertNotIn(name, names())


if __name__ == "__main__":
    engine.need_containers()
    unittest.main(verbosity=2)
