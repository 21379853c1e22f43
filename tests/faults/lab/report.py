"""What a run was: faults by kind, what was acknowledged, what was refused; and whether that is enough to say anything."""
import collections
import json

# A run in which nothing happened shows nothing. For each second of the run:
FAULTS_A_SECOND = 0.25
ACKNOWLEDGED_A_SECOND = 5.0
CONFLICTS_A_SECOND = 0.2
# Longer than any fault and what it takes to get over it: something did not come back by itself.
PAUSE_MAX = 25.0


def lines_of(file):
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else ():
        try:
            yield json.loads(line)
        except ValueError:
            continue  # the last line of a process that was killed


def faults_by_kind(folder):
    """Those that took effect, and those that met nothing."""
    kinds, met_nothing = {}, collections.Counter()
    counts = collections.Counter()
    for line in lines_of(folder / "faults.ndjson"):
        if "kind" in line:
            kinds[line["n"]] = line["kind"]
        elif line.get("took_effect"):
            counts[kinds[line["n"]]] += 1
        else:
            met_nothing[kinds[line["n"]]] += 1
    return counts, met_nothing


class Tally:
    """Figures of one run, or of many."""

    def __init__(self):
        self.runs = 0
        self.seconds = 0
        self.faults = collections.Counter()
        self.met_nothing = collections.Counter()
        self.outcomes = collections.Counter()
        self.conflicts = collections.Counter()
        self.longest_pause = 0.0  # seconds without an acknowledged write

    def add_run(self, folder, seconds):
        self.runs += 1
        self.seconds += seconds
        counts, met_nothing = faults_by_kind(folder)
        self.faults += counts
        self.met_nothing += met_nothing
        times = []
        for file in (folder / "history").glob("*.ndjson"):
            times += self.add_history(file)
        times.sort()
        gaps = (later - earlier for earlier, later in zip(times, times[1:]))
        self.longest_pause = max(gaps, default=0) / 1_000_000

    def add_history(self, file):
        """When what was acknowledged was begun and answered."""
        begun = {}
        for line in lines_of(file):
            if "invoked_at" in line:
                begun[line["id"]] = line["invoked_at"]
            if "outcome" not in line:
                continue
            self.outcomes[line["outcome"]] += 1
            if line["outcome"] == "refused":
                self.conflicts[line.get("code") or "?"] += 1
            if line["outcome"] == "ok":
                yield from (begun.get(line["id"], line["completed_at"]), line["completed_at"])

    def add(self, other):
        self.runs += other.runs
        self.seconds += other.seconds
        self.longest_pause = max(self.longest_pause, other.longest_pause)
        for mine, theirs in ((self.faults, other.faults), (self.met_nothing, other.met_nothing),
                             (self.outcomes, other.outcomes), (self.conflicts, other.conflicts)):
            mine.update(theirs)

    def dump(self):
        return json.dumps(vars(self))

    @classmethod
    def load(cls, text):
        tally = cls()
        for name, value in json.loads(text).items():
            setattr(tally, name, collections.Counter(value) if isinstance(value, dict) else value)
        return tally

    def shortfalls(self, some_kinds=False):
        """Why this run says too little, as sentences. With some kinds of fault alone one of them is enough."""
        for what, found, least in (
                ("faults", self.faults.total(), 1 / max(self.seconds, 1) if some_kinds else FAULTS_A_SECOND),
                ("operations acknowledged", self.outcomes["ok"], ACKNOWLEDGED_A_SECOND),
                ("conflicts", self.conflicts.total(), CONFLICTS_A_SECOND)):
            if found < least * self.seconds:
                yield f"only {found} {what} in {self.seconds} s, {least * self.seconds:.0f} are the minimum"
        if self.longest_pause > PAUSE_MAX:
            yield f"nothing was acknowledged for {self.longest_pause:.1f} s, {PAUSE_MAX:.0f} s are the most"

    def text(self):
        def listed(counter):
            return ", ".join(f"{name} {number}" for name, number in sorted(counter.items())) or "none"

        return "\n".join((
            f"faults injected: {self.faults.total()} ({listed(self.faults)})",
            *([f"faults that met nothing: {listed(self.met_nothing)}"] if self.met_nothing else []),
            f"operations: {self.outcomes['ok']} acknowledged, {self.outcomes['refused']} refused, "
            f"{self.outcomes['unknown']} without an answer; longest pause {self.longest_pause:.1f} s",
            f"conflicts seen: {listed(self.conflicts)}"))
