"""What the end-to-end tests have in common: the installed programs, a fresh home, and an end that leaves nothing.

FLEET_E2E_PREFIX names the prefix that `cmake --install` has filled.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PREFIX = pathlib.Path(os.environ.get("FLEET_E2E_PREFIX", "/usr/local"))
SOURCE = pathlib.Path(__file__).resolve().parents[2]


# What programs that run agents tell their children. Who starts the tests may be one of them.
SESSIONS = ("CLAUDE", "CODEX_", "GEMINI_", "COPILOT_", "OPENCODE", "GIT_")


class Answer:
    def __init__(self, words, done):
        self.words = words
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def json(self):
        return json.loads(self.out)

    def lines(self):
        """Documents of a command that prints one a line."""
        return [json.loads(line) for line in self.out.splitlines() if line]

    def __str__(self):
        return f"{' '.join(map(str, self.words))}\nexit status {self.status}\n--- out\n{self.out}--- err\n{self.err}"


def eventually(holds, limit=20.0):
    """True as soon as `holds()` is; the only place here that sleeps."""
    deadline = time.monotonic() + limit
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Home:
    """A user with nothing: HOME and the folders of the XDG specification are new and short."""

    def __init__(self, **environment):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="fleet-e2e-", dir="/tmp"))
        # A private server of another account must be able to pass through.
        self.path.chmod(0o755)
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("FLEET_", "XDG_", "PG", *SESSIONS))}
        self.environment = {
            **keep,
            "HOME": str(self.path),
            "PATH": f"{PREFIX / 'bin'}:{keep.get('PATH', '/usr/bin:/bin')}",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            # What is tested here is not where the database runs: podman_test.py does that.
            "FLEET_PROVIDER": "native",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
            **environment,
        }
        self.started = []

    def run(self, *words, cwd=None, limit=60, stdin="", **environment):
        words = [str(word) for word in words]
        done = subprocess.run(words, cwd=cwd or self.path, env={**self.environment, **environment}, input=stdin,
                              capture_output=True, text=True, timeout=limit)
        return Answer(words, done)

    def fleet(self, *words, **how):
        return self.run("fleet", *words, **how)

    def start(self, *words, cwd=None, **environment):
        """A process that goes on; killed at the end at the latest."""
        process = subprocess.Popen([str(word) for word in words], cwd=cwd or self.path,
                                   env={**self.environment, **environment}, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                   start_new_session=True)
        self.started.append(process)
        return process

    def repository(self, name="shop"):
        top = self.path / name
        (top / "src").mkdir(parents=True)
        (top / "src" / "main.c").write_text("int main(void) { return 0; }\n")
        for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
            self.run("git", *words, cwd=top)
        return top

    @property
    def data(self):
        return self.path / ".local/share/fleet"

    @property
    def state(self):
        return self.path / ".local/state/fleet"

    def daemon_pids(self):
        """Processes that were started with this home."""
        mark = f"HOME={self.path}\0".encode()
        pids = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                if mark in (entry / "environ").read_bytes():
                    pids.append(int(entry.name))
            except OSError:
                continue
        return pids

    def close(self):
        try:
            self.fleet("services", "down", limit=60)
        except (OSError, subprocess.SubprocessError):
            pass
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        for pid in self.daemon_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        if not os.environ.get("FLEET_TEST_KEEP"):
            shutil.rmtree(self.path, ignore_errors=True)


class Case(unittest.TestCase):
    """Assertions that print the whole command when they fail."""

    maxDiff = None

    def ends(self, answer, status):
        self.assertEqual(answer.status, status, f"\n{answer}")
        return answer

    def ok(self, answer):
        return self.ends(answer, 0)

    def refused(self, answer, status, *words):
        """An error: the exit status, one clear line that has these words, and no stack or raw exception."""
        self.ends(answer, status)
        for word in words:
            self.assertIn(word.lower(), (answer.err + answer.out).lower(), f"\n{answer}")
        return answer


def new_home(case, **environment):
    home = Home(**environment)
    case.addClassCleanup(home.close) if isinstance(case, type) else case.addCleanup(home.close)
    return home


def main():
    if not (PREFIX / "bin/fleet").exists():
        sys.exit(f"{PREFIX} has no bin/fleet: set FLEET_E2E_PREFIX")
    unittest.main(verbosity=2)
