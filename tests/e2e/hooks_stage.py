"""What the tests of hooks have in common: a fleet with a project, a pilot that holds files, and a client that speaks its hooks.

hooks/sessions/CLIENT.jsonl are sessions of the clients: a line a hook, with the members that the client's own package or
reference gives (hooks/README.md says where each comes from). $CWD stands for the project's directory.
"""
import http.client
import json
import pathlib
import socket

import stage

SESSIONS = stage.SOURCE / "tests/e2e/hooks/sessions"
CLIENTS = sorted(path.stem for path in SESSIONS.glob("*.jsonl"))
AGENTS = ("CLAUDE", "CODEX", "GEMINI", "COPILOT", "OPENCODE", "CURSOR", "AI_AGENT")


RECORDED = sorted(path.stem for path in (SESSIONS.parent / "recorded").glob("*.jsonl"))


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


def replaced(value, what, by):
    if isinstance(value, dict):
        return {name: replaced(one, what, by) for name, one in value.items()}
    if isinstance(value, list):
        return [replaced(one, what, by) for one in value]
    return value.replace(what, by) if isinstance(value, str) else value


def session(client, cwd, name=None):
    """The recorded hooks of a client, by what happens in them; with another session id when a name is given."""
    steps = [json.loads(line) for line in (SESSIONS / f"{client}.jsonl").read_text().splitlines()]
    recorded = session_id(client, steps)
    for step in steps:
        step["input"] = replaced(step["input"], "$CWD", str(cwd))
        if name:
            step["input"] = replaced(step["input"], recorded, name)
    return steps


def recorded(client, cwd):
    lines = (SESSIONS.parent / "recorded" / f"{client}.jsonl").read_text().splitlines()
    return [replaced(json.loads(line), "$CWD", str(cwd)) for line in lines]


def session_id(client, steps):
    first = steps[0]["input"]
    if client == "opencode":
        return first["input"]["event"]["properties"]["info"]["id"]
    return first.get("session_id") or first.get("sessionId") or first["conversation_id"]


def denial(client, answer):
    """Why the client would not run the tool; None if it would."""
    if client in ("claude-code", "codex"):
        own = answer.get("hookSpecificOutput", {})
        return own.get("permissionDecisionReason") if own.get("permissionDecision") == "deny" else None
    if client == "gemini":
        return answer.get("reason") if answer.get("decision") in ("deny", "block") else None
    if client == "copilot":
        return answer.get("permissionDecisionReason") if answer.get("permissionDecision") == "deny" else None
    if client == "cursor":
        return answer.get("agent_message") if answer.get("permission") == "deny" else None
    return answer.get("deny")


def context(client, answer):
    """What the client would put into the model's context."""
    if client in ("claude-code", "codex", "gemini"):
        return answer.get("hookSpecificOutput", {}).get("additionalContext")
    return answer.get({"copilot": "additionalContext", "cursor": "additional_context"}.get(client, "context"))


def going_on(client, answer):
    """Why the client would make the agent go on."""
    if client == "gemini":
        return denial(client, answer)
    if client == "cursor":
        return answer.get("followup_message")
    if client == "opencode":
        return answer.get("go_on")
    return answer.get("reason") if answer.get("decision") == "block" else None


class Fleet(stage.Home):
    """A project in which pilot holder has src/held.c and src/held.ipynb for an edit."""

    def __init__(self, **environment):
        super().__init__(**environment)
        for name in list(self.environment):
            if name.startswith(AGENTS):
                del self.environment[name]
        self.must("services", "up", limit=120)
        self.top = self.repository()
        self.must("init", "--project", "shop", cwd=self.top)
        (self.top / "src/held.c").write_text("int held;\n")
        self.must("pilots", "register", "holder", "--program", "test", "--model", "none", cwd=self.top)
        self.must("reserve", "src/held.*", "--ttl", "50m", "--reason", "the parser's tables", "--as", "holder", cwd=self.top)

    def must(self, *words, **how):
        answer = self.fleet(*words, **how)
        assert answer.status == 0, str(answer)
        return answer

    def ask(self, method, path, body=None, headers=None):
        connection = UnixConnection(self.socket_path())
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json", "Fleet-Project": "shop", **(headers or {})})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        finally:
            connection.close()

    def api(self, path):
        """What is at an address; a program to ask it would take its time each time."""
        status, answer = self.ask("GET", f"/api/v1{path}")
        assert status == 200, answer
        return answer

    def socket_path(self):
        return self.data / "run/fleetd.sock"

    def hook(self, client, event, input, cwd=None, **environment):
        """The command form: what it answers, once the exit status is 0."""
        answer = self.fleet("hook", f"{client}/{event}", stdin=json.dumps(input), cwd=cwd or self.top, **environment)
        assert answer.status == 0, str(answer)
        return json.loads(answer.out)

    def post(self, client, event, input, headers=None):
        """The HTTP form, over the socket."""
        return self.ask("POST", f"/hooks/{client}/{event}", input, {"Fleet-Project": "", **(headers or {})})

    def sessions(self):
        return {one["session_id"]: one for one in self.api("/sessions?status=open,silent,ended&limit=1000")["items"]}

    def events(self, *types):
        return self.api(f"/events?type={','.join(types)}&limit=1000")["items"]

    def held_by(self, callsign):
        items = self.api(f"/reservations?holder={callsign}&project=shop")["items"]
        return sorted(pattern for one in items for pattern in one["patterns"])

    def send(self, to, subject, body):
        status, answer = self.ask("POST", "/api/v1/messages", {"to": [to], "subject": subject, "body": body}, {"Fleet-As": "holder"})
        assert status == 201, answer


def path_of(home, name):
    return pathlib.Path(home.top) / name
