"""The answer of a hook before an edit, with a thousand files held: over HTTP on a kept connection, and as the command that most clients start."""
import http.client
import json
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time

HELD = 1000
EDITS = 400         # of each kind
COMMANDS = 60
PROJECT = "hooks"


class Kept(http.client.HTTPConnection):
    """One kept connection to the daemon's socket."""

    def __init__(self, path):
        super().__init__("fleet", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def post(self, path, body):
        self.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"bench: POST {path} is answered {answer.status} {text.decode()}")
        return json.loads(text)


def percentiles(seconds):
    ordered = sorted(seconds)
    return {"p50_ms": round(1000 * statistics.median(ordered), 2),
            "p99_ms": round(1000 * ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 2),
            "max_ms": round(1000 * ordered[-1], 2)}


def call(top, session, name):
    return {"session_id": session, "transcript_path": "/t", "cwd": str(top), "hook_event_name": "PreToolUse", "tool_name": "Edit",
            "tool_input": {"file_path": f"{top}/{name}", "old_string": "a", "new_string": "b"}, "tool_use_id": "t"}


def timed(act, count):
    taken = []
    for n in range(count):
        started = time.monotonic()
        act(n)
        taken.append(time.monotonic() - started)
    return percentiles(taken)


def hold(bench):
    for begin in range(0, HELD, 500):
        bench.server.psql(
            "select count(*) from fleet.act((select jsonb_agg(jsonb_build_object('op','reserve','project','hooks',"
            "'actor','holder-'||(n % 50),'args',jsonb_build_object('ttl_seconds',36000,'patterns',jsonb_build_array("
            "case n % 10 when 0 then format('dir%s/**', n) when 1 then format('pkg%s/*.cpp', n) "
            "else format('src/d%s/file%s.cpp', n % 97, n) end)))) "
            f"from generate_series({begin}, {begin + 499}) n))", bench.options.database)
    bench.server.psql("analyze", bench.options.database)


def hooks(bench):
    connection = Kept(bench.daemon.socket)
    connection.post("/api/v1/projects", {"key": PROJECT})
    hold(bench)
    program = str(bench.options.build / "client" / "fleet")
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        (top / ".fleet").mkdir()
        (top / ".fleet/config.toml").write_text(f'project = "{PROJECT}"\n')

        def post(session, name):
            return connection.post("/hooks/claude-code/PreToolUse", call(top, session, name))

        # Each answer is the one that was meant: a fast wrong one is worth nothing.
        assert post("one", "warm.c") == {}
        assert "deny" in json.dumps(post("two", "warm.c"))
        bench.say(f"hook.{HELD}_held.edit_free", timed(lambda n: post("one", f"free/{n}.c"), EDITS))
        bench.say(f"hook.{HELD}_held.edit_own", timed(lambda n: post("one", f"free/{n}.c"), EDITS))
        bench.say(f"hook.{HELD}_held.edit_denied", timed(lambda n: post("two", f"free/{n}.c"), EDITS))

        def command(n):
            done = subprocess.run([program, "hook", "claude-code"], input=json.dumps(call(top, "three", f"own/{n}.c")), text=True,
                                  capture_output=True, cwd=top, env=bench.daemon.env)
            if done.returncode != 0 or done.stderr:
                raise SystemExit(f"bench: fleet hook: {done.stderr}")

        bench.say(f"hook.{HELD}_held.command", timed(command, COMMANDS))
