"""Clocks that can be stepped, for one process each: libfaketime, where it is installed."""
import pathlib


def library():
    """Where libfaketime is, or None."""
    for pattern in ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/*/faketime/libfaketime.so.1",
                    "/usr/local/lib/faketime/libfaketime.so.1"):
        for path in sorted(pathlib.Path("/").glob(pattern[1:])):
            return path
    return None


class Clocks:
    """A file of each node says how far its clock is off; it is looked at once a second."""

    def __init__(self, folder, nodes):
        self.folder = folder
        self.nodes = set(nodes)
        for node in nodes:
            self.step(node, 0)

    def file(self, node):
        return self.folder / f"{node}.clock"

    def words(self, node):
        """Before the program itself, so that no other account's process makes what the library shares first."""
        if node not in self.nodes:
            return []
        # Steady clocks stay steady: it is the time of day that somebody sets.
        return ["env", f"LD_PRELOAD={library()}", f"FAKETIME_TIMESTAMP_FILE={self.file(node)}",
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_CACHE_DURATION=1"]

    def step(self, node, seconds):
        fresh = self.file(node).with_suffix(".new")
        fresh.write_text(f"{seconds:+d}\n", encoding="utf-8")
        fresh.chmod(0o644)
        fresh.rename(self.file(node))
