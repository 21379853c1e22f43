"""Containers for tests: how they run on this machine (containers/testing/podman-env.sh), and an end that leaves nothing."""
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TESTING = SOURCE / "containers/testing"
ENGINE = pathlib.Path(os.environ.get("FLEET_TEST_ENGINE", tempfile.gettempdir() + "/fleettools-engine"))


def findings():
    """The variables of engine.env; a fixture that was skipped does not keep ctest from running what needs it."""
    if not (ENGINE / "engine.env").exists():
        subprocess.run([TESTING / "podman-env.sh", ENGINE], check=False, capture_output=True)
    known = {}
    for line in (ENGINE / "engine.env").read_text().splitlines():
        name, _, value = line.removeprefix("export ").partition("=")
        known[name] = "".join(shlex.split(value))
    return known


FOUND = findings()
ENVIRONMENT = {**os.environ, **({"CONTAINERS_CONF": FOUND["CONTAINERS_CONF"]} if "CONTAINERS_CONF" in FOUND else {})}
ON_HOST_NETWORK = bool(FOUND.get("FLEET_PODMAN_NETWORK"))


def need_containers():
    if FOUND.get("FLEET_ENGINE") == "podman":
        return
    print("skipped: no containers here:", FOUND.get("FLEET_ENGINE_REASON", "not tried"))
    sys.exit(1 if os.environ.get("FLEET_REQUIRE_PODMAN") else 77)


def run(*words, stdin=None, limit=120, check=True):
    done = subprocess.run([str(word) for word in words], env=ENVIRONMENT, input=stdin, capture_output=True, text=True,
                          timeout=limit)
    if check and done.returncode != 0:
        raise AssertionError(f"{words}\nexit status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def podman(*words, **how):
    return run(FOUND["PODMAN"], *words, **how)


def eventually(holds, limit=60.0):
    """True as soon as `holds()` is; the only place here that sleeps."""
    deadline = time.monotonic() + limit
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def own_name(kind):
    """The name that `server.sh reap` knows: if this process is killed, the next run removes what it made."""
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "")[:12]
    started = pathlib.Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    return f"fleet-test-{boot}-{os.getpid()}-{started}-{kind}{os.urandom(3).hex()}"


class Case(unittest.TestCase):
    """A test that makes containers, volumes, secrets; they are removed whatever happens."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.image = os.environ.get("FLEET_TEST_IMAGE") or run(SOURCE / "containers/build-image.sh").stdout.strip()

    def secret(self, text):
        name = own_name("s")
        podman("secret", "create", name, "-", stdin=text)
        self.addCleanup(podman, "secret", "rm", name, check=False)
        return name

    def volume(self):
        name = own_name("v")
        podman("volume", "create", name)
        self.addCleanup(podman, "volume", "rm", "-f", name, check=False)
        return name

    def folder(self, **files):
        """A directory with these files, readable by everybody; `a.sh` is executable."""
        made = tempfile.TemporaryDirectory(prefix="fleet-containers-")
        self.addCleanup(made.cleanup)
        top = pathlib.Path(made.name)
        top.chmod(0o777)
        for name, text in files.items():
            (top / name).write_text(text)
            (top / name).chmod(0o755 if name.endswith(".sh") else 0o644)
        return top

    def begin(self, *options, words=()):
        name = own_name("c")
        self.addCleanup(podman, "rm", "-f", "-i", "-v", "-t", "0", name, check=False)
        # On the host's network each needs a port of its own.
        network = ("--network", "host", "-e", f"PGPORT={free_port()}") if ON_HOST_NETWORK else ()
        podman("run", "-d", "--pull=never", "--http-proxy=false", "--name", name, "--label", "dev.fleettools.test=true",
               "--no-healthcheck", "--image-volume", "ignore", *network, *options, self.image, *words)
        return name

    def state(self, name):
        return podman("inspect", "--format", "{{.State.Status}}", name).stdout.strip()

    def said(self, name):
        done = podman("logs", name)
        return done.stdout + done.stderr

    def end_of(self, name):
        """Exit status of a container that ends by itself, and what it said."""
        status = int(podman("wait", name, limit=60).stdout)
        return status, self.said(name)

    def is_healthy(self, name):
        return podman("exec", name, "healthcheck.sh", check=False).returncode == 0

    def until_healthy(self, name):
        up = eventually(lambda: self.state(name) != "running" or self.is_healthy(name))
        self.assertTrue(up and self.state(name) == "running", self.said(name))

    def ask(self, name, question, user="postgres", database="postgres"):
        return podman("exec", name, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", database,
                      "-c", question).stdout.strip()
