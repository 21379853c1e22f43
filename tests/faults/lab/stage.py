"""The stage of a run: net, servers, hosts, agents, and the folder in which everything is written down."""
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import tempfile

from lab import reaper
from lab.clock import Clocks, library
from lab.hosts import Host, call, python_root
from lab.network import Network, namespaces_work
from lab.postgres import PASSWORD, Server, SqlFailed
from lab.processes import Broken, own_tag
from lab.waiting import eventually, now_us

PROJECTS = ("alpha", "beta", "gamma")
STATE_TABLES = ("reservations", "sorties", "missions", "work_orders", "pilots", "messages", "message_recipients")


@dataclasses.dataclass
class StageOptions:
    hosts: int = 3
    namespaces: bool | None = None  # None: if they work here
    standby: bool = True
    synchronous: bool = True
    database_switches: str = ""
    daemon_switches: str = ""
    prepare: str = ""  # SQL, as superuser, once the schema is there
    prepare: str = ""  # SQL that a superuser runs once the schema is there
    daemon_environment: dict = dataclasses.field(default_factory=dict)
    stepped: tuple = ()  # nodes whose clock can be stepped
    fleetd: str | None = None


def find_fleetd(named=None):
    here = python_root().parents[1] / "build/dev/daemon/fleetd"
    place = named or os.environ.get("FLEET_FLEETD") or str(here)
    if not os.access(place, os.X_OK):
        raise Broken(f"no fleetd at {place}: build it, or set FLEET_FLEETD")
    return pathlib.Path(place).resolve()


