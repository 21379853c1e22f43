"""What agents do with each other: mail between two daemons, a simulated fleet, questions meanwhile."""
import json
import subprocess
import time

from server import Daemon

PACE = 4   # how many times faster than life pilots work, where they shall wait for work and not for the machine


def mail(bench):
    """500 messages a second, written through one daemon, waited for in mailboxes of another."""
    options = bench.options
    with Daemon(str(options.build / "daemon" / "fleetd"), bench.server, options.database) as other:
        bench.say("send_to_inbox_on_another_daemon",
                  bench.load("mail", reader_socket=other.socket, rate=500, clients=1000, project="mail"))


def fleet(bench):
    """100 pilots and 1,000 sorties: as fast as it goes, and at a pace at which pilots wait for work; then with 50 others who ask."""
    load = {"clients": 100, "count": 1000}
    bench.say("simulation_as_fast_as_it_goes", bench.load("simulate", seed=1, **load))
    paced = bench.load("simulate", seed=2, speed=PACE, **load)
    bench.say("simulation_at_a_pace", paced)
    command = [str(bench.options.build / "bench" / "fleet_load"), "simulate", "--socket", str(bench.daemon.socket), "--seed", "3",
               "--speed", str(PACE), "--clients", "100", "--count", "1000"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # The project of the simulation is the one that is asked about: it has to be there, and work to be under way.
    time.sleep(1)
    seconds = max(2, int(paced["took_ms"] * 0.7 / 1000))
    bench.say("http_50_clients_meanwhile", bench.load("http", clients=50, seconds=seconds, project="simulation-3"))
    out, err = running.communicate(timeout=900)
    if running.returncode != 0:
        raise SystemExit(f"bench: the simulation ended with {running.returncode}: {err}")
    bench.say("simulation_while_asked", json.loads(out))
