"""A tool call over stdio (`fleet mcp`) beside the same question to the daemon's own HTTP: one after another, on one connection each."""
import http.client
import json
import socket
import subprocess
import time

ROUNDS = 5
CALLS = 100         # of each kind a round
PROJECT = "mcp"
PILOT = "viper-1"


class Http(http.client.HTTPConnection):
    """One kept connection to the daemon's socket."""

    def __init__(self, path):
        super().__init__("fleet", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Fleet-Project": PROJECT, "Fleet-As": PILOT}
        self.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"bench: {method} {path} is answered {answer.status} {text.decode()}")
        return json.loads(text)


class Stdio:
    """One `fleet mcp`."""

    def __init__(self, program, daemon):
        self.process = subprocess.Popen([program, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=daemon.env)
        self.number = 0

    def ask(self, method, **params):
        self.number += 1
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        self.process.wait(20)


def checked(answer):
    if "result" not in answer or answer["result"].get("isError"):
        raise SystemExit(f"bench: a tool call failed: {json.dumps(answer)[:400]}")
    return answer["result"].get("structuredContent")


def tool(name, **arguments):
    return {"name": name, "arguments": {"project": PROJECT, "callsign": PILOT, **arguments}}


def timed(times, work):
    began = time.perf_counter()
    answer = work()
    times.append(1e3 * (time.perf_counter() - began))
    return answer


def part(times, share):
    return round(sorted(times)[int(len(times) * share)], 2)


def mcp(bench):
    daemon = bench.daemon
    direct = Http(daemon.socket)
    began = time.perf_counter()
    stdio = Stdio(str(bench.options.build / "client" / "fleet"), daemon)
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
    checked(stdio.ask("initialize", **hello))
    started = round(1e3 * (time.perf_counter() - began), 1)
    direct.ask("POST", "/api/v1/projects", {"key": PROJECT})
    checked(stdio.ask("tools/call", **tool("start_session", program="bench", model="none")))

    def over_mcp(name, **arguments):
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool(name, **arguments)}
        return checked(direct.ask("POST", "/mcp", body))

    def over_stdio(name, **arguments):
        return checked(stdio.ask("tools/call", **tool(name, **arguments)))

    def reserve(ask, number):
        held = ask("reserve", patterns=[f"src/{number}.c"])
        ask("release", reservation_id=held["reservation_id"], token=held["token"])

    def reserve_by_http(number):
        held = direct.ask("POST", "/api/v1/reservations", {"patterns": [f"src/{number}.c"]})
        direct.ask("POST", f"/api/v1/reservations/{held['reservation_id']}/release",
                   {"fence": {"kind": "reservation", "id": held["reservation_id"], "token": held["token"]}})

    kinds = {
        "ping.stdio": lambda _: checked(stdio.ask("ping")),
        "who_holds.http": lambda _: direct.ask("GET", "/api/v1/files/who?path=src/a.c"),
        "who_holds.mcp_over_http": lambda _: over_mcp("who_holds", path="src/a.c"),
        "who_holds.mcp_over_stdio": lambda _: over_stdio("who_holds", path="src/a.c"),
        "inbox.http": lambda _: direct.ask("GET", f"/api/v1/pilots/{PILOT}/mailbox"),
        "inbox.mcp_over_stdio": lambda _: over_stdio("inbox"),
        "reserve_release.http": reserve_by_http,
        "reserve_release.mcp_over_stdio": lambda number: reserve(over_stdio, number),
    }
    times = {kind: [] for kind in kinds}
    for round_number in range(ROUNDS):
        for kind, work in kinds.items():
            for number in range(CALLS):
                timed(times[kind], lambda: work(round_number * CALLS + number))
    stdio.end()
    bench.say("mcp.start_to_initialized_ms", started)
    for kind, measured in times.items():
        bench.say(f"mcp.{kind}.ms", {"p50": part(measured, 0.5), "p95": part(measured, 0.95), "p99": part(measured, 0.99), "calls": len(measured)})