def clean_environment():
    return {key: value for key, value in os.environ.items()
            if not key.startswith(("FLEET_", "PG", "XDG_", "LD_"))} | {"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


class Stage:
    """Use it in a `with`: whatever happens, nothing of it is left."""

    def __init__(self, options, seed=0):
        self.options = options
        self.seed = seed
        self.namespaces = namespaces_work() if options.namespaces is None else options.namespaces
        self.hosts = {}
        self.servers = {}
        self.network = None
        self.primary = None
        self.standby = None
        self.follows = False  # the standby has everything that is acknowledged
        self.extras = []  # processes of faults that are under way

    def __enter__(self):
        reaper.reap()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"fleet-lab-{own_tag()}-", dir="/tmp"))
        self.folder.chmod(0o755)
        try:
            self.set_up()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *failure):
        self.close()

    def set_up(self):
        for part in ("history", "control", "final"):
            (self.folder / part).mkdir()
        self.began_us = now_us()
        self.environment = clean_environment()
        self.clocks = Clocks(self.folder, self.options.stepped) if library() else None
        servers = ["a", "b"] if self.options.standby else ["a"]
        hosts = [f"h{i + 1}" for i in range(self.options.hosts)]
        self.network = Network(own_tag(), self.folder, servers, hosts, self.namespaces, python_root(),
                               self.environment)
        for name in servers:
            self.servers[name] = Server(name, self.folder, self.network, self.environment, self.clocks)
        self.set_up_primary()
        fleetd = find_fleetd(self.options.fleetd)
        for name in hosts:
            environment = {**self.environment, **self.options.daemon_environment}
            self.hosts[name] = Host(name, self.folder, self.network, fleetd, environment,
                                    self.options.daemon_switches, self.clocks)
        first, *others = self.hosts.values()
        first.start()
        first.wait_ready()
        if self.options.prepare:
            self.primary.text(self.options.prepare)
        for host in others:
            host.start()
        if self.options.standby:
            self.add_standby()
        for host in others:
            host.wait_ready()
        for key in PROJECTS:
            status, answer = call(first.socket, "POST", "/api/v1/projects", {"key": key}, limit=20)
            if status not in (200, 201):
                raise Broken(f"project {key}: {status} {answer}")
        self.write_run()

    def set_up_primary(self):
        self.primary = self.servers["a"]
        self.primary.init()
        self.primary.start()
        self.primary.wait_ready("postgres")
        self.primary.text(f"create role fleetd login createrole password '{PASSWORD}'", "postgres")
        self.primary.text(f"create role copier login replication password '{PASSWORD}'", "postgres")
        self.primary.text("create database fleet owner fleetd", "postgres")
        if self.options.database_switches:
            self.primary.text(f"alter database fleet set fleet.test_switches = '{self.options.database_switches}'",
                              "postgres")

    def add_standby(self):
        standby = self.servers["b"]
        copy = standby.start_copy(self.primary)
        if not eventually(lambda: not copy.running(), 120) or copy.status() != 0:
            raise Broken(f"no copy of the primary:\n{copy.tail()}")
        standby.become_standby(self.primary)
        standby.start()
        self.standby = standby
        if not eventually(self.is_followed, 60):
            raise Broken(f"the standby does not follow:\n{standby.child.tail()}")
        self.follow()

    def write_run(self):
        about = {"seed": self.seed, "hosts": self.options.hosts, "namespaces": self.namespaces,
                 "synchronous": self.options.synchronous, "standby": self.options.standby,
                 "switches": {"database": self.options.database_switches, "daemon": self.options.daemon_switches},
                 "projects": PROJECTS, "started_us": self.began_us}
        (self.folder / "run.json").write_text(json.dumps(about) + "\n", encoding="utf-8")

    # Servers

    def is_followed(self):
        try:
            return self.primary.value("select count(*) from pg_stat_replication where state = 'streaming'",
                                      limit=3) != "0"
        except SqlFailed:
            return False

    def follow(self):
        """From now on what is acknowledged is on both servers."""
        if self.options.synchronous:
            self.primary.wait_for_copies(True)
        self.follows = True

    def dsn(self):
        return self.primary.dsn()

    def rows(self, query, limit=60):
        """As superuser on whoever is primary; repeated while it is away."""
        said = []

        def asked():
            try:
                said.append(self.primary.rows(query))
            except SqlFailed as failure:
                self.last_failure = failure
            return bool(said)

        if not eventually(asked, limit):
            raise Broken(f"the primary stays away: {self.last_failure}")
        return said[0]

    # Agents

    def start_agents(self, *more):
        for i, host in enumerate(self.hosts.values()):
            words = ["--host", host.name, "--socket", host.socket, "--control", self.folder / "control" / host.name,
                     "--history", self.folder / "history" / f"{host.name}.ndjson", "--seed", self.seed * 100 + i,
                     "--project", ",".join(PROJECTS), *more]
            host.start_agents([str(word) for word in words], {"PYTHONPATH": str(python_root())})

    def tell_agents(self, order):
        for name in self.hosts:
            fresh = self.folder / "control" / f"{name}.new"
            fresh.write_text(json.dumps(order), encoding="utf-8")
            fresh.rename(self.folder / "control" / name)

    # The end

    def heal(self):
        """Everything runs and reaches everything. Returns complaints: what does not come back by itself."""
        complaints = []
        for node in (*self.hosts, *self.servers):
            self.network.heal(node)
        for server in self.servers.values():
            server.make_room()
        self.primary.thaw()
        if not self.primary.running():
            self.primary.start()
        self.primary.wait_ready()
        if not self.is_followed():
            # Nobody would acknowledge anything without the one who has to confirm it.
            self.primary.wait_for_copies(False)
        for host in self.hosts.values():
            if not host.child.running():
                complaints.append(f"fleetd of {host.name} has ended, status {host.child.status()}")
                host.start()
            host.thaw()
            host.signal_agents(signal.SIGCONT)
            if not host.agents.running():
                host.start_agents_again()
        for host in self.hosts.values():
            if not eventually(host.ready, 40):
                complaints.append(f"fleetd of {host.name} does not become ready again")
        return complaints

    def finish(self, limit=60):
        """Heals, lets the agents come to their end, writes `final/`. Returns complaints."""
        complaints = self.heal()
        self.tell_agents({"stop": True})
        self.wait_for_writers()
        head = self.rows("select coalesce(max(seq), 0) as head from fleet_log.events")[0]["head"]
        (self.folder / "final" / "end.json").write_text(json.dumps({"head": head}) + "\n", encoding="utf-8")
        self.tell_agents({"stop": True, "head": head})
        for host in self.hosts.values():
            if not eventually(lambda: not host.agents.running(), limit):
                complaints.append(f"the agents of {host.name} do not come to their end")
                host.agents.kill()
            elif host.agents.status() != 0:
                complaints.append(f"the agents of {host.name} ended with status {host.agents.status()}:\n"
                                  f"{host.agents.tail()}")
        self.write_final()
        return complaints

    def wait_for_writers(self):
        """Until no agent has a call under way: the log grows no more."""
        def is_quiet():
            return all((self.folder / "control" / f"{name}.quiet").exists() or not host.agents.running()
                       for name, host in self.hosts.items())

        if not eventually(is_quiet, 60):
            raise Broken("the agents do not stop writing")

    def write_final(self):
        final = self.folder / "final"
        with open(final / "log.ndjson", "w", encoding="utf-8") as out:
            out.write(self.primary.text("select row_to_json(e) from fleet_log.events e order by e.seq", limit=120))
        with open(final / "differences.ndjson", "w", encoding="utf-8") as out:
            out.write(self.primary.text("select row_to_json(d) from fleet.verify_projections() d", limit=300))
        with open(final / "state.ndjson", "w", encoding="utf-8") as out:
            for table in STATE_TABLES:
                out.write(self.primary.text(
                    f"select json_build_object('table', '{table}', 'row', row_to_json(t)) from fleet_state.{table} t"))

    def keep(self, name):
        """Puts the folder aside for a reader; returns where."""
        kept = pathlib.Path(f"/tmp/fleet-lab-kept-{name}")
        shutil.rmtree(kept, ignore_errors=True)
        self.close_processes()
        shutil.copytree(self.folder, kept, ignore=shutil.ignore_patterns("disk", "s", "run", "*.proxy"))
        return kept

    def close_processes(self):
        for part in (*self.extras, *self.hosts.values(), *self.servers.values()):
            part.close()
        if self.network:
            self.network.close()

    def close(self):
        self.close_processes()
        reaper.remove(self.folder)
