"""What agents do with each other: mail between two daemons, a simulated fleet, questions meanwhile."""
import json
import subprocess
import time

from server import Daemon


def mail(bench):
    """500 messages a second, written through one daemon, waited for in mailboxes of another."""
    options = bench.options
    with Daemon(str(options.build / "daemon" / "fleetd"), bench.server, options.database) as other:
        bench.say("send_to_inbox_on_another_daemon",
                  bench.load("mail", reader_socket=other.socket, rate=500, clients=20, count=500 * options.seconds, project="mail"))


def simulate(bench, *flags):
    command = [str(bench.options.build / "client" / "fleet"), "simulate", "--json", "--speed", "max", *flags]
    return subprocess.Popen(command, env=dict(bench.daemon.env, FLEET_SOCKET=str(bench.daemon.socket)),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def figures_of(process):
    out, err = process.communicate(timeout=900)
    if process.returncode != 0:
        raise SystemExit(f"bench: fleet simulate ended with {process.returncode}: {err}{out[-4000:]}")
    figures = json.loads(out)
    keep = ("took_ms", "sorties_per_minute", "missions_per_hour", "commands_per_second", "ready_to_claimed")
    return {key: figures[key] for key in keep}


def fleet(bench):
    """100 pilots finish 1,000 sorties of 200 missions as fast as they can, alone and with 50 others who ask."""
    flags = ("--pilots", "100", "--missions", "200", "--sorties-per-mission", "5", "--crash-rate", "0")
    alone = figures_of(simulate(bench, *flags, "--seed", "1"))
    bench.say("simulation_100_pilots", alone)
    running = simulate(bench, *flags, "--seed", "2")
    # The project of the simulation is the one that is asked about: it has to be there, and work to be under way.
    time.sleep(1)
    seconds = max(2, int(alone["took_ms"] * 0.7 / 1000))
    bench.say("http_50_clients_meanwhile", bench.load("http", clients=50, seconds=seconds, project="simulation-2"))
    bench.say("simulation_100_pilots_while_asked", figures_of(running))
