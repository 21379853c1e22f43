"""What a run that was killed left behind: processes, namespaces, mounts, folders. They carry their owner's name."""
import pathlib
import re
import shutil
import signal

from lab.processes import marked_pids, run, signal_all, started_at

ROOM = pathlib.Path("/tmp")
FOLDER = re.compile(r"fleet-lab-(\d+)-(\d+)-\w+")
NAMESPACE = re.compile(r"flab-(\d+)-(\d+)-\w+")


def is_orphan(match):
    pid, began = match.groups()
    return started_at(pid) != began


def end_processes(folder):
    for _ in range(3):
        # A killed postmaster's sessions have no environment to be known by; they end by themselves.
        pids = list(marked_pids(folder))
        for file in folder.glob("*/disk/data/postmaster.pid"):
            pids += postmaster_of(file)
        if not pids:
            return
        signal_all(pids, signal.SIGKILL)


def postmaster_of(file):
    try:
        pid = int(file.read_text().splitlines()[0])
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return []
    return [pid] if str(file.parent).encode() in words else []


def unmount_under(folder):
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        place = line.split()[1]
        if place.startswith(f"{folder}/"):
            run(["umount", "-l", place], check=False)


def remove(folder):
    end_processes(folder)
    unmount_under(folder)
    shutil.rmtree(folder, ignore_errors=True)


def reap():
    """Returns what was found, as words."""
    found = []
    for folder in ROOM.glob("fleet-lab-*"):
        match = FOLDER.fullmatch(folder.name)
        if match and is_orphan(match):
            remove(folder)
            found.append(str(folder))
    for name in pathlib.Path("/run/netns").glob("flab-*"):
        match = NAMESPACE.fullmatch(name.name)
        if match and is_orphan(match):
            run(["ip", "netns", "del", name.name], check=False)
            found.append(name.name)
    return found
