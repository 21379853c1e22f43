"""Histories: what clients asked and were told, as lines of JSON.

A line is in the file before its writer acts on it, so that a writer which is killed has never done more than its
history says. Times are microseconds of the monotonic clock: one clock for all processes of the machine, never stepped.
"""
import dataclasses
import json
import pathlib
import threading
import time


def now_us():
    return time.monotonic_ns() // 1000


class History:
    """Appends; many threads of one process share it. A process that is started again goes on in the same file."""

    def __init__(self, path, host):
        self.path = pathlib.Path(path)
        self.host = host
        self.generation = 1 + sum(1 for line in read_lines(self.path) if line.get("note") == "begin")
        self._lock = threading.Lock()
        self._calls = 0
        self._out = open(self.path, "a", encoding="utf-8")
        # What a killed predecessor left without an end must not spoil our first line.
        self._out.write("\n")
        self.say({"client": host, "note": "begin", "at": now_us(), "generation": self.generation})

    def say(self, line):
        text = json.dumps(line, separators=(",", ":")) + "\n"
        with self._lock:
            self._out.write(text)
            self._out.flush()

    def close(self):
        self._out.close()

    def invoke(self, client, op, request, key):
        with self._lock:
            self._calls += 1
            number = self._calls
        call = f"{self.host}.{self.generation}-{number}"
        self.say({"id": call, "client": client, "host": self.host, "op": op, "request": request, "key": key,
                  "invoked_at": now_us()})
        return call

    def complete(self, call, outcome, **rest):
        self.say({"id": call, "outcome": outcome, **rest, "completed_at": now_us()})


@dataclasses.dataclass
class Call:
    id: str
    client: str
    host: str
    op: str
    request: dict
    key: str | None
    invoked_at: int
    outcome: str = "unknown"
    status: int | None = None
    code: str | None = None
    answer: dict | None = None
    completed_at: int | None = None

    @property
    def ok(self):
        return self.outcome == "ok"


def read_lines(path):
    """All complete lines. The last one may be torn when its writer was killed: it is passed over."""
    lines = []
    try:
        text = pathlib.Path(path).read_bytes()
    except FileNotFoundError:
        return lines
    for raw in text.split(b"\n"):
        try:
            line = json.loads(raw) if raw else None
        except ValueError:
            continue
        if isinstance(line, dict):
            lines.append(line)
    return lines


def read_calls(lines):
    """Calls in the order in which they were made, with their outcomes; without a second line they are unknown."""
    calls = {}
    names = {field.name for field in dataclasses.fields(Call)}
    for line in lines:
        if "invoked_at" in line:
            calls[line["id"]] = Call(**{k: v for k, v in line.items() if k in names})
        elif "completed_at" in line and line["id"] in calls:
            call = calls[line["id"]]
            for name in ("outcome", "status", "code", "answer", "completed_at"):
                setattr(call, name, line.get(name))
    return sorted(calls.values(), key=lambda call: call.invoked_at)
