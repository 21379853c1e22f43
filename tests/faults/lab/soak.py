"""Steady load for hours, without faults: what must not grow is sampled, and a line is fitted through it."""
import json
import os

from lab.hosts import call
from lab.trend import Limit, fit, steady_part
from lab.waiting import eventually, now_us, pause

MIB = 1 << 20

# What one look at the server gives. What a table keeps for ever (the log and what it says) grows with the work; so do
# answers that are kept for a day. They are looked at by the event, everything else as it is.
LOOK = """
select (select coalesce(max(seq), 0) from fleet_log.events) as events,
       (select pg_total_relation_size('fleet_log.events')) as log_bytes,
       (select sum(pg_total_relation_size(c.oid)) from pg_class c
         where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r') as state_bytes,
       (select sum(pg_total_relation_size(c.oid)) from pg_class c
         where c.relnamespace = 'fleet_live'::regnamespace and c.relkind = 'r'
           and c.relname <> 'idempotency') as live_bytes,
       (select pg_total_relation_size('fleet_live.idempotency')) as answers_bytes,
       (select sum(n_dead_tup) from pg_stat_user_tables where schemaname = 'fleet_live') as live_dead_rows,
       (select sum(n_dead_tup) from pg_stat_user_tables where schemaname = 'fleet_state') as state_dead_rows,
       (select sum(n_live_tup) from pg_stat_user_tables where schemaname = 'fleet_state') as state_rows,
       (select count(*) from pg_stat_activity where datname = current_database()
           and application_name like 'fleetd/%') as connections,
       (select count(*) from pg_locks where locktype = 'advisory') as advisory_locks,
       (select sum(size) from pg_ls_waldir()) as wal_bytes,
       pg_notification_queue_usage() as notification_queue
"""

LIMITS = {
    "memory of fleetd (bytes)": Limit(0.05, 2 * MIB),
    "open files of fleetd": Limit(0.05, 2),
    "connections": Limit(0.02, 1),
    "advisory locks": Limit(0.10, 4),
    "live tables (bytes)": Limit(0.10, 256 << 10),
    "dead rows of live tables": Limit(0.50, 1_000),
    "dead rows of the state, by row": Limit(0.50, 0.25),
    "log, by event (bytes)": Limit(0.05, 16),
    "state, by event (bytes)": Limit(0.10, 64),
    "kept answers, by event (bytes)": Limit(0.10, 64),
    "WAL (bytes)": Limit(0.25, 64 * MIB),
    "notification queue": Limit(0.0, 0.01),
}


def process_figures(pid):
    """Resident memory and open files."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return kilobytes * 1024, len(os.listdir(f"/proc/{pid}/fd"))


class Soak:
    def __init__(self, stage, seconds, every, pilots=3):
        self.stage = stage
        self.pilots = pilots
        self.seconds = seconds
        self.every = every
        self.samples = []  # (seconds since the beginning, figures)
        self.began = now_us()

    def run(self, say=print):
        # Nobody reads what they were told: a history of hours is long.
        self.stage.start_agents("--history", os.devnull, "--intensity", str(self.pilots))
        busy = lambda: self.look()["events"] >= 200
        if not eventually(busy, 60):
            raise RuntimeError("the agents do not get to work")
        self.began = now_us()
        due = 0.0
        while (at := self.elapsed()) < self.seconds:
            if at >= due:
                self.take()
                due += self.every
                if len(self.samples) % 20 == 1:
                    say(self.line())
            pause(0.1)
        self.take()

    def elapsed(self):
        return (now_us() - self.began) / 1_000_000

    def look(self):
        return self.stage.rows(LOOK)[0]

    def take(self):
        look = self.look()
        memory = [process_figures(host.child.process.pid) for host in self.stage.hosts.values()]
        events = max(1, look["events"])
        self.samples.append((self.elapsed(), {
            "events": look["events"],
            "memory of fleetd (bytes)": max(rss for rss, _ in memory),
            "open files of fleetd": max(files for _, files in memory),
            "connections": look["connections"],
            "advisory locks": look["advisory_locks"],
            "live tables (bytes)": look["live_bytes"],
            "dead rows of live tables": look["live_dead_rows"] or 0,
            "dead rows of the state, by row": (look["state_dead_rows"] or 0) / max(1, look["state_rows"] or 0),
            "log, by event (bytes)": look["log_bytes"] / events,
            "state, by event (bytes)": look["state_bytes"] / events,
            "kept answers, by event (bytes)": look["answers_bytes"] / events,
            "WAL (bytes)": look["wal_bytes"],
            "notification queue": look["notification_queue"],
        }))

    def line(self):
        at, figures = self.samples[-1]
        return (f"{at:7.0f} s  {figures['events']:8} events  {figures['memory of fleetd (bytes)'] / MIB:6.1f} MiB  "
                f"{figures['connections']} connections  live tables {figures['live tables (bytes)'] / MIB:.1f} MiB  "
                f"WAL {figures['WAL (bytes)'] / MIB:.0f} MiB")

    def verdicts(self):
        """(name, trend, whether it is steady) of each figure."""
        part = steady_part(self.samples)
        for name, limit in LIMITS.items():
            trend = fit([(at, float(figures[name])) for at, figures in part])
            yield name, trend, limit.allows(trend)

    def rate(self):
        (first, one), (last, other) = self.samples[0], self.samples[-1]
        return (other["events"] - one["events"]) / (last - first)

    def report(self):
        lines = [f"{self.rate():.0f} events/s over {self.samples[-1][0]:.0f} s; the line goes through the last "
                 f"{len(steady_part(self.samples))} of {len(self.samples)} samples",
                 f"{'':34} {'mean':>14} {'an hour':>14} {'surely':>12}"]
        for name, trend, steady in self.verdicts():
            lines.append(f"{name:34} {trend.mean:14,.2f} {trend.slope * 3600:+14,.2f} {trend.surely:12,.2f}"
                         f"{'' if steady else '  GROWS'}")
        return "\n".join(lines)

    def grown(self):
        return [name for name, _, steady in self.verdicts() if not steady]

    def write(self, path):
        with open(path, "w", encoding="utf-8") as out:
            for at, figures in self.samples:
                out.write(json.dumps({"at": round(at, 1), **figures}) + "\n")


def health(stage):
    """What the end of a run must say: no difference between the log and what it folds to, and daemons that are ready."""
    problems = [f"projection: {row}" for row in stage.rows("select * from fleet.verify_projections()", limit=300)]
    for host in stage.hosts.values():
        status, _ = call(host.socket, "GET", "/readyz")
        if status != 200:
            problems.append(f"fleetd of {host.name} is not ready: {status}")
    return problems
