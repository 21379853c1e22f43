#!/usr/bin/env python3
"""What `make bench` runs: FleetTools and its yardstick side by side, on one server, in one run.

usage: run.py --build DIR [--flush-us 1000] [--seconds 5] [--json FILE] [--only NAME,…]
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import domain
import hooks
import hosts
import mcp
import queues
from server import Daemon, Server

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = (1, 8, 64)


class Bench:
    def __init__(self, options, server, daemon):
        self.options, self.server, self.daemon = options, server, daemon
        self.results = {}

    def load(self, mode, **arguments):
        command = [str(self.options.build / "bench" / "fleet_load"), mode, "--socket", str(self.daemon.socket)]
        for key, value in arguments.items():
            command += [f"--{key.replace('_', '-')}", str(value)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: {' '.join(command)}\n{done.stderr}")
        return json.loads(done.stdout)

    def say(self, name, value):
        self.results[name] = value
        print(f"  {name:44} {json.dumps(value)}", flush=True)

    def pgbench(self, clients):
        done = subprocess.run(
            [str(self.server.bin / "pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T",
             str(self.options.seconds), "-f", str(HERE / "yardstick.sql"), "-h", str(self.server.dir), "-U", "fleet",
             "postgres"], capture_output=True, text=True)
        rate = re.search(r"tps = ([0-9.]+) \(without", done.stdout)
        if not rate:
            raise SystemExit(f"bench: pgbench failed: {done.stderr}")
        return float(rate.group(1))

    def throughput(self):
        self.server.psql("create table yardstick (id bigint generated always as identity primary key, "
                         "at timestamptz not null default now(), project text, type text, data jsonb)")
        # One statement, hence one commit: the least that a design with a NOTIFY per write can pay.
        for clients in CLIENTS:
            before = self.pgbench(clients)
            appends = self.load("append", clients=clients, seconds=self.options.seconds)
            reserves = self.load("reserve", clients=clients, seconds=self.options.seconds)
            yard = (before + self.pgbench(clients)) / 2
            self.say(f"yardstick.{clients}.per_second", round(yard))
            self.say(f"append.{clients}", appends)
            self.say(f"append.{clients}.ratio", round(appends["per_second"] / yard, 2))
            self.say(f"reserve_release.{clients}", reserves)
            self.say(f"reserve_release.{clients}.ratio", round(reserves["per_second"] / yard, 2))

    def latency(self):
        self.say("append_at_1000_per_second", self.load("append-rate", rate=1000, clients=16, seconds=self.options.seconds))
        self.say("commit_to_subscriber", self.load("delivery", count=2000))
        self.say("query_100_events", self.load("query", count=300))

    def held(self):
        """Reserve among 0, 1,000 and 10,000 held: literal, directory and repo-wide patterns."""
        database = self.options.database
        held = 0
        for target in (0, 1000, 10000):
            while held < target:
                step = min(500, target - held)
                self.server.psql(
                    "select count(*) from fleet.act((select jsonb_agg(jsonb_build_object('op','reserve','project','held',"
                    "'actor','holder-'||(n % 50),'args',jsonb_build_object('ttl_seconds',36000,'patterns',jsonb_build_array("
                    "case n % 10 when 0 then format('dir%s/**', n) when 1 then format('pkg%s/*.cpp', n) "
                    "else format('src/d%s/file%s.cpp', n % 97, n) end)))) "
                    f"from generate_series({held}, {held + step - 1}) n))", database)
                held += step
            self.server.psql("analyze", database)
            for kind in ("literal", "directory", "repo-wide"):
                self.say(f"reserve.{target}_held.{kind}", self.load("reserve-one", project="held", kind=kind, count=100))

    def replay(self):
        database = self.options.database
        events = int(self.server.psql("select count(*) from fleet.events", database))
        started = time.monotonic()
        self.server.psql("select fleet.replay('fleet_bench_replay'); drop schema fleet_bench_replay cascade", database)
        seconds = time.monotonic() - started
        self.say("replay", {"events": events, "seconds": round(seconds, 2), "events_per_second": round(events / seconds)})

    def mail(self):
        domain.mail(self)

    def fleet(self):
        domain.fleet(self)

    def hosts(self):
        hosts.hosts(self)

    def queue(self):
        queues.queue(self)

    def mcp(self):
        mcp.mcp(self)

    def hooks(self):
        hooks.hooks(self)

    def idle(self):
        _, cpu = self.daemon.cost()
        started = time.monotonic()
        subprocess.run(["sleep", "10"], check=True)
        resident, after = self.daemon.cost()
        self.say("fleetd_idle", {"resident_mb_after_load": round(resident, 1),
                                 "core_percent": round(100 * (after - cpu) / (time.monotonic() - started), 3)})


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--flush-us", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--only", default="idle,throughput,latency,held,replay,mail,fleet,hosts,queue,mcp,hooks")
    options = parser.parse_args()
    options.database = "fleet"
    return options


def main():
    options = parse()
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with Server(options.flush_us, options.build / "bench" / "libslow_flush.so", base) as server:
        server.psql(f"create database {options.database}")
        flush = round(server.fdatasync_us())
        print(f"commit of one row (flush included): {flush} us, of which {options.flush_us} us are added; "
              f"{os.cpu_count()} cores")
        with Daemon(str(options.build / "daemon" / "fleetd"), server, options.database) as daemon:
            bench = Bench(options, server, daemon)
            bench.results["commit_us"] = flush
            for name in options.only.split(","):
                print(f"{name}:", flush=True)
                getattr(bench, name)()
        if options.json:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(json.dumps(bench.results, indent=2) + "\n")
            print(f"written: {options.json}")


if __name__ == "__main__":
    sys.exit(main())
