"""The benchmark's own PostgreSQL and fleetd: private, on unix sockets, removed at the end."""
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time


def postgres_bin():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
    path = os.environ.get("FLEET_POSTGRES_BIN_DIR") or (found[-1] if found else "")
    if not path:
        raise SystemExit("bench: no PostgreSQL server binaries found; install postgresql-15")
    return pathlib.Path(path)


class Server:
    """A throw-away cluster whose flush takes a fixed time. fsync is on: the figures are of durable commits."""

    def __init__(self, flush_us, slow_flush_library, base=None):
        self.bin = postgres_bin()
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fleet-bench-", dir=base))
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.flush_us = flush_us
        self.library = slow_flush_library
        self.process = None

    def _as_server(self, command):
        if os.geteuid() != 0:
            return command
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", *command]

    def __enter__(self):
        self.dir.chmod(0o755)
        data = self.dir / "data"
        data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.dir, self.user)
            shutil.chown(data, self.user)
        subprocess.run(self._as_server([str(self.bin / "initdb"), "-D", str(data), "-U", "fleet", "--auth=trust",
                                        "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]),
                       check=True, stdout=subprocess.DEVNULL)
        env = dict(os.environ, LD_PRELOAD=str(self.library), FLEET_FLUSH_US=str(self.flush_us))
        log = open(self.dir / "server.log", "wb")
        self.process = subprocess.Popen(
            self._as_server([str(self.bin / "postgres"), "-D", str(data), "-c", "listen_addresses=",
                             "-c", f"unix_socket_directories={self.dir}", "-c", "max_connections=200",
                             "-c", "wal_sync_method=fdatasync"]),
            stdout=log, stderr=log, env=env, start_new_session=True)
        deadline = time.monotonic() + 30
        while subprocess.run([str(self.bin / "pg_isready"), "-q", "-h", str(self.dir)]).returncode != 0:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit(f"bench: the server did not start: {(self.dir / 'server.log').read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        shutil.rmtree(self.dir, ignore_errors=True)

    def dsn(self, database="postgres"):
        return f"host={self.dir} user=fleet dbname={database}"

    def psql(self, sql, database="postgres"):
        done = subprocess.run([str(self.bin / "psql"), self.dsn(database), "-XAtq", "-v", "ON_ERROR_STOP=1"],
                              input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"bench: psql failed: {done.stderr}")
        return done.stdout.strip()

    def fdatasync_us(self):
        """Median time of one flush as a commit sees it, measured by commits of one small row."""
        self.psql("create table if not exists flush_probe(n int)")
        times = self.psql(
            "set synchronous_commit = on;\n" + "\\timing on\n" + "insert into flush_probe values (1);\n" * 51)
        return sorted(float(line.split()[1]) for line in times.splitlines() if line.startswith("Time"))[25] * 1000


class Daemon:
    """A fleetd of the benchmark's own, on a state directory of its own."""

    def __init__(self, program, server, database):
        self.program = program
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="fleet-benchd-"))
        self.socket = self.dir / "run" / "fleetd.sock"
        dsn_file = self.dir / "dsn"
        dsn_file.write_text(server.dsn(database))
        dsn_file.chmod(0o600)
        self.env = dict(os.environ, FLEET_STATE_DIR=str(self.dir / "state"), FLEET_RUNTIME_DIR=str(self.dir / "run"),
                        FLEET_DATA_DIR=str(self.dir / "data"), FLEET_PROVIDER="external", FLEET_DSN_FILE=str(dsn_file),
                        XDG_CONFIG_HOME=str(self.dir / "config"), HOME=str(self.dir))
        self.process = None

    def __enter__(self):
        log = open(self.dir / "fleetd.log", "wb")
        self.process = subprocess.Popen([self.program, "--foreground"], env=self.env, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            ready = subprocess.run(["curl", "-sf", "--unix-socket", str(self.socket), "http://fleet/readyz"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if ready.returncode == 0:
                return self
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise SystemExit(f"bench: fleetd did not get ready: {(self.dir / 'fleetd.log').read_text()[-2000:]}")
            time.sleep(0.05)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def cost(self):
        """(resident MB, CPU seconds so far) of the daemon."""
        pid = self.process.pid
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        resident = next(int(l.split()[1]) for l in status.splitlines() if l.startswith("VmRSS"))
        return resident / 1024, cpu
