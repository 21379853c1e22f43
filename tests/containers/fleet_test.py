"""A database and a daemon in containers, as compose.yaml and the quadlet units put them up: they find each other, keep
what they must over a fresh pair of containers, and show no secret."""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import unittest

import engine

CONTAINERS = engine.SOURCE / "containers"
GENERATORS = ("/usr/lib/systemd/system-generators/podman-system-generator", "/usr/libexec/podman/quadlet")
# Key of a [Container] section → option of `podman run`, as podman-systemd.unit(5) lists them.
OPTIONS = {"ContainerName": "--name", "HostName": "--hostname", "Network": "--network", "User": "--user",
           "Volume": "--volume", "Environment": "--env", "Secret": "--secret", "DropCapability": "--cap-drop",
           "AddCapability": "--cap-add"}
MANY = ("Environment", "AddCapability", "DropCapability")
IMAGE = f"localhost/{engine.own_name('i')}:latest"


def setUpModule():
    prefix = os.environ.get("FLEET_E2E_PREFIX", "/usr/local")
    engine.run(CONTAINERS / "build-fleetd.sh", "--prefix", prefix, "--name", IMAGE.removesuffix(":latest"))


def tearDownModule():
    made = engine.podman("images", "--format", "{{.Repository}}:{{.Tag}}", IMAGE.removesuffix(":latest")).stdout.split()
    engine.podman("rmi", "-f", *made, check=False)


