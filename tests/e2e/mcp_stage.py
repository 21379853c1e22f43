"""What the tests of the MCP server have in common: the clients from npm, a fleet with a TCP port, and raw speech over both transports.

The packages of mcp/package-lock.json are installed beside the prefix, once.
"""
import http.client
import json
import pathlib
import queue
import shutil
import socket
import subprocess
import sys
import threading
import unittest

import npm_packages
import stage

HERE = stage.SOURCE / "tests/e2e/mcp"
SKIPPED = 77
AGENTS = ("CLAUDE", "CODEX", "GEMINI", "COPILOT", "OPENCODE", "CURSOR")
MODERN = "2026-07-28"
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def packages():
    """The folder with node_modules and our programs; without them this test says why and is not counted."""
    try:
        place = npm_packages.installed(HERE, "mcp-clients")
    except unittest.SkipTest as why:
        skip(why)
    for program in HERE.glob("*.mjs"):
        shutil.copy(program, place / program.name)
    return place


class Fleet(stage.Home):
    """A fleet that also listens on a TCP port of its own, with one project."""

    def __init__(self, **environment):
        super().__init__(FLEET_LISTEN_TCP="127.0.0.1:0", **environment)
        # Whoever runs the tests may be a session of an agent; what it sets is not for those it starts.
        for name in list(self.environment):
            if name.startswith(AGENTS) and name not in environment:
                del self.environment[name]
        self.project = "shop"

    def up(self):
        case = stage.Case()
        case.ok(self.fleet("services", "up", limit=120))
        daemon = case.ok(self.fleet("status", "--json")).json()["daemon"]
        self.socket, self.port = daemon["socket"], daemon["tcp_port"]
        self.token = (pathlib.Path(daemon["state_dir"]) / "token").read_text().strip()
        self.top = self.repository(self.project)
        case.ok(self.fleet("init", "--project", self.project, cwd=self.top))
        return self

    def node(self, program, *words, limit=120, **environment):
        place = packages()
        return self.run("node", place / program, *words, cwd=self.top, limit=limit, **environment)

    def post(self, message, headers=None, *, unix=False, method="POST", path="/mcp", limit=20):
        """One request: (status, headers, text). `message` is sent as it is when it is text or bytes."""
        connection = UnixConnection(self.socket, limit) if unix else http.client.HTTPConnection("127.0.0.1", self.port, timeout=limit)
        sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if not unix:
            sent["Authorization"] = f"Bearer {self.token}"
        for name, value in (headers or {}).items():
            sent.pop(name, None)
            if value is not None:
                sent[name] = value
        body = message if isinstance(message, (str, bytes)) or message is None else json.dumps(message)
        try:
            connection.putrequest(method, path, skip_host="Host" in sent, skip_accept_encoding=True)
            if body is not None:
                sent["Content-Length"] = str(len(body.encode() if isinstance(body, str) else body))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body.encode() if isinstance(body, str) else body)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        finally:
            connection.close()

    def bridge(self, *words, **environment):
        return Bridge(self, words, environment)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, limit):
        super().__init__("fleet", timeout=limit)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Recorder:
    """The recording proxy, as a context; `url` is what clients are given."""

    def __init__(self, fleet, record):
        self.words = ["node", str(packages() / "proxy.mjs"), str(record), str(fleet.port), fleet.token]

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = self.process.stdout.readline().strip()
        if not port:
            raise AssertionError("the recorder did not start")
        self.url = f"http://127.0.0.1:{port}/mcp"
        return self

    def __exit__(self, *_):
        self.process.communicate(timeout=20)


class Bridge:
    """`fleet mcp`, spoken to in raw lines. Messages are read by a thread, so that a test can wait for one with a limit."""

    def __init__(self, fleet, words, environment):
        self.process = subprocess.Popen([str(stage.PREFIX / "bin/fleet"), "mcp", *words], cwd=fleet.top, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**fleet.environment, **environment})
        self.lines = queue.Queue()
        self.seen = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def send(self, message):
        """A message, or a line as it is."""
        line = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def next(self, limit=20):
        """The next message; None at the end of the output."""
        try:
            line = self.lines.get(timeout=limit)
        except queue.Empty:
            raise AssertionError(f"fleet mcp said nothing for {limit} s; before: {self.seen[-3:]}") from None
        if line is None:
            return None
        message = json.loads(line)      # whatever is no JSON fails the test here
        self.seen.append(message)
        return message

    def answer(self, number, limit=20):
        """The answer to a request; what comes before it stays in `seen`."""
        while True:
            message = self.next(limit)
            if message is None:
                raise AssertionError(f"fleet mcp ended before it answered {number}: {self.process.stderr.read().decode()}")
            if message.get("id") == number and "method" not in message:
                return message

    def ask(self, number, method, params=None, limit=20):
        self.send({"jsonrpc": "2.0", "id": number, "method": method, **({"params": params} if params is not None else {})})
        return self.answer(number, limit)

    def call(self, number, tool, limit=20, **arguments):
        return self.ask(number, "tools/call", {"name": tool, "arguments": arguments}, limit)

    def initialize(self, revision="2025-11-25"):
        answer = self.ask(0, "initialize", {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer["result"]

    def end(self, limit=10):
        """Closes its input; how it ended."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        status = self.process.wait(limit)
        self.reader.join(limit)
        self.process.stdout.close()
        self.process.stderr.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.end()


def modern(method, number=1, name=None, revision=MODERN, **params):
    """A request of 2026-07-28, and the headers that go with it."""
    meta = {"io.modelcontextprotocol/protocolVersion": revision, "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"}}
    if name is not None:
        params["uri" if method == "resources/read" else "name"] = name
    headers = {"MCP-Protocol-Version": revision, "Mcp-Method": method}
    if name is not None:
        headers["Mcp-Name"] = name
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {"_meta": meta, **params}}, headers


def legacy(method, number=1, **params):
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
