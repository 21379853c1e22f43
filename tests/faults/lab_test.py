"""The laboratory's own parts: a schedule is its seed's alone, proxies do what they say, leftovers are found."""
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from lab import reaper, schedule  # noqa: E402
from lab.hosts import python_root  # noqa: E402
from lab.network import Proxy, free_ports  # noqa: E402
from lab.processes import Child, marked_pids, own_tag, started_at  # noqa: E402
from lab.report import Tally  # noqa: E402
from lab.stage import clean_environment  # noqa: E402
from lab.waiting import eventually, now_us  # noqa: E402

HOSTS = ["h1", "h2", "h3"]


class Schedules(unittest.TestCase):
    def test_a_seed_always_draws_the_same(self):
        twice = [schedule.draw_schedule(7, HOSTS, 30) for _ in range(2)]
        self.assertEqual(*twice)
        self.assertNotEqual(twice[0], schedule.draw_schedule(8, HOSTS, 30))

    def test_a_printed_schedule_is_read_back(self):
        drawn = schedule.draw_schedule(3, HOSTS, 30)
        self.assertEqual(schedule.read(fault.line() for fault in drawn), drawn)

    def test_nothing_but_the_wanted_kinds_is_drawn(self):
        wanted = {"daemon_killed", "link_cut"}
        self.assertEqual({fault.kind for fault in schedule.draw_schedule(1, HOSTS, 60, wanted)}, wanted)

    def test_fifty_seeds_have_every_kind(self):
        drawn = {fault.kind for seed in range(1, 51) for fault in schedule.draw_schedule(seed, HOSTS, 20)}
        self.assertEqual(schedule.KINDS - drawn, {"host_frozen_long"}, "it takes longer than 20 s by itself")
        drawn = {fault.kind for seed in range(1, 21) for fault in schedule.draw_schedule(seed, HOSTS, 60)}
        self.assertIn("host_frozen_long", drawn)

    def test_a_host_and_the_servers_are_broken_in_one_way_at_a_time(self):
        for seed in range(1, 30):
            until = {}
            for fault in schedule.draw_schedule(seed, HOSTS, 40):
                group = schedule.group_of(fault.kind, fault.target)
                if group:
                    self.assertGreaterEqual(fault.at, until.get(group, 0), f"seed {seed}, {fault.text()}")
                    until[group] = fault.at + fault.seconds


class Echo:
    """A server that says back what it hears."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.echo, args=[link], daemon=True).start()

    @staticmethod
    def echo(link):
        try:
            while data := link.recv(4096):
                link.sendall(data)
        except OSError:
            pass
        finally:
            link.close()


class Proxies(unittest.TestCase):
    def setUp(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.port, target = free_ports(2)
        echo = Echo(target)
        self.addCleanup(echo.listener.close)
        pairs = [(("127.0.0.1", self.port), ("127.0.0.1", target))]
        self.proxy = Proxy(folder, "h1", pairs, [], python_root(), clean_environment())
        self.addCleanup(self.proxy.close)

    def connect(self):
        link = self.enterContext(socket.create_connection(("127.0.0.1", self.port), 5))
        link.settimeout(1.0)
        return link

    def answer(self, link, data=b"hello"):
        """What comes back; None for nothing within a second, b"" when the other side has gone."""
        try:
            link.sendall(data)
            return link.recv(4096)
        except TimeoutError:
            return None
        except ConnectionError:
            return b""

    def test_data_pass(self):
        self.assertEqual(self.answer(self.connect()), b"hello")

    def test_a_delay_holds_each_way_once(self):
        link = self.connect()
        self.answer(link)
        self.proxy.order(do="delay", ms=150)
        began = now_us()
        self.assertEqual(self.answer(link), b"hello")
        self.assertGreaterEqual(now_us() - began, 300_000)

    def test_a_hole_swallows_nothing_and_tells_nobody(self):
        link = self.connect()
        self.answer(link)
        self.proxy.order(do="hole")
        self.assertIsNone(self.answer(link))
        self.assertIsNone(self.answer(self.connect()))
        self.proxy.order(do="heal")
        self.assertEqual(link.recv(4096), b"hello")

    def test_half_open_leaves_the_client_waiting_and_lets_new_ones_pass(self):
        link = self.connect()
        self.answer(link)
        self.assertEqual(self.proxy.order(do="half_open", side="server"), {"paths": 1})
        self.assertIsNone(self.answer(link))
        self.assertEqual(self.answer(self.connect()), b"hello")

    def test_half_open_on_the_clients_side_resets_it(self):
        link = self.connect()
        self.answer(link)
        self.proxy.order(do="half_open", side="client")
        self.assertEqual(self.answer(link), b"")


class Leftovers(unittest.TestCase):
    def test_a_dead_runs_folder_and_processes_are_removed_and_a_living_ones_are_not(self):
        dead = subprocess.Popen(["true"])
        began = started_at(dead.pid)
        dead.wait()
        orphan = pathlib.Path(tempfile.mkdtemp(prefix=f"fleet-lab-{dead.pid}-{began}-", dir="/tmp"))
        mine = pathlib.Path(tempfile.mkdtemp(prefix=f"fleet-lab-{own_tag()}-", dir="/tmp"))
        self.addCleanup(mine.rmdir)
        left = Child(["sleep", "60"], orphan / "log", clean_environment(), folder=orphan)
        self.addCleanup(left.kill)
        self.assertTrue(eventually(lambda: list(marked_pids(orphan)) == [left.pid], 5))
        reaper.reap()  # another run beside this one may have been faster
        self.assertTrue(eventually(lambda: not orphan.exists(), 5))
        self.assertTrue(eventually(lambda: not left.running(), 5))
        self.assertTrue(mine.exists())


class Minimum(unittest.TestCase):
    def test_a_run_in_which_nothing_happened_is_not_clean(self):
        tally = Tally()
        tally.seconds = 20
        self.assertEqual(len(list(tally.shortfalls())), 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
