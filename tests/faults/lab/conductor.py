"""Carries a schedule out: begins each fault when it is due, goes on with those under way, and writes it all down."""
import json

from lab import faults, faults_servers
from lab.effects import Effect, Finding
from lab.processes import Broken
from lab.schedule import SERVERS
from lab.waiting import now_us, pause

ACTS = {**faults.ACTS, **faults_servers.ACTS}


class UnderWay:
    def __init__(self, fault, stage):
        self.fault = fault
        self.effect = Effect()
        self.act = ACTS[fault.kind](stage, fault, self.effect)
        self.holds = lambda: True

    def step(self):
        """False once it is over."""
        while self.holds():
            try:
                self.holds = next(self.act)
            except StopIteration:
                return False
        return True


class Conductor:
    def __init__(self, stage, schedule, verbose=False):
        self.stage = stage
        self.schedule = schedule
        self.verbose = verbose
        self.findings = []
        self.record = open(stage.folder / "faults.ndjson", "a", encoding="utf-8")
        (stage.folder / "schedule.ndjson").write_text("".join(f"{fault.line()}\n" for fault in schedule),
                                                      encoding="utf-8")

    def note(self, **line):
        self.record.write(json.dumps(line) + "\n")
        self.record.flush()

    def begin(self, fault):
        if self.verbose:
            print(fault.text(), flush=True)
        self.note(n=fault.n, kind=fault.kind, target=fault.target, planned_ms=int(fault.at * 1000),
                  for_ms=int(fault.seconds * 1000), detail=fault.detail, began_at=now_us())
        return UnderWay(fault, self.stage)

    def end(self, under_way):
        self.note(n=under_way.fault.n, ended_at=now_us(), took_effect=under_way.effect.took,
                  note=under_way.effect.note)

    def go_on(self, under_way):
        try:
            if under_way.step():
                return True
        except Finding as finding:
            self.findings.append(f"fault {under_way.fault.n} ({under_way.fault.kind}): {finding}")
        except (OSError, Broken) as failure:
            raise Broken(f"fault {under_way.fault.n} ({under_way.fault.kind}): {failure}") from failure
        self.end(under_way)
        return False

    def run(self, seconds):
        """Returns when the time is over and every fault has been taken back."""
        began = now_us()
        coming = list(self.schedule)
        under_way = []
        while True:
            at = (now_us() - began) / 1_000_000
            while coming and coming[0].at <= at and self.may_begin(coming[0], under_way):
                under_way.append(self.begin(coming.pop(0)))
            under_way = [one for one in under_way if self.go_on(one)]
            if at >= seconds and not under_way and not coming:
                break
            pause()
        self.record.close()
        return self.findings

    def may_begin(self, fault, under_way):
        """On a slow machine one may take longer than planned: the next one of the servers then waits."""
        return fault.kind not in SERVERS or all(one.fault.kind not in SERVERS for one in under_way)
