"""How a client talks to its daemon: HTTP over the unix socket, every call in the history, unknown outcomes repeated."""
import http.client
import json
import pathlib
import socket
import threading
import time

TRY_LIMIT = 6.0       # seconds a client waits for one answer
PATIENCE = 90.0       # seconds it goes on repeating one call
LAST_PATIENCE = 20.0  # the same, once it was told to stop
KEPT_TEXT = 300       # characters of an answer that goes to the history as text
IMPATIENT = 0.03      # of the commands: the client hangs up before the answer comes, and asks again


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Control:
    """What the stage tells: `stop`, and the seq that subscribers read on to."""

    def __init__(self, path):
        self._path = pathlib.Path(path)
        self._looked = 0.0
        self._said = {}
        self._stopped = threading.Event()

    def said(self):
        now = time.monotonic()
        if now - self._looked > 0.05:
            self._looked = now
            try:
                self._said = json.loads(self._path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                pass
            if self._said.get("stop"):
                self._stopped.set()
        return self._said

    def stop(self):
        return bool(self.said().get("stop"))

    def head(self):
        return self.said().get("head")

    def pause(self, seconds):
        """Waits, at most until everything ends."""
        deadline = time.monotonic() + seconds
        while not self.stop() and (left := deadline - time.monotonic()) > 0:
            self._stopped.wait(min(left, 0.1))


class Answer:
    def __init__(self, status, body):
        self.status = status
        self.body = body if isinstance(body, dict) else {}
        self.code = self.body.get("code") if status >= 400 else None

    @property
    def ok(self):
        return 200 <= self.status < 300

    @property
    def known(self):
        """Whether it says what became of the request: a 5xx, a queue that is full and no answer at all do not."""
        return 0 < self.status < 500 and self.status != 429

    @property
    def outcome(self):
        return "ok" if self.ok else "refused" if self.known else "unknown"


AWAY = Answer(0, None)


class Client:
    """One client of one daemon, used by one thread."""

    def __init__(self, name, host, socket_path, project, history, control, random):
        self.name = f"{host}.{name}"
        self.callsign = f"{host}-{name}"
        self.project = project
        self.history = history
        self.control = control
        self.random = random
        self._socket_path = socket_path
        self._connection = None
        self._keys = 0

    def key(self):
        self._keys += 1
        return f"{self.callsign}.{self.history.generation}.{self._keys}"

    def read(self, op, method, target, body=None, keep=None):
        """One question; no repetition."""
        return self._try(op, method, target, body, None, None, keep)

    def write(self, op, target, body, fence=None, key=None, method="POST"):
        """A command, repeated under one key until its outcome is known or patience ends."""
        key = key or self.key()
        began = time.monotonic()
        told = None
        pause = 0.05
        while True:
            answer = self._try(op, method, target, body, key, fence, None)
            if answer.known:
                return answer
            now = time.monotonic()
            if self.control.stop() and told is None:
                told = now
            if now - began > PATIENCE or (told is not None and now - told > LAST_PATIENCE):
                return answer
            # Not through control.pause: who was told to stop still wants to know.
            threading.Event().wait(pause * (0.5 + self.random.random()))
            pause = min(0.5, pause * 2)

    def _try(self, op, method, target, body, key, fence, keep):
        request = dict(body or {})
        if fence:
            request["fence"] = fence
        said = {**request, "target": target, "project": self.project, "as": self.callsign}
        call = self.history.invoke(self.name, op, said, key)
        answer = self._exchange(method, target, request if method != "GET" else None, key)
        kept = keep(answer.body) if keep and answer.ok else shortened(answer.body)
        self.history.complete(call, answer.outcome, status=answer.status, code=answer.code, answer=kept)
        return answer

    def _exchange(self, method, target, body, key):
        headers = {"Fleet-Project": self.project, "Fleet-As": self.callsign, "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            if self._connection is None:
                self._connection = UnixConnection(self._socket_path, TRY_LIMIT)
            text = json.dumps(body) if body is not None else None
            self._connection.request(method, "/api/v1" + target, text, headers)
            if key and self.random.random() < IMPATIENT:
                raise TimeoutError
            response = self._connection.getresponse()
            data = response.read()
            return Answer(response.status, json.loads(data) if data else {})
        except (OSError, http.client.HTTPException, ValueError):
            # The answer may still come on this connection: it must not be taken for that of the next request.
            self.close()
            return AWAY

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def shortened(body):
    """What checkers want of an answer, without long texts."""
    return {k: v for k, v in body.items()
            if not isinstance(v, str) or len(v) <= KEPT_TEXT} if isinstance(body, dict) else None
