#!/usr/bin/env python3
"""A figure that grows is told from one that does not; and the soak itself, for a moment."""
import os
import pathlib
import random
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from lab.trend import Limit, fit, steady_part  # noqa: E402

SOAK = pathlib.Path(__file__).resolve().parent / "soak"
HOUR = 3600


def series(value, noise=0.0, count=240, seconds=HOUR):
    draw = random.Random(7)
    return [(i * seconds / count, value(i / count) + draw.gauss(0, noise)) for i in range(count)]


class Trends(unittest.TestCase):
    def test_a_line_is_found_again(self):
        trend = fit(series(lambda part: 100 + 50 * part))
        self.assertAlmostEqual(trend.slope * HOUR, 50, places=6)
        self.assertAlmostEqual(trend.surely, trend.growth, places=6)

    def test_noise_alone_does_not_grow(self):
        trend = fit(series(lambda part: 100, noise=20))
        self.assertTrue(Limit(0.05, 0).allows(trend), trend)

    def test_a_leak_under_noise_grows(self):
        trend = fit(series(lambda part: 100 + 30 * part, noise=20))
        self.assertFalse(Limit(0.05, 0).allows(trend), trend)

    def test_a_saw_tooth_does_not_grow(self):
        trend = fit(series(lambda part: 100 + 40 * (part * 12 % 1)))
        self.assertTrue(Limit(0.10, 0).allows(trend), trend)

    def test_what_shrinks_does_not_grow(self):
        self.assertEqual(fit(series(lambda part: 100 - 50 * part)).surely, 0)

    def test_the_warm_up_is_not_looked_at(self):
        samples = series(lambda part: min(100, 400 * part))
        self.assertFalse(Limit(0.05, 0).allows(fit(samples)))
        self.assertTrue(Limit(0.05, 0).allows(fit(steady_part(samples))))

    def test_a_small_figure_may_move_by_its_amount(self):
        trend = fit(series(lambda part: 2 * part))
        self.assertTrue(Limit(0.05, 3).allows(trend))
        self.assertFalse(Limit(0.05, 1).allows(trend))


class Moment(unittest.TestCase):
    def test_a_moment_of_steady_work_is_sampled_and_reported(self):
        done = subprocess.run([sys.executable, SOAK, "--seconds", "8", "--hosts", "2"], capture_output=True, text=True,
                              timeout=150, env=dict(os.environ))
        if done.returncode == 77:
            self.skipTest(done.stderr.strip())
        # So short a look says nothing of growth; that all of it is measured is what counts here.
        for word in ("events/s", "memory of fleetd", "connections", "live tables", "dead rows", "WAL"):
            self.assertIn(word, done.stdout, done.stdout + done.stderr)
        self.assertNotIn("finding", done.stdout)
        self.assertIn(done.returncode, (0, 1), done.stderr)


if __name__ == "__main__":
    unittest.main()
