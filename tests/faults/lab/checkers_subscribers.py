"""Each subscriber saw what its filter lets through: everything, once, in order, to the end."""
from lab.agents_subscriber import seq_of


def passes(filter, event):
    return (filter.get("project", event["project"]) == event["project"]
            and filter.get("type", event["type"]) == event["type"])


# Moves of cursors do not wait for the disk nor for the standby: a server that falls takes the last ones back, and its
# readers read again.
CURSORS_FALL_BACK = {"server_crashed", "standby_promoted", "disk_full"}


class Reader:
    """Follows one subscriber through its lines."""

    def __init__(self, name, evidence, findings):
        self.name = name
        self.evidence = evidence
        self.findings = findings
        self.seen = {}       # seq -> event id, what stands of it
        self.at = 0          # seq up to which everything was seen
        self.acked = 0       # seq that a durable cursor certainly has
        self.before = None   # the last one of this connection
        self.filter = {}
        self.has_cursor = False
        self.cursor_holds = not CURSORS_FALL_BACK & {fault.get("kind") for fault in evidence.faults}

    def take(self, line):
        if "opened" in line:
            self.filter = line["opened"]["filter"]
            self.has_cursor = "cursor" in line["opened"]
            # A durable cursor may repeat what was not acknowledged; a position may not.
            self.before = self.at
            if self.has_cursor:
                self.before = self.acked if self.cursor_holds else 0
        elif "rewound" in line:
            self._rewound(line["rewound"])
        elif "saw" in line:
            self._saw(line["saw"]["seq"], line["saw"]["event_id"])

    def _saw(self, seq, event_id):
        if seq <= self.before:
            self.findings.add("seen_late", f"{self.name} saw seq {seq} after {self.before}")
            return
        self.before = seq
        if self.seen.setdefault(seq, event_id) != event_id:
            self.findings.add("seen_other", f"{self.name} saw {self.seen[seq]} and {event_id} at seq {seq}")
        self.at = max(self.at, seq)

    def _rewound(self, told):
        to = seq_of(told["to"]) if told.get("to") else 0
        gone = [seq for seq in self.seen if seq > to]
        log = self.evidence.by_seq
        if gone and all(log.get(seq, {}).get("event_id") == self.seen[seq] for seq in gone):
            self.findings.add("rewound_in_vain", f"{self.name} was sent back to {to}, but all that it saw still stands")
        for seq in gone:
            del self.seen[seq]
        self.at = min(self.at, to)
        self.acked = 0

    def end(self):
        last = self.evidence.log[-1]["seq"] if self.evidence.log else 0
        head = last if self.evidence.head is None else self.evidence.head
        for event in self.evidence.log:
            seq = event["seq"]
            if not passes(self.filter, event):
                if seq in self.seen:
                    self.findings.add("seen_stranger", f"{self.name} saw seq {seq}, which its filter keeps out")
                continue
            if seq not in self.seen and seq <= head:
                self.findings.add("never_seen", f"{self.name} never saw seq {seq} ({event['type']})")
            elif self.seen.get(seq, event["event_id"]) != event["event_id"]:
                self.findings.add("seen_other", f"{self.name} saw {self.seen[seq]} at seq {seq}, the log has "
                                                f"{event['event_id']}")
        for seq in self.seen:
            if seq <= last and seq not in self.evidence.by_seq:
                self.findings.add("seen_stranger", f"{self.name} saw seq {seq}, which is not in the log")


def check_subscribers(evidence, findings):
    acks = acknowledged_cursors(evidence)
    for name, lines in evidence.subscribers.items():
        reader = Reader(name, evidence, findings)
        moves = acks.get(name, [])
        for line in lines:
            while moves and moves[0][0] <= line["at"]:
                reader.acked = max(reader.acked, moves.pop(0)[1])
            reader.take(line)
        reader.end()
        findings.counts["events seen"] += len(reader.seen)
        findings.counts["subscribers"] += 1


def acknowledged_cursors(evidence):
    """By subscriber: when a move of its durable cursor was acknowledged, and where to."""
    moves = {}
    for call in evidence.calls:
        if call.op == "cursors.advance" and call.ok:
            moves.setdefault(call.client, []).append((call.completed_at, call.answer["at"]))
    return moves
