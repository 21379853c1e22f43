"""The agents of one host: a process with a thread for each client.

usage: python3 -m lab.agents --host h1 --socket PATH --history FILE --control FILE --seed N [--project KEY,…]
                             [--intensity PILOTS]
Ends with 0 when the control file says so; whoever kills it may start it again with the same arguments.
"""
import argparse
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

    runs = []
    for number in range(options.intensity):
        # Most of them in one project: there they meet those of the other hosts.
        project = projects[0] if number < 2 else projects[number % len(projects)]
        runs.append(Pilot(client(f"viper-{number + 1}", project)).run)
    main = projects[0]
    runs.append(Subscriber(client("sub-all", main), options.socket, {}).run)
    runs.append(Subscriber(client("sub-made", main), options.socket, {"project": main, "type": "x.made"}).run)
    runs.append(Subscriber(client("sub-cursor", main), options.socket, {"project": main},
                           cursor=f"{options.host}-cursor").run)
    return runs


def main(words):
    failures = []

    def guarded(run):
        try:
            run()
        except Exception:
            failures.append(traceback.format_exc())

    threads = [threading.Thread(target=guarded, args=[run]) for run in make_clients(parse(words))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stderr.write("".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
