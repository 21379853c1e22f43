"""Packages from npm that a test runs: installed once in a build tree, from the lock file that stands beside the test."""
import fcntl
import pathlib
import shutil
import subprocess
import unittest

import stage

AS_LOCKED = ("ci", "--ignore-scripts")


def installed(folder, name, command=AS_LOCKED, limit=300):
    """The place NAME in the build tree with node_modules; made anew when the lock file is another one. SkipTest says why it cannot be."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise unittest.SkipTest(f"there is no {program}")
    place = stage.PREFIX.parent / name
    # Two tests may want the same packages at the same moment.
    with open(place.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (pathlib.Path(folder) / "package-lock.json").read_text()
        mark = place / "installed.json"
        if mark.exists() and mark.read_text() == wanted:
            return place
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for file in ("package.json", "package-lock.json"):
            shutil.copy(pathlib.Path(folder) / file, place / file)
        done = subprocess.run(["npm", *command, "--no-audit", "--no-fund", "--loglevel=error"], cwd=place, text=True,
                              capture_output=True, timeout=limit)
        if done.returncode != 0:
            raise unittest.SkipTest(f"npm could not install {name}: {done.stderr.strip()[-300:]}")
        mark.write_text(wanted)
    return place
