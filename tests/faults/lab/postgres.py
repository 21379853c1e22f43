"""The database servers: a primary and a standby that can be crashed, frozen, promoted, filled up and rebuilt."""
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess

from lab.processes import Broken, Child, children_of, run, signal_all
from lab.waiting import eventually

PASSWORD = "only-within-this-run"
SUPERUSER = "fleet"
DISK = os.environ.get("FLEET_LAB_DISK", "1200m")  # empty: no disk of its own, which then cannot be filled

# What a host that vanished may cost: the server finds out within seconds, not hours.
SETTINGS = """
listen_addresses = '{address}'
port = {port}
unix_socket_directories = '{sockets}'
max_connections = 150
shared_buffers = 64MB
password_encryption = 'scram-sha-256'
log_line_prefix = '%m [%p] %a '
wal_level = replica
hot_standby = on
max_wal_size = 384MB
wal_keep_size = 192MB
checkpoint_timeout = 30s
fsync = {fsync}
tcp_keepalives_idle = 5
tcp_keepalives_interval = 2
tcp_keepalives_count = 3
tcp_user_timeout = 8s
client_connection_check_interval = 2s
wal_sender_timeout = 4s
wal_receiver_timeout = 4s
wal_retrieve_retry_interval = 200ms
primary_conninfo = '{upstream}'
"""
ACCESS = """
local all all trust
host all all {net} scram-sha-256
host replication all {net} scram-sha-256
"""


def binaries():
    """The folder of the newest server on this machine, or None."""
    named = os.environ.get("FLEET_PG_BINDIR")
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                   key=lambda path: int(path.parts[-3]) if path.parts[-3].isdigit() else 0)
    if named:
        return pathlib.Path(named)
    if found:
        return found[-1].parent
    there = shutil.which("postgres")
    return pathlib.Path(there).parent if there else None


class SqlFailed(Exception):
    """What psql said."""


def fill_disk(path):
    """To the last page, while others go on to write there."""
    with open(path, "wb") as ballast:
        step, end = 64 << 20, 0
        while step >= 4096:
            try:
                os.posix_fallocate(ballast.fileno(), end, step)
                end += step
            except OSError:
                step //= 4


