"""The served OpenAPI document: valid, and true of every operation, as a client finds that knows nothing but it.

Needs node and npm; the packages of openapi/package-lock.json are installed beside the prefix, once.
"""
import os
import shutil
import sys
import unittest

import npm_packages
import stage

HERE = stage.SOURCE / "tests/e2e/openapi"
SKIPPED = 77


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def packages():
    """The folder with node_modules; without them this test says why and is not counted."""
    try:
        place = npm_packages.installed(HERE, "openapi-client")
    except unittest.SkipTest as why:
        skip(why)
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
