#!/usr/bin/env python3
"""The checkers can fail: with a mechanism switched off each of them finds, within five seeds, what it is there for.

The short form takes the safeties of the database away together; FLEET_TEST_LONG=1 takes each mechanism alone.
"""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from lab import checkers  # noqa: E402
from lab.conductor import Conductor  # noqa: E402
from lab.postgres import binaries  # noqa: E402
from lab.schedule import draw_schedule  # noqa: E402
from lab.stage import Stage, StageOptions  # noqa: E402
from lab.switches import MECHANISMS  # noqa: E402
from lab.waiting import eventually  # noqa: E402

SEEDS = range(1, 6)
TOGETHER = ("token_check", "displacement", "claim_check", "idempotency", "fold")
SECONDS = 10  # of faults, for those that need some


def events_logged(stage):
    return stage.rows("select coalesce(max(seq), 0) as head from fleet_log.events")[0]["head"]


def play(seed, stage_options, kinds=frozenset(), events=800):
    """The kinds of findings of one run."""
    options = StageOptions(**{"hosts": 2, "namespaces": False, "standby": False, **stage_options})
    with Stage(options, seed) as stage:
        stage.start_agents()
        if kinds:
            plan = draw_schedule(seed, list(stage.hosts), SECONDS, set(kinds), options.standby)
            Conductor(stage, plan).run(SECONDS)
        else:
            eventually(lambda: events_logged(stage) >= events, 60)
        stage.finish(limit=20)
        return set(checkers.check(stage.folder).kinds)


def first_seed_with(wanted, stage_options, kinds=frozenset()):
    """The seed that found one of each of `wanted`, or what was still missing."""
    missing = dict(wanted)
    for seed in SEEDS:
        found = play(seed, stage_options, kinds)
        missing = {name: kinds_wanted for name, kinds_wanted in missing.items() if not kinds_wanted & found}
        if not missing:
            return seed, missing
    return None, missing


@unittest.skipIf(binaries() is None and not os.environ.get("FLEET_REQUIRE_PG"), "no PostgreSQL server binaries")
class Switches(unittest.TestCase):
    def test_what_protects_the_database_is_missed_at_once(self):
        switches = ",".join(MECHANISMS[name].stage["database_switches"] for name in TOGETHER)
        wanted = {name: MECHANISMS[name].found_as for name in TOGETHER}
        seed, missing = first_seed_with(wanted, {"database_switches": switches})
        self.assertEqual(missing, {})
        print(f"all found by seed {seed}")

    @unittest.skipUnless(os.environ.get("FLEET_TEST_LONG"), "each mechanism alone: FLEET_TEST_LONG=1")
    def test_each_mechanism_alone_is_missed(self):
        for name, mechanism in MECHANISMS.items():
            with self.subTest(name):
                stage_options = {"standby": "standby_promoted" in mechanism.kinds, **mechanism.stage}
                seed, missing = first_seed_with({name: mechanism.found_as}, stage_options, mechanism.kinds)
                self.assertEqual(missing, {}, mechanism.words)
                print(f"{name}: found by seed {seed}", flush=True)


if __name__ == "__main__":
    unittest.main()
