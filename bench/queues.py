"""Work orders beside graphile-worker and pg-boss: trivial jobs, one server, one run, each at the settings that suit it.

The packages of queue/package-lock.json are installed into the build tree, once; where npm cannot, only our own figures
are taken, and it is said so.
"""
import json
import shutil
import subprocess

from pathlib import Path

HERE = Path(__file__).resolve().parent / "queue"
JOBS = 20000
WARM = 500
# name: (class, program, its settings). One: each job is fetched and completed by itself. Batch: many by one statement.
RIVALS = {
    "graphile_worker.concurrency_24": ("one", "graphile.mjs", {"concurrent": 24, "local": 0, "delay": -1, "pool": 26}),
    "graphile_worker.concurrency_64": ("one", "graphile.mjs", {"concurrent": 64, "local": 0, "delay": -1, "pool": 66}),
    "graphile_worker.local_queue_100": ("batch", "graphile.mjs", {"concurrent": 24, "local": 100, "delay": 0, "pool": 26}),
    "graphile_worker.local_queue_500": ("batch", "graphile.mjs", {"concurrent": 24, "local": 500, "delay": 0, "pool": 26}),
    # A fetch of one sorts what waits; over the first 3,000 of them the figure is the same, and taken in half a minute.
    "pg_boss.16_workers": ("one", "pgboss.mjs", {"workers": 16, "batch": 1, "pool": 16, "count": 3000}),
    "pg_boss.64_workers": ("one", "pgboss.mjs", {"workers": 64, "batch": 1, "pool": 64, "count": 3000}),
    "pg_boss.16_workers_batch_10": ("batch", "pgboss.mjs", {"workers": 16, "batch": 10, "pool": 16}),
    "pg_boss.4_workers_batch_100": ("batch", "pgboss.mjs", {"workers": 4, "batch": 100, "pool": 4}),
}
OURS = {  # claimers, orders a claim
    "fleet.16_claimers": ("one", 16, 1),
    "fleet.64_claimers": ("one", 64, 1),
    "fleet.256_claimers": ("one", 256, 1),
    "fleet.16_claimers_limit_10": ("batch", 16, 10),
    "fleet.64_claimers_limit_10": ("batch", 64, 10),
    "fleet.4_claimers_limit_100": ("batch", 4, 100),
    "fleet.16_claimers_limit_100": ("batch", 16, 100),
}


def packages(build):
    """The folder with node_modules and the programs; made anew when the lock file is another one. None without npm."""
    place = build / "bench" / "queue"
    lock = (HERE / "package-lock.json").read_text()
    mark = place / "installed.json"
    if not (mark.exists() and mark.read_text() == lock):
        if not shutil.which("npm") or not shutil.which("node"):
            print("  node and npm are not here: the other queues are left out")
            return None
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place / name)
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], cwd=place,
                              text=True, capture_output=True, timeout=300)
        if done.returncode != 0:
            print(f"  npm could not install the other queues, they are left out: {done.stderr.strip()[-300:]}")
            return None
        mark.write_text(lock)
    for program in HERE.glob("*.mjs"):
        shutil.copy(program, place / program.name)
    return place


def rival(bench, place, number, program, settings):
    database = f"queue_{number}"
    bench.server.psql(f"create database {database}")
    asked = {"host": str(bench.server.dir), "database": database, "jobs": JOBS, "warm": WARM, **settings}
    done = subprocess.run(["node", program, json.dumps(asked)], cwd=place, text=True, capture_output=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"bench: {program} {settings}: {done.stderr[-2000:]}")
    bench.server.psql(f"drop database {database} with (force)")
    return json.loads(done.stdout.strip().splitlines()[-1])["per_second"]


def enqueue(bench, project, count):
    bench.server.psql("select count(*) from fleet.act(jsonb_build_array(jsonb_build_object('op','register_project',"
                      f"'args',jsonb_build_object('key','{project}'))))", bench.options.database)
    for first in range(0, count, 1000):
        bench.server.psql(
            f"select count(*) from fleet.act(jsonb_build_array(jsonb_build_object('op','enqueue','project','{project}',"
            "'actor','bench','args',jsonb_build_object('orders',(select jsonb_agg(jsonb_build_object('kind','lint',"
            f"'payload',jsonb_build_object('n',n))) from generate_series({first}, {min(first + 1000, count) - 1}) n)))))",
            bench.options.database)
    bench.server.psql("vacuum analyze fleet_state.work_orders", bench.options.database)


def queue(bench):
    best = {}

    def say(name, kind, rate):
        bench.say(f"queue.{name}.per_second", rate)
        owner = "fleet" if name.startswith("fleet.") else "others"
        best[owner, kind] = max(rate, best.get((owner, kind), 0))

    for number, (name, (kind, claimers, limit)) in enumerate(OURS.items()):
        project = f"queue-{number}"
        enqueue(bench, project, JOBS + WARM + claimers * limit)
        say(name, kind, bench.load("orders", project=project, clients=claimers, limit=limit, count=JOBS, warm=WARM)["per_second"])
    place = packages(bench.options.build)
    if place is None:
        return
    for number, (name, (kind, program, settings)) in enumerate(RIVALS.items()):
        say(name, kind, rival(bench, place, number, program, settings))
    for kind in ("one", "batch"):
        bench.say(f"queue.{kind}.ratio", round(best["fleet", kind] / best["others", kind], 2))
