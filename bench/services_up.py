#!/usr/bin/env python3
"""How long `fleet services up` takes: services_up.py PREFIX [ROUNDS]

Each round has a home of its own and ends with nothing left. cold: first start, the cluster is made, the schema applied. warm: after `down`, with
the data there. Both from the call of the command to its end, fleetd's own start, a query on the final server and the schema included. Providers are
podman (image present; where containers can run) and native. Prints medians and all values in seconds, as JSON.
"""
import json
import os
import pathlib
import statistics
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
os.environ["FLEET_E2E_PREFIX"] = sys.argv[1] if len(sys.argv) > 1 else "/usr/local"
sys.path.insert(0, str(SOURCE / "tests/e2e"))

import podman_stage  # noqa: E402  (it reads the prefix when it is imported)
import stage  # noqa: E402


def timed(home, *words):
    began = time.monotonic()
    answer = home.fleet("services", *words, limit=180)
    took = time.monotonic() - began
    if answer.status != 0:
        sys.exit(str(answer))
    return took


def one_round(home):
    try:
        times = {"cold": timed(home, "up"), "down": timed(home, "down"), "warm": timed(home, "up")}
    finally:
        home.close()
    return times


def measure(make_home, rounds):
    all_times = [one_round(make_home()) for _ in range(rounds)]
    return {name: {"median": round(statistics.median(times[name] for times in all_times), 2),
                   "all": sorted(round(times[name], 2) for times in all_times)} for name in ("cold", "warm", "down")}


def main():
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    podman_stage.engine()
    image = podman_stage.image()
    load = os.getloadavg()[0]
    figures = {"podman": measure(lambda: podman_stage.Home(image), rounds),
               "native": measure(stage.Home, rounds)}
    print(json.dumps({"load_before": round(load, 1), "image": image, **figures}, indent=2))


if __name__ == "__main__":
    main()
