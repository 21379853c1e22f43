"""Processes that end with the laboratory, whatever ends it, and the finding of those that did not."""
import os
import pathlib
import shutil
import signal
import subprocess

from lab.waiting import eventually

MARK = "FLEET_LAB"  # in the environment of every process of a run: its folder


class Broken(Exception):
    """The laboratory itself could not do what it was asked: says nothing about the product."""


def started_at(pid):
    """When a process began, in ticks since the boot: together with the pid it names one process for ever."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return None


def own_tag():
    """Names this process for ever; part of the name of all that it makes."""
    return f"{os.getpid()}-{started_at(os.getpid())}"


def run(words, limit=60, check=True, **how):
    """A command to its end; its output as text."""
    words = [str(word) for word in words]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=limit, stdin=subprocess.DEVNULL, **how)
    except subprocess.TimeoutExpired as late:
        raise Broken(f"no end after {limit} s: {' '.join(words)}") from late
    if check and done.returncode != 0:
        raise Broken(f"{' '.join(words)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def can_run(*words):
    return shutil.which(words[0]) is not None and run(words, check=False).returncode == 0


class Child:
    """A process in the background. It is killed when this program is: start it from the main thread only, since
    the kernel counts the death of the thread that started it."""

    def __init__(self, words, output, environment=None, account=None, prefix=(), folder=None):
        limits = ["setpriv", "--pdeathsig", "KILL"]
        if account and os.geteuid() == 0:
            limits += [f"--reuid={account}", f"--regid={account}", "--clear-groups"]
        self.words = [str(word) for word in (*prefix, *limits, *words)]
        self.output = pathlib.Path(output)
        environment = dict(os.environ if environment is None else environment)
        environment[MARK] = str(folder or self.output.parent)
        with open(self.output, "ab") as out:
            self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            env=environment, cwd="/", start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def status(self):
        return self.process.poll()

    def send(self, number):
        if self.running():
            self.process.send_signal(number)

    def kill(self):
        """Returns when it is gone, so that its socket and locks are, too."""
        if self.running():
            # A stopped process takes a kill as well as a running one.
            self.process.kill()
        self.process.wait()

    def end(self, number=signal.SIGTERM, limit=10):
        """Asks first. True if it went by itself."""
        self.send(number)
        self.send(signal.SIGCONT)
        if eventually(lambda: not self.running(), limit):
            return True
        self.kill()
        return False

    def tail(self, lines=20):
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-lines:])


def marked_pids(folder):
    """Processes that a run with this folder has started and that still live."""
    mark = f"{MARK}={folder}\0".encode()
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if mark in (entry / "environ").read_bytes():
                yield int(entry.name)
        except OSError:
            continue


def children_of(pid):
    """All that descend from a process, itself not counted."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            for child in task.read_text().split():
                found += [int(child), *children_of(int(child))]
        except OSError:
            continue
    return found


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
