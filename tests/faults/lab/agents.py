"""The agents of one host: a process with a thread for each client.

usage: python3 -m lab.agents --host h1 --socket PATH --history FILE --control FILE --seed N [--project KEY,…]
                             [--intensity PILOTS]
Ends with 0 when the control file says so; whoever kills it may start it again with the same arguments.
"""
import argparse
import pathlib
import random
import sys
import threading
import traceback

from lab.agents_pilot import Pilot
from lab.agents_subscriber import Subscriber
from lab.agents_wire import Client, Control
from lab.history import History


def parse(words):
    parser = argparse.ArgumentParser(prog="lab.agents")
    for name in ("host", "socket", "history", "control"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--project", default="alpha,beta")
    parser.add_argument("--intensity", type=int, default=3)
    return parser.parse_args(words)


def make_clients(options):
    history = History(options.history, options.host)
    control = Control(options.control)
    projects = options.project.split(",")

    def client(name, project):
        # The same choices for the same seed, whatever the other threads do; others after a restart.
        draw = random.Random(f"{options.seed}/{options.host}/{name}/{history.generation}")
        return Client(name, options.host, options.socket, project, history, control, draw)

    # Most of them in one project: there they meet those of the other hosts.
    pilots = [Pilot(client(f"viper-{n + 1}", projects[0] if n < 2 else projects[n % len(projects)]))
              for n in range(options.intensity)]
    first = projects[0]
    subscribers = [
        Subscriber(client("sub-all", first), options.socket, {}),
        Subscriber(client("sub-made", first), options.socket, {"project": first, "type": "x.made"}),
        Subscriber(client("sub-cursor", first), options.socket, {"project": first}, cursor=f"{options.host}-cursor"),
    ]
    return pilots, subscribers


def main(words):
    options = parse(words)
    # Says to the stage that nobody here writes any more.
    quiet = pathlib.Path(options.control + ".quiet")
    quiet.unlink(missing_ok=True)
    pilots, subscribers = make_clients(options)
    failures = []

    def guarded(run):
        try:
            run()
        except Exception:
            failures.append(traceback.format_exc())

    writers, readers = ([threading.Thread(target=guarded, args=[one.run]) for one in group]
                        for group in (pilots, subscribers))
    for thread in writers + readers:
        thread.start()
    for thread in writers:
        thread.join()
    quiet.touch()
    for thread in readers:
        thread.join()
    sys.stderr.write("".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
