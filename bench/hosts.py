"""Many hosts on one database: 8 daemons, 50 subscribers each, 1,000 events a second for all of them."""
import contextlib
import json
import os
import pathlib
import subprocess
import time

from server import Daemon

DAEMONS = 8
SUBSCRIBERS = 50
RATE = 1000
SECONDS = 15


def cpu_of(pids):
    """CPU seconds so far, of processes that are still there."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def children_of(parent):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            if int(entry.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(entry.parent.name))
    return found


def busy_cores():
    """Cores that the whole machine has used so far, in seconds: what others take is part of the story."""
    fields = [int(x) for x in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def load(bench, mode, sockets, **arguments):
    command = [str(bench.options.build / "bench" / "fleet_load"), mode, "--socket", str(sockets[0]), "--project", "fan"]
    for socket in sockets:
        command += ["--sockets", str(socket)]
    for key, value in arguments.items():
        command += [f"--{key}", str(value)]
    return command


def hosts(bench):
    program = str(bench.options.build / "daemon" / "fleetd")
    count = RATE * SECONDS
    with contextlib.ExitStack() as stack:
        daemons = [bench.daemon] + [stack.enter_context(Daemon(program, bench.server, bench.options.database))
                                    for _ in range(DAEMONS - 1)]
        sockets = [daemon.socket for daemon in daemons]
        empty = [daemon.cost()[0] for daemon in daemons]
        reader = subprocess.Popen(load(bench, "fan-read", sockets, clients=SUBSCRIBERS, count=count),
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            if reader.stdout.readline().strip() != "ready":
                raise SystemExit(f"bench: the readers did not get ready: {reader.stderr.read()}")
            subscribed = [daemon.cost()[0] for daemon in daemons]
            server = [bench.server.process.pid, *children_of(bench.server.process.pid)]
            groups = {"daemons": [daemon.process.pid for daemon in daemons], "postgres": server, "readers": [reader.pid]}
            before = {name: cpu_of(pids) for name, pids in groups.items()}
            machine, started = busy_cores(), time.monotonic()
            done = subprocess.run(load(bench, "fan-write", sockets, rate=RATE, count=count), capture_output=True, text=True)
            if done.returncode != 0:
                raise SystemExit(f"bench: the writer failed: {done.stderr}")
            written = json.loads(done.stdout)
            took = time.monotonic() - started
            spent = {name: cpu_of(pids) - before[name] for name, pids in groups.items()}
            cores = {name: round(seconds / took, 2) for name, seconds in spent.items()}
            cores["machine"] = round((busy_cores() - machine) / took, 2)
            cores["daemons_us_per_delivery"] = round(1e6 * spent["daemons"] / (count * DAEMONS * SUBSCRIBERS), 2)
            out, err = reader.communicate(timeout=300)
            if reader.returncode != 0:
                raise SystemExit(f"bench: the readers failed: {err}")
            after = [daemon.cost()[0] for daemon in daemons]
        finally:
            if reader.poll() is None:
                reader.kill()
        figures = json.loads(out)
        if figures["out_of_order"] or figures["complete"] != DAEMONS * SUBSCRIBERS:
            raise SystemExit(f"bench: not everybody got everything in order: {figures}")
        bench.say("hosts.written", written)
        bench.say("hosts.delivered", figures)
        bench.say("hosts.cores", cores)
        bench.say("hosts.kb_per_subscriber", {
            "idle": round(1024 * (sum(subscribed) - sum(empty)) / DAEMONS / SUBSCRIBERS, 1),
            "at_work": round(1024 * (sum(after) - sum(empty)) / DAEMONS / SUBSCRIBERS, 1)})
        bench.say("hosts.mb_per_daemon", {"without": round(sum(empty) / DAEMONS, 1), "at_work": round(sum(after) / DAEMONS, 1)})