class Pair(engine.Case):
    """Names of the files are replaced by names of this test: what a user of this machine has up is left alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.name = engine.own_name("f")

    def renamed(self, text):
        for found, name in (("localhost/fleettools-pg:15", self.image), ("localhost/fleetd:latest", IMAGE),
                            ("fleet-postgres-password", f"{self.name}-postgres-password"), ("fleet-dsn", f"{self.name}-dsn")):
            text = text.replace(found, name)
        return text

    def make_secrets(self, *how):
        words = ("env", f"FLEET_SECRET_PREFIX={self.name}", CONTAINERS / "secrets.sh")
        engine.run(*words, "make", *how)
        self.addCleanup(engine.run, *words, "remove", check=False)

    def fleet(self, container, *words):
        return engine.podman("exec", container, "fleet", *words, check=False)

    def until_a_host_is_alive(self, container):
        def alive():
            told = self.fleet(container, "hosts", "--json")
            return told.returncode == 0 and "alive" in told.stdout

        self.assertTrue(engine.eventually(alive), self.said(container))
        self.assertEqual(engine.podman("healthcheck", "run", container, check=False).returncode, 0)
        return [host["host_id"] for host in json.loads(self.fleet(container, "hosts", "--json").stdout)["items"]]

    def shows_no_password(self, *containers):
        dsn = engine.podman("exec", containers[-1], "cat", f"/run/secrets/{self.name}-dsn").stdout
        password = re.search(r"password=(\w+)", dsn).group(1)
        for container in containers:
            shown = engine.podman("inspect", container).stdout + self.said(container)
            self.assertNotIn(password, shown)


class Compose(Pair):
    def setUp(self):
        if engine.ON_HOST_NETWORK:
            self.skipTest("the two find each other by name on a network of their own, which cannot be had here")
        file = self.folder(**{"compose.yaml": self.renamed((CONTAINERS / "compose.yaml").read_text())}) / "compose.yaml"
        self.words = ("podman-compose", "-f", file, "-p", self.name)
        self.make_secrets()
        self.addCleanup(engine.podman, "network", "rm", "-f", f"{self.name}_default", check=False)
        self.addCleanup(engine.run, *self.words, "down", "-v", check=False)

    def test_brings_both_up_and_keeps_the_fleet_over_down_and_up(self):
        postgres, fleetd = f"{self.name}_postgres_1", f"{self.name}_fleetd_1"
        engine.run(*self.words, "up", "-d")
        hosts = self.until_a_host_is_alive(fleetd)
        self.shows_no_password(postgres, fleetd)
        engine.run(*self.words, "down")
        engine.run(*self.words, "up", "-d")
        self.assertEqual(self.until_a_host_is_alive(fleetd), hosts)
        joined = self.ask(postgres, "select count(*) from fleet.events where type = 'host_joined'", "fleet", "fleet")
        self.assertEqual(joined, "2")
        engine.podman("stop", fleetd, postgres)
        codes = engine.podman("inspect", "--format", "{{.State.ExitCode}}", fleetd, postgres).stdout.split()
        self.assertEqual(codes, ["0", "0"])


class Quadlet(Pair):
    def units(self):
        return {path.name: self.renamed(path.read_text()) for path in (CONTAINERS / "quadlet").iterdir()}

    def test_the_generator_takes_the_units(self):
        generator = next((path for path in GENERATORS if pathlib.Path(path).exists()), None)
        if generator is None:
            self.skipTest("this Podman has no generator for systemd (4.4 brings it)")
        told = subprocess.run([generator, "--user", "--dryrun"], capture_output=True, text=True, check=False,
                              env={**os.environ, "QUADLET_UNIT_DIRS": str(CONTAINERS / "quadlet")})
        self.assertEqual(told.returncode, 0, told.stderr)
        for service in ("fleet-postgres.service", "fleetd.service"):
            self.assertIn(service, told.stdout)
        self.assertNotIn("unsupported key", told.stderr)

    def run_of(self, unit, runtime):
        """The words of `podman run` that the generator makes of a unit, and what is to be done before."""
        section, image, words, before = "", "", [], []
        for line in unit.splitlines():
            key, _, value = line.partition("=")
            value = value.replace("%t", str(runtime)).replace("%H", "test-host")
            if line.startswith("["):
                section = line
            elif key == "ExecStartPre":
                before.append(shlex.split(value))
            elif section != "[Container]" or not value or line.startswith("#"):
                continue
            elif key == "Image":
                image = value
            elif key == "NoNewPrivileges":
                words += ["--security-opt", "no-new-privileges"]
            elif key == "PodmanArgs":
                words += shlex.split(value)
            else:
                value = value.replace("fleet.network", self.name).replace("fleet-postgres-data.volume:", f"{self.name}-data:")
                value = value.replace("fleetd-state.volume:", f"{self.name}-state:")
                each = shlex.split(value) if key in MANY else [value]
                words += [word for one in each for word in (OPTIONS[key], self.name + "-" + one if key == "ContainerName" else one)]
        return before, [*words, "-d", "--label", "dev.fleettools.test=true", image]

    def test_the_two_find_each_other_and_the_host_finds_the_socket(self):
        if engine.ON_HOST_NETWORK:
            self.skipTest("the two find each other by name on a network of their own, which cannot be had here")
        runtime, postgres, fleetd = self.folder(), f"{self.name}-fleet-postgres", f"{self.name}-fleetd"
        engine.podman("network", "create", self.name)
        self.addCleanup(engine.podman, "network", "rm", "-f", self.name, check=False)
        self.make_secrets("--host", postgres)
        units = self.units()
        for unit, container in (("fleet-postgres.container", postgres), ("fleetd.container", fleetd)):
            before, words = self.run_of(units[unit], runtime)
            for command in before:
                subprocess.run(command, check=True)
            self.addCleanup(engine.podman, "rm", "-f", "-i", "-t", "0", container, check=False)
            engine.podman("run", *words)
        for volume in ("data", "state"):
            self.addCleanup(engine.podman, "volume", "rm", "-f", f"{self.name}-{volume}", check=False)
        self.until_a_host_is_alive(fleetd)
        self.shows_no_password(postgres, fleetd)
        from_outside = engine.run("env", f"FLEET_RUNTIME_DIR={runtime}/fleet",
                                  pathlib.Path(os.environ.get("FLEET_E2E_PREFIX", "/usr/local")) / "bin/fleet", "status")
        self.assertIn("test-host", from_outside.stdout)


if __name__ == "__main__":
    engine.need_containers()
    if shutil.which("podman-compose") is None:
        print("skipped: podman-compose is not installed")
        sys.exit(1 if os.environ.get("FLEET_REQUIRE_PODMAN") else 77)
    unittest.main(verbosity=2)
