"""What the end-to-end tests with real Podman have in common: a way to run containers here, an image, names of one's own.

Where no container can run the whole script ends with 77 and the reason; with FLEET_REQUIRE_PODMAN that is a failure.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import uuid

import stage

TESTING = stage.SOURCE / "containers/testing"
HOMES = pathlib.Path("/tmp")
HOME_LABEL = "dev.fleettools.home"


def cannot_run(why):
    print(f"no containers here: {why}", file=sys.stderr)
    sys.exit(1 if os.environ.get("FLEET_REQUIRE_PODMAN") else 77)


def engine():
    """What containers/testing/podman-env.sh found: {"FLEET_PODMAN_NETWORK": …}."""
    where = os.environ.get("FLEET_TEST_ENGINE") or os.path.join(tempfile.gettempdir(), f"fleet-engine-{os.getuid()}")
    found = subprocess.run([TESTING / "podman-env.sh", where], capture_output=True, text=True, timeout=120)
    if found.returncode != 0:
        lines = (found.stderr or found.stdout).strip().splitlines()
        cannot_run(lines[-1].removeprefix("no containers here: ") if lines else "podman-env.sh gave no reason")
    shown = subprocess.run(["bash", "-c", f'set -a; . "{where}/engine.env"; env -0'], capture_output=True, text=True,
                           timeout=20)
    return dict(entry.split("=", 1) for entry in shown.stdout.split("\0") if entry.startswith(("FLEET_", "PODMAN")))


def image():
    given = os.environ.get("FLEET_TEST_IMAGE")
    if given:
        return given
    built = subprocess.run([stage.SOURCE / "containers/build-image.sh"], capture_output=True, text=True, timeout=300)
    if built.returncode != 0:
        cannot_run("no image can be built: " + (built.stderr.strip().splitlines() or ["?"])[-1])
    return built.stdout.split()[-1]


def podman(*words, check=False):
    done = subprocess.run(["podman", "--log-level=error", *map(str, words)], capture_output=True, text=True, timeout=90)
    if check and done.returncode != 0:
        raise AssertionError(f"podman {words}: {done.stderr}")
    return done.stdout.strip()


def inspect(name):
    """What Podman knows of a container, or None."""
    shown = podman("container", "inspect", name)
    found = json.loads(shown) if shown else []
    return found[0] if found else None


def names(kind):
    return podman(kind, "ls", "--format", "{{.Name}}").split()


def remove(name):
    podman("rm", "--force", "--volumes", "--time=0", name)
    podman("volume", "rm", "--force", f"{name}-data")
    if f"{name}-password" in names("secret"):
        podman("secret", "rm", f"{name}-password")


def reap():
    """Removes what runs left behind that were killed: their homes are gone."""
    shown = podman("ps", "--all", "--filter", f"label={HOME_LABEL}", "--format",
                   "{{.Names}} {{index .Labels \"" + HOME_LABEL + "\"}}")
    for line in shown.splitlines():
        name, home = line.split(" ", 1)
        if re.match(r"/tmp/fleet-e2e-", home) and not pathlib.Path(home).exists():
            remove(name)


class Home(stage.Home):
    """A user whose database is a container with a name of its own; nothing of it is left at the end."""

    def __init__(self, the_image, runtime="", **environment):
        self.name = f"fleet-e2e-{uuid.uuid4().hex[:8]}"
        self.volume = f"{self.name}-data"
        self.secret = f"{self.name}-password"
        super().__init__(**{"FLEET_PROVIDER": "podman", "FLEET_PODMAN_CONTAINER": self.name,
                            "FLEET_PODMAN_IMAGE": the_image, "FLEET_PODMAN_RUNTIME": runtime, **environment})

    def up(self, *words, **how):
        return self.fleet("services", "up", *words, **{"limit": 120, **how})

    def database(self):
        status = self.fleet("services", "status", "--json").json()
        return status.get("database", status)

    def sql(self, text):
        return self.fleet("services", "psql", "--", "-XAtc", text)

    def podman_files(self):
        return self.data / "podman"

    def path_without_podman(self):
        """A PATH with everything but podman."""
        place = self.path / "bin-without-podman"
        place.mkdir()
        for directory in dict.fromkeys(self.environment["PATH"].split(":")):
            for entry in (pathlib.Path(directory).iterdir() if os.path.isdir(directory) else []):
                if not entry.name.startswith("podman") and not (place / entry.name).exists():
                    (place / entry.name).symlink_to(entry)
        return str(place)

    def close(self):
        keep = os.environ.get("FLEET_TEST_KEEP")
        if not keep:
            try:
                self.fleet("services", "destroy", "--yes", limit=60)
            except (OSError, subprocess.SubprocessError):
                pass
        super().close()
        if not keep:
            remove(self.name)
            shutil.rmtree(self.path, ignore_errors=True)