class Server:
    def __init__(self, name, folder, network, environment, clocks=None):
        self.name = name
        self.folder = folder / name
        self.network = network
        self.environment = environment
        self.clocks = clocks
        self.bin = binaries()
        self.address, self.port = network.listens[name]
        self.sockets = self.folder / "s"
        self.disk = self.folder / "disk"
        self.data = self.disk / "data"
        self.child = None
        self.frozen = False
        self.make_folders()

    def make_folders(self):
        for path in (self.folder, self.sockets, self.disk):
            path.mkdir()
            self.give_away(path)
        self.mounted = os.geteuid() == 0 and DISK != "" and run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0755", "fleet-lab", self.disk], check=False).returncode == 0
        self.give_away(self.disk)

    def give_away(self, path):
        if os.geteuid() == 0:
            shutil.chown(path, "postgres", "postgres")

    def tool(self, name, *words, limit=120):
        account = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        return run([*account, self.bin / name, *words], limit=limit, cwd="/")

    # Data

    def init(self):
        self.tool("initdb", "-D", self.data, "-U", SUPERUSER, "--auth=trust", "--no-sync", "--encoding=UTF8",
                  "--locale=C.UTF-8", "--data-checksums")
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write("\ninclude = 'lab.conf'\ninclude = 'replicas.conf'\n")
        self.configure()
        self.write("replicas.conf", "")

    def start_copy(self, primary):
        """Begins to copy the primary; a child that ends."""
        if self.data.exists():
            shutil.rmtree(self.data)
        # Through the net and its proxies, as the replication will go.
        words = [self.bin / "pg_basebackup", "-D", self.data, "-X", "stream", "-c", "fast", "--no-sync",
                 "-d", self.conninfo(primary)]
        return Child(words, self.folder / "copy.log", self.environment, "postgres", self.network.prefix(self.name),
                     self.network.folder)

    def become_standby(self, primary):
        self.configure(primary)
        self.write("replicas.conf", "")
        self.write("standby.signal", "")

    def conninfo(self, primary):
        address, port = self.network.links[self.name][primary.name]
        return (f"host={address} port={port} user=copier password={PASSWORD} application_name={self.name}"
                " connect_timeout=3")

    def configure(self, primary=None):
        network = "10.77.0.0/24" if self.network.namespaces else "127.0.0.1/32"
        self.write("lab.conf", SETTINGS.format(
            address=self.address, port=self.port, sockets=self.sockets, fsync="on" if self.mounted else "off",
            upstream=self.conninfo(primary) if primary else ""))
        self.write("pg_hba.conf", ACCESS.format(net=network))

    def write(self, name, text):
        path = self.data / name
        path.write_text(text, encoding="utf-8")
        self.give_away(path)

    def wait_for_copies(self, on):
        """Synchronous replication: a commit is answered once a standby has it."""
        self.write("replicas.conf", "synchronous_standby_names = '*'\n" if on else "")
        self.child.send(signal.SIGHUP)

    # Life

    def start(self):
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # ours alone: whoever wrote it was killed
        clock = self.clocks.words(self.name) if self.clocks else []
        self.child = Child([*clock, self.bin / "postgres", "-D", self.data], self.folder / "log", self.environment,
                           "postgres", self.network.prefix(self.name), self.network.folder)
        self.frozen = False

    def running(self):
        return self.child is not None and self.child.running()

    def answers(self, database="fleet"):
        try:
            return self.value("select 1", database, limit=3) == "1"
        except SqlFailed:
            return False

    def wait_ready(self, database="fleet", limit=60):
        if not eventually(lambda: self.answers(database) or not self.running(), limit) or not self.running():
            raise Broken(f"server {self.name} does not start:\n{self.child.tail()}")

    def crash(self):
        """As `pg_ctl -m immediate stop`: no session is told, nothing is written down."""
        self.thaw()
        self.child.end(signal.SIGQUIT, limit=5)

    def stop(self):
        self.thaw()
        if self.running():
            self.child.end(signal.SIGINT, limit=20)

    def processes(self):
        return [self.child.pid, *children_of(self.child.pid)]

    def freeze(self):
        # The postmaster first, so that it starts nobody while the others are being stopped.
        self.frozen = True
        signal_all([self.child.pid], signal.SIGSTOP)
        signal_all(children_of(self.child.pid), signal.SIGSTOP)

    def thaw(self):
        if self.frozen and self.running():
            signal_all(reversed(self.processes()), signal.SIGCONT)
        self.frozen = False

    def kill(self):
        if not self.child:
            return
        everyone = self.processes() if self.running() else []
        self.child.kill()
        signal_all(everyone, signal.SIGKILL)

    def promote(self):
        self.write("promote", "")  # what `pg_ctl promote` writes
        signal_all([self.child.pid], signal.SIGUSR1)

    def is_primary(self):
        try:
            return self.value("select not pg_is_in_recovery()", limit=3) == "t"
        except SqlFailed:
            return False

    # A disk that is full

    def fill(self):
        """Nothing more can be written: the rest of the disk is taken, or, where there is no disk of its own, files
        may not grow any more."""
        if self.mounted:
            fill_disk(self.disk / "ballast")
            return
        for pid in self.processes():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (65536, resource.RLIM_INFINITY))

    def make_room(self):
        (self.disk / "ballast").unlink(missing_ok=True)
        if not self.mounted and self.running():
            for pid in self.processes():
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    # Questions, as superuser on the unix socket

    def psql_words(self, database):
        return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(self.sockets), "-p", str(self.port),
                "-U", SUPERUSER, "-d", database]

    def dsn(self, database="fleet"):
        return f"host={self.sockets} port={self.port} user={SUPERUSER} dbname={database}"

    def text(self, sql, database="fleet", limit=30):
        environment = {**self.environment, "PGCONNECT_TIMEOUT": "3", "PGAPPNAME": "lab"}
        try:
            done = subprocess.run(self.psql_words(database), input=sql, capture_output=True, text=True, timeout=limit,
                                  env=environment)
        except subprocess.TimeoutExpired as late:
            raise SqlFailed(f"no answer within {limit} s: {sql}") from late
        if done.returncode != 0:
            raise SqlFailed(f"{sql}\n{done.stderr}")
        return done.stdout

    def value(self, sql, database="fleet", limit=30):
        return self.text(sql, database, limit).strip()

    def rows(self, query, limit=60):
        lines = self.text(f"select row_to_json(t) from ({query}) t", limit=limit).splitlines()
        return [json.loads(line) for line in lines if line]

    def close(self):
        self.kill()
        if self.mounted:
            run(["umount", "-l", self.disk], check=False)
