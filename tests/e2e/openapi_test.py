"""The served OpenAPI document: valid, and true of every operation, as a client finds that knows nothing but it.

Needs node and npm; the packages of openapi/package-lock.json are installed beside the prefix, once.
"""
import os
import shutil
import subprocess
import sys

import stage

HERE = stage.SOURCE / "tests/e2e/openapi"
SKIPPED = 77


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def packages():
    """The folder with node_modules; made anew when the lock file is another one."""
    place = stage.PREFIX.parent / "openapi-client"
    lock = (HERE / "package-lock.json").read_text()
    mark = place / "installed.json"
    if mark.exists() and mark.read_text() == lock:
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, place / name)
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], cwd=place, text=True,
                          capture_output=True, timeout=180)
    if done.returncode != 0:
        skip(f"npm could not install the packages of the client: {done.stderr.strip()[-300:]}")
    mark.write_text(lock)
    return place


class OpenApi(stage.Case):
    def test_the_document_is_valid_and_every_operation_answers_as_it_says(self):
        place = packages()
        shutil.copy(HERE / "drive.mjs", place / "drive.mjs")
        home = stage.new_home(self)
        self.ok(home.fleet("services", "up", limit=120))
        socket = self.ok(home.fleet("status", "--json")).json()["daemon"]["socket"]
        rounds = os.environ.get("FLEET_TEST_ROUNDS") or ("40" if os.environ.get("FLEET_TEST_LONG") else "4")
        driven = home.run("node", place / "drive.mjs", socket, stage.SOURCE / "tests/support/scenario.json", cwd=place, limit=360,
                          FLEET_TEST_ROUNDS=rounds, FLEET_TEST_SEED=os.environ.get("FLEET_TEST_SEED", "20260101"))
        print(driven.out)
        self.ok(driven)


if __name__ == "__main__":
    for program in ("node", "npm"):
        if not shutil.which(program):
            skip(f"there is no {program}")
    stage.main()
