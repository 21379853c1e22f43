"""A host: its own namespace, state and runtime folders, a daemon, and the process of its agents."""
import http.client
import json
import pathlib
import signal
import socket
import sys

from lab.postgres import PASSWORD
from lab.processes import Broken, Child, children_of, signal_all
from lab.waiting import eventually

# Short leases, so that a lost host is seen within a run. The waits that the design fixes (10 s and 30 s past the
# deadline) stay as they are.
SETTINGS = {
    "FLEET_HOST_LEASE": "2s",
    "FLEET_SWEEP_PAUSE": "1s",
    "FLEET_PILOT_LEASE": "20s",
    "FLEET_RECONNECT_LONGEST": "1000ms",
    "FLEET_LISTENER_PING": "1000ms",
    "FLEET_LOG_LEVEL": "debug",
    "FLEET_LOG_FILE": "-",
}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, limit):
        super().__init__("localhost", timeout=limit)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call(path, method, target, body=None, limit=5, **headers):
    """One request over a unix socket: (status, document)."""
    link = UnixConnection(path, limit)
    try:
        text = None if body is None else json.dumps(body)
        link.request(method, target, text, {"Content-Type": "application/json", **headers})
        answer = link.getresponse()
        raw = answer.read()
    finally:
        link.close()
    return answer.status, json.loads(raw) if raw[:1] in (b"{", b"[") else raw.decode(errors="replace")


class Host:
    def __init__(self, name, folder, network, fleetd, environment, switches, clocks=None):
        self.name = name
        self.network = network
        self.fleetd = fleetd
        self.clocks = clocks
        self.run_folder = folder
        self.folder = folder / name
        for part in ("", "state", "run", "data", "config"):
            (self.folder / part).mkdir(mode=0o700)
        self.log = self.folder / "fleetd.log"
        self.socket = self.folder / "run" / "fleetd.sock"
        self.environment = {
            **environment, **SETTINGS,
            "FLEET_STATE_DIR": str(self.folder / "state"), "FLEET_RUNTIME_DIR": str(self.folder / "run"),
            "FLEET_DATA_DIR": str(self.folder / "data"), "XDG_CONFIG_HOME": str(self.folder / "config"),
            "FLEET_SOCKET": str(self.socket), "FLEET_PROVIDER": "external", "FLEET_DSN": self.dsn(),
        }
        if switches:
            self.environment["FLEET_TEST_SWITCHES"] = switches
        self.child = None
        self.agents = None
        self.agents_words = None
        self.agents_environment = None

    def dsn(self):
        addresses = self.network.links[self.name].values()
        return (f"host={','.join(address for address, _ in addresses)} port={','.join(str(port) for _, port in addresses)}"
                f" dbname=fleet user=fleetd password={PASSWORD} target_session_attrs=read-write")

    # The daemon

    def start(self):
        clock = self.clocks.words(self.name) if self.clocks else []
        self.child = Child([*clock, self.fleetd, "--foreground"], self.log, self.environment,
                           prefix=self.network.prefix(self.name), folder=self.run_folder)

    def ready(self):
        try:
            return call(self.socket, "GET", "/readyz", limit=3)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def wait_ready(self, limit=40):
        if not eventually(lambda: self.ready() or not self.child.running(), limit) or not self.child.running():
            raise Broken(f"fleetd of {self.name} is not ready:\n{self.child.tail()}")

    def kill(self):
        self.child.kill()

    def freeze(self):
        self.child.send(signal.SIGSTOP)

    def thaw(self):
        self.child.send(signal.SIGCONT)

    # The agents

    def start_agents(self, words, environment):
        self.agents_words = words
        self.agents_environment = {**self.environment, **environment}
        self.start_agents_again()

    def start_agents_again(self):
        self.agents = Child([sys.executable, "-m", "lab.agents", *self.agents_words],
                            self.run_folder / "history" / f"{self.name}.err", self.agents_environment,
                            prefix=self.network.prefix(self.name), folder=self.run_folder)

    def signal_agents(self, number):
        if self.agents and self.agents.running():
            signal_all([self.agents.pid, *children_of(self.agents.pid)], number)

    def close(self):
        for child in (self.agents, self.child):
            if child:
                child.kill()


def python_root():
    """Where `lab` is imported from."""
    return pathlib.Path(__file__).resolve().parents[1]
