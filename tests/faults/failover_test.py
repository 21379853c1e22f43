"""Scripted failovers: what a schedule meets once in a thousand seeds."""
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from lab.hosts import call  # noqa: E402
from lab.postgres import binaries  # noqa: E402
from lab.stage import Stage, StageOptions  # noqa: E402
from lab.waiting import eventually  # noqa: E402


def append(host, number, limit=5.0):
    """The answer to an append that carries its own id; None when there was none in time."""
    event = f"evt_{number:026d}"
    body = {"events": [{"type": "x.made", "event_id": event, "data": {"number": number}}]}
    try:
        return call(host.socket, "POST", "/api/v1/events/batch", body, limit, **{
            "Fleet-Project": "alpha", "Fleet-As": "tester", "Idempotency-Key": f"key-{number}"})
    except OSError:
        return None


def promote(stage):
    stage.primary.kill()
    stage.standby.wait_for_copies(False)
    stage.standby.promote()
    assert eventually(stage.standby.is_primary, 30)
    stage.primary, stage.standby = stage.standby, None


class Failover(unittest.TestCase):
    def setUp(self):
        self.stage = self.enterContext(Stage(StageOptions(hosts=1)))
        self.host = self.stage.hosts["h1"]

    def events(self, number):
        return self.stage.rows(f"select seq from fleet_log.events where event_id = 'evt_{number:026d}'")

    def test_a_repeated_answer_waits_for_the_standby_as_the_first_one_did(self):
        self.assertEqual(append(self.host, 1)[0], 201)
        self.stage.network.cut("b", peers=["a"])
        # Committed here, and never confirmed: the crash ends the wait.
        waiting = threading.Thread(target=append, args=(self.host, 2))
        waiting.start()
        self.assertTrue(eventually(lambda: self.stage.primary.value(
            "select count(*) from pg_stat_activity where wait_event = 'SyncRep'") != "0", 10))
        self.stage.primary.crash()
        self.stage.primary.start()
        self.stage.primary.wait_ready()
        self.assertTrue(self.events(2), "the commit was not there after the crash: this test says nothing")
        answer = append(self.host, 2, limit=4)
        waiting.join()
        promote(self.stage)
        self.stage.network.heal("b")
        self.assertTrue(eventually(self.host.ready, 30))
        if answer and answer[0] in (200, 201):
            self.assertTrue(self.events(2), f"acknowledged ({answer}), and lost with the old primary")

    def test_under_load_agents_see_a_pause_and_then_go_on(self):
        acknowledged, stop = [], threading.Event()

        def write():
            number = 10
            while not stop.is_set():
                answer = append(self.host, number, limit=3)
                if answer and answer[0] in (200, 201):
                    acknowledged.append((number, time.monotonic()))
                    number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            self.assertTrue(eventually(lambda: len(acknowledged) > 50, 20))
            before, began = len(acknowledged), time.monotonic()
            promote(self.stage)
            self.assertTrue(eventually(lambda: len(acknowledged) > before + 50, 40))
        finally:
            stop.set()
            writer.join()
        times = [began, *(at for _, at in acknowledged if at > began)]
        pause = max(later - earlier for earlier, later in zip(times, times[1:]))
        print(f"failover under load: {len(acknowledged)} acknowledged, paused for {pause:.1f} s")
        there = {row["n"] for row in self.stage.rows(
            "select (data ->> 'number')::int as n from fleet_log.events where type = 'x.made'")}
        self.assertEqual({number for number, _ in acknowledged} - there, set())
        self.assertLess(pause, 20)


class Epochs(unittest.TestCase):
    def test_a_host_whose_epoch_moved_joins_once_however_many_commands_were_under_way(self):
        stage = self.enterContext(Stage(StageOptions(hosts=1, standby=False)))
        host = stage.hosts["h1"]
        stop = threading.Event()

        def write(first):
            number = first
            while not stop.is_set():
                append(host, number)
                number += 1

        writers = [threading.Thread(target=write, args=(1000 * i,)) for i in range(1, 17)]
        for writer in writers:
            writer.start()
        joined = "select count(*) as n from fleet_log.events where type = 'host_joined'"
        try:
            self.assertTrue(eventually(lambda: stage.rows(
                "select count(*) as n from fleet_log.events where type = 'x.made'")[0]["n"] > 100, 20))
            # What declaring the host lost does to it.
            stage.primary.text("update fleet_live.hosts set epoch = epoch + 1000000")
            self.assertTrue(eventually(lambda: stage.rows(joined)[0]["n"] >= 2, 10))
            head = stage.rows("select max(seq) as n from fleet_log.events")[0]["n"]
            self.assertTrue(eventually(lambda: stage.rows(
                "select max(seq) as n from fleet_log.events")[0]["n"] > head + 100, 20))
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        self.assertEqual(stage.rows(joined)[0]["n"], 2)


if __name__ == "__main__":
    sys.exit(77) if binaries() is None else unittest.main(verbosity=2)
