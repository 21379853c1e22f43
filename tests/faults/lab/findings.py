"""What the checkers found."""
import collections

TOLD_MAX = 20  # faults of a run that are told; the others are counted


class Findings:
    def __init__(self):
        self.kinds = collections.Counter()
        self.told = []
        self.counts = collections.Counter()  # what happened in the run: acknowledged, refused, …

    @property
    def clean(self):
        return not self.kinds

    def add(self, kind, words):
        self.kinds[kind] += 1
        if self.kinds[kind] <= 5 and len(self.told) < TOLD_MAX:
            self.told.append(f"{kind}: {words}")

    def sentences(self):
        total = sum(self.kinds.values())
        return self.told + ([f"and {total - len(self.told)} more"] if total > len(self.told) else [])

    def text(self):
        return "\n".join(self.sentences())
