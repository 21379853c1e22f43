"""Subscribers: server-sent events, read across every kind of interruption."""
import json
import threading
import urllib.parse

from lab.event_stream import EventStream
from lab.history import now_us, read_lines

SILENCE_MAX = 25.0  # seconds without a byte, after which a new connection is tried; a daemon says something each 15
ACK_EVERY = 25      # events between two moves of a durable cursor


class Subscriber:
    """Reads the log from its beginning to the head that the stage names. With `cursor` it starts each time where its
    durable cursor stands; without, behind the last event that its history has."""

    def __init__(self, client, socket_path, filter, cursor=None):
        self.client = client
        self.history = client.history
        self.control = client.control
        self.filter = filter
        self.cursor = cursor
        self.rewound = 0
        self.position = self._resume()
        self.unacked = 0
        self.ended = False
        self._socket_path = socket_path

    def _resume(self):
        """`incarnation.seq` of the last event before we were killed, or where a rewound log sent us."""
        position = None
        for line in read_lines(self.history.path):
            if line.get("client") != self.client.name:
                continue
            if "saw" in line:
                position = f"{line['saw']['incarnation']}.{line['saw']['seq']}"
            if "rewound" in line:
                position = line["rewound"].get("to")
                self.rewound += 1
        return position

    def run(self):
        while not self.ended and not self._done():
            try:
                self._read_stream()
            except (OSError, ValueError):
                pass
            if not self.ended and not self._done():
                threading.Event().wait(0.1)
        self.history.say({"client": self.client.name, "note": "end", "position": self.position, "at": now_us()})

    def _cursor_name(self):
        return f"{self.cursor}-{self.rewound}"

    def _done(self):
        head = self.control.head()
        return head is not None and self.position is not None and seq_of(self.position) >= head

    def _nothing_left(self):
        """Whether what is behind our position, up to the head, is nothing that the filter lets through."""
        head = self.control.head()
        if head is None or self.position is None:
            return False
        question = urllib.parse.urlencode({**self.filter, "after": seq_of(self.position), "limit": 1})
        keep = lambda body: {"next": [item["seq"] for item in body.get("items", [])]}
        answer = self.client.read("events.list", "GET", "/events?" + question, keep=keep)
        return answer.ok and all(item["seq"] > head for item in answer.body.get("items", []))

    def _read_stream(self):
        question = dict(self.filter)
        headers = {"Fleet-As": self.client.callsign}
        if self.cursor:
            question["cursor"] = self._cursor_name()
            # A cursor belongs to a project.
            headers["Fleet-Project"] = self.client.project
        elif self.position is None:
            question["after"] = "0"
        else:
            headers["Last-Event-ID"] = self.position
        self._say_opened(None if self.cursor else self.position or "0")
        stream = EventStream(self._socket_path, "/api/v1/events/stream?" + urllib.parse.urlencode(question), headers)
        try:
            if stream.status == 410:
                self._rewound(json.loads(stream.text()))
            elif stream.status == 200:
                self._take_lines(stream)
        finally:
            stream.close()

    def _say_opened(self, after):
        opened = {"after": after, "filter": self.filter}
        if self.cursor:
            opened["cursor"] = self._cursor_name()
        self.history.say({"client": self.client.name, "host": self.history.host, "opened": opened, "at": now_us()})

    def _take_lines(self, stream):
        id, kind = None, "message"
        for line in stream.lines(SILENCE_MAX):
            if self._done():
                return
            if line is None:
                if self.filter and self._nothing_left():
                    self.ended = True
                    return
                continue
            name, _, value = line.partition(": ")
            if name == "id":
                id = value
            elif name == "event":
                kind = value
            elif name == "data" and kind == "message":
                self._saw(id, json.loads(value))
            elif name == "data" and kind == "error":
                problem = json.loads(value)
                if problem.get("code") == "log_rewound":
                    self._rewound(problem)
                return
            elif line == "":
                # An id without data passes over what did not match.
                if id is not None:
                    self.position = id
                if kind == "goodbye":
                    return
                id, kind = None, "message"

    def _saw(self, id, event):
        self.position = id
        incarnation = id.rpartition(".")[0]
        self.history.say({"client": self.client.name, "host": self.history.host, "at": now_us(),
                          "saw": {"seq": event["seq"], "event_id": event["event_id"], "incarnation": incarnation}})
        self.unacked += 1
        if self.cursor and self.unacked >= ACK_EVERY:
            body = {"seq": event["seq"], "event_id": event["event_id"]}
            answer = self.client.read("cursors.advance", "POST", f"/cursors/{self._cursor_name()}", body)
            self.unacked = 0
            if answer.code == "log_rewound":
                self._rewound(answer.body)

    def _rewound(self, problem):
        facts = problem.get("facts") or {}
        to = facts.get("last_common")
        self.history.say({"client": self.client.name, "host": self.history.host, "at": now_us(),
                          "rewound": {"to": to, "answer": problem}})
        self.position = to
        if self.cursor:
            # What it had acknowledged is no more: a new cursor begins again at the beginning.
            self.rewound += 1


def seq_of(position):
    return int(position.rpartition(".")[2])
