"""What all faults are made of: waits, and a word about what they did."""
from lab.waiting import now_us


def after(seconds):
    due = now_us() + int(seconds * 1_000_000)
    return lambda: now_us() >= due


def within(holds, seconds):
    """Until it holds, at most so long."""
    late = after(seconds)
    return lambda: late() or holds()


class Effect:
    """What a fault did, for the record. `took` stays False for one that met nothing that it could break."""

    def __init__(self):
        self.took = False
        self.note = ""

    def happened(self, note=""):
        self.took = True
        self.note = note


class Finding(Exception):
    """A fault that saw with its own eyes what must not be."""
