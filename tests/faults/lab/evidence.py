"""A run's folder, read: what clients say, and what the log says at the end."""
import collections
import dataclasses
import functools
import json
import pathlib

from lab.history import read_calls, read_lines


@dataclasses.dataclass
class Evidence:
    calls: list
    subscribers: dict             # name -> its lines, in order
    log: list                     # events in seq order
    differences: list = dataclasses.field(default_factory=list)
    state: dict = dataclasses.field(default_factory=dict)  # table -> rows
    faults: list = dataclasses.field(default_factory=list)
    run: dict = dataclasses.field(default_factory=dict)
    head: int | None = None       # seq up to which subscribers owe everything; None: all of it

    @functools.cached_property
    def by_seq(self):
        return {event["seq"]: event for event in self.log}

    @functools.cached_property
    def attempts(self):
        """Calls by idempotency key, in the order in which they were made."""
        keys = collections.defaultdict(list)
        for call in self.calls:
            if call.key:
                keys[call.key].append(call)
        return keys

    @functools.cached_property
    def streams(self):
        streams = collections.defaultdict(list)
        for event in self.log:
            streams[event["stream_id"]].append(event)
        return streams


def read_evidence(folder):
    folder = pathlib.Path(folder)
    calls, subscribers = [], collections.defaultdict(list)
    for path in sorted((folder / "history").glob("*.ndjson")):
        lines = read_lines(path)
        calls += read_calls(lines)
        for line in lines:
            if line.keys() & {"saw", "opened", "rewound"}:
                subscribers[line["client"]].append(line)
    state = collections.defaultdict(list)
    for line in read_lines(folder / "final/state.ndjson"):
        state[line["table"]].append(line["row"])
    end = read_lines(folder / "final/end.json")
    run = folder / "run.json"
    return Evidence(sorted(calls, key=lambda call: call.invoked_at), dict(subscribers),
                    read_lines(folder / "final/log.ndjson"), read_lines(folder / "final/differences.ndjson"),
                    dict(state), read_lines(folder / "faults.ndjson"),
                    json.loads(run.read_text(encoding="utf-8")) if run.exists() else {},
                    end[0]["head"] if end else None)
