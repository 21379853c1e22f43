"""Was a file held twice, or a stale token accepted? Patterns are compared by trying paths."""
import collections
import dataclasses

from lab.agents_paths import meet

MARGIN_US = 50_000  # of an expiry: it has milliseconds, and two clocks count it


@dataclasses.dataclass
class Hold:
    """One grant, as its holder saw it. Microseconds."""
    id: str
    client: str
    token: int
    patterns: list
    shared: bool
    granted_at: int                             # when the answer was there
    spans: list = dataclasses.field(default_factory=list)     # [from, to]: surely held
    accepted: list = dataclasses.field(default_factory=list)  # when questions were sent that the token passed
    released_at: int | None = None              # when the answer to a release was there


def excludes(one, two):
    return not (one.shared and two.shared) and meet(one.patterns, two.patterns)


def check_log(evidence, findings):
    """No reservation is made while another pilot's incompatible one is active: what has lapsed must be ended, in the
    log, before. Nothing happens to a reservation that is not active."""
    active = {}
    for event in evidence.log:
        if event["stream_type"] != "reservation":
            continue
        id, data, kind = event["stream_id"], event["data"], event["type"]
        if kind == "file_reserved":
            hold = Hold(id, data["holder"], event["seq"], data["patterns"], data["mode"] == "shared", 0)
            for other, project in active.values():
                if other.client != hold.client and project == event["project"] and excludes(other, hold):
                    findings.add("held_in_log", f"{hold.client} got {hold.patterns} at seq {hold.token} while "
                                                f"{other.client} had {other.patterns} since seq {other.token}")
            active[id] = hold, event["project"]
        elif kind in ("file_reservation_extended", "file_released", "file_reservation_forced"):
            if id not in active:
                findings.add("stale_in_log", f"{kind} of {id} at seq {event['seq']}, which was not active")
            if kind != "file_reservation_extended":
                active.pop(id, None)
                findings.counts["displaced"] += data.get("cause") == "expired"


def read_holds(evidence):
    holds = {}
    first_try = {key: calls[0].invoked_at for key, calls in evidence.attempts.items()}
    for call in evidence.calls:
        if call.op == "reservations.reserve" and call.ok and "token" in call.answer:
            hold = holds.setdefault(call.answer["token"], Hold(
                call.answer["reservation_id"], call.client, call.answer["token"], call.answer["patterns"],
                call.answer["mode"] == "shared", call.completed_at))
            keep_until(hold, first_try[call.key], call)
    tokens = {hold.id: hold for hold in holds.values()}
    for call in evidence.calls:
        hold = tokens.get((call.request.get("fence") or {}).get("id"))
        if call.op == "reservations.extend" and hold and call.outcome != "refused":
            keep_until(hold, first_try[call.key], call)
        elif call.op == "reservations.release" and hold:
            cut(hold, call.invoked_at)
            if call.ok and hold.released_at is None:
                hold.released_at = call.completed_at
        elif call.op == "files.check" and call.ok and call.answer.get("ok"):
            if call.request["token"] in holds:
                holds[call.request["token"]].accepted.append(call.invoked_at)
    # What others ended it did not surely hold any more; when that was stands in another clock. Where the server's own
    # clock was stepped an expiry says nothing of when, either.
    stepped = any(fault.get("kind") == "server_clock_stepped" for fault in evidence.faults)
    by_the_clock = ("explicit",) if stepped else ("explicit", "expired")
    for event in evidence.log:
        if event["type"] == "file_reservation_forced" or (
                event["type"] == "file_released" and event["data"].get("cause") not in by_the_clock):
            if event["stream_id"] in tokens:
                tokens[event["stream_id"]].spans.clear()
    return sorted(holds.values(), key=lambda hold: hold.token)


def cut(hold, at):
    for span in hold.spans:
        span[1] = min(span[1], at)


def keep_until(hold, asked_at, call):
    """The newest expiry counts, also where it is an earlier one. The lease began after the question was sent."""
    until = asked_at + call.request["ttl_seconds"] * 1_000_000 - MARGIN_US
    cut(hold, until)
    if call.ok and until > call.completed_at:
        hold.spans.append([call.completed_at, until])


def check_holds(evidence, findings):
    """No two pilots surely hold incompatible reservations at one time; no token is accepted once its range was
    granted to another, or its release was answered."""
    holds = read_holds(evidence)
    findings.counts["granted"] += len(holds)
    by_project = collections.defaultdict(list)
    for hold in holds:
        event = evidence.by_seq.get(hold.token)
        by_project[event["project"] if event else ""].append(hold)
        for asked in hold.accepted:
            if hold.released_at is not None and asked > hold.released_at:
                findings.add("accepted_after_release", f"token {hold.token} of {hold.client} was accepted after its "
                                                       "release was answered")
    for holds in by_project.values():
        for place, earlier in enumerate(holds):
            interest = max([span[1] for span in earlier.spans] + earlier.accepted, default=0)
            for later in holds[place + 1:]:
                if later.granted_at <= interest and later.client != earlier.client and excludes(earlier, later):
                    compare(earlier, later, findings)


def compare(earlier, later, findings):
    if any(a[0] <= b[1] and b[0] <= a[1] for a in earlier.spans for b in later.spans):
        findings.add("held_twice", f"{earlier.client} held {earlier.patterns} (token {earlier.token}) while "
                                   f"{later.client} held {later.patterns} (token {later.token})")
    late = [asked for asked in earlier.accepted if asked > later.granted_at]
    if late:
        findings.add("accepted_after_grant", f"token {earlier.token} of {earlier.client} for {earlier.patterns} was "
                                             f"accepted {late[0] - later.granted_at} us after {later.client} had got "
                                             f"{later.patterns}")
