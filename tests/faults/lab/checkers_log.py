"""The log itself, and whether what clients were told stands in it: once, where they were told, and nothing else."""
import collections

# Where an event carries the key of the call that made it.
MARKS = {
    "x.made": lambda data: data.get("call"),
    "file_reserved": lambda data: data.get("reason"),
    "message_sent": lambda data: data.get("subject"),
    "sortie_created": lambda data: data.get("title"),
    "sortie_progress": lambda data: data.get("message"),
    "work_order_created": lambda data: (data.get("payload") or {}).get("call"),
}
MARKED = {"events.append_batch": "x.made", "reservations.reserve": "file_reserved", "messages.send": "message_sent",
          "sorties.create": "sortie_created", "sorties.progress": "sortie_progress",
          "work_orders.enqueue": "work_order_created"}


def check_order(evidence, findings):
    """No hole, no event twice, versions of each stream count up."""
    before, ids, versions = 0, {}, collections.Counter()
    for event in evidence.log:
        seq = event["seq"]
        if seq != before + 1:
            findings.add("log_hole", f"the log goes from seq {before} to {seq}")
        before = seq
        first = ids.setdefault(event["event_id"], seq)
        if first != seq:
            findings.add("log_double", f"{event['event_id']} stands in the log at {first} and {seq}")
        versions[event["stream_id"]] += 1
        if event["stream_version"] != versions[event["stream_id"]]:
            findings.add("stream_hole", f"{event['stream_id']} has version {event['stream_version']} at seq {seq}, "
                                        f"{versions[event['stream_id']]} comes next")


def check_projections(evidence, findings):
    for row in evidence.differences:
        findings.add("projection", f"{row.get('table_name')} {row.get('key')} {row.get('column_name')}: the log says "
                                   f"{row.get('expected')}, the table {row.get('found')}")


def told_events(call):
    """(seq, how the event there must be) of an answer."""
    answer = call.answer or {}
    for event in answer.get("events") or []:
        yield event["seq"], {"event_id": event["event_id"]}
    for name in ("sortie_id", "work_order_id", "message_id"):
        if name in answer and "last_seq" in answer:
            yield answer["last_seq"], {"stream_id": answer[name]}
    if call.op == "reservations.reserve" and "token" in answer:
        yield answer["token"], {"stream_id": answer["reservation_id"], "type": "file_reserved"}
    if call.op == "sorties.claim_next":
        yield answer["token"], {"stream_id": answer["sortie_id"], "type": "sortie_assigned",
                                "actor": call.request["as"]}
    for order in answer.get("orders") or []:
        yield order["token"], {"stream_id": order["work_order_id"], "type": "work_order_claimed",
                               "actor": call.request["as"]}


def check_acknowledged(evidence, findings):
    for call in evidence.calls:
        if not call.ok or not call.key:
            continue
        for seq, wanted in told_events(call):
            event = evidence.by_seq.get(seq)
            if event is None:
                findings.add("lost", f"{call.id} ({call.op}) was acknowledged at seq {seq}, which is not in the log")
            elif any(event[name] != value for name, value in wanted.items()):
                findings.add("moved", f"{call.id} ({call.op}) was acknowledged at seq {seq} as {wanted}; there stands "
                                      f"{event['type']} of {event['stream_id']} by {event['actor']}")


def check_once(evidence, findings):
    """Each key did its work once if any of its tries was acknowledged, and not at all if it was refused."""
    found = collections.defaultdict(collections.Counter)
    for event in evidence.log:
        mark = MARKS.get(event["type"], lambda data: None)(event["data"])
        if mark in evidence.attempts:
            found[mark][event["data"].get("n", 0)] += 1
    for key, attempts in evidence.attempts.items():
        times = found.get(key, {})
        if any(count > 1 for count in times.values()):
            findings.add("done_twice", f"{key} ({attempts[0].op}) stands in the log more than once")
        good = [call for call in attempts if call.ok]
        if attempts[0].op not in MARKED:
            continue
        extended = any((call.answer or {}).get("extended") for call in good)
        if good and not times and not extended:
            findings.add("lost", f"{key} ({attempts[0].op}) was acknowledged and is not in the log")
        if times and all(call.outcome == "refused" for call in attempts):
            findings.add("refused_but_done", f"{key} ({attempts[0].op}) was refused and is in the log")


SAME = ("seq", "last_seq", "token", "sortie_id", "work_order_id", "message_id", "reservation_id", "events", "orders")


def check_answers(evidence, findings):
    """The same key has the same answer."""
    for key, attempts in evidence.attempts.items():
        answers = [{name: (call.answer or {}).get(name) for name in SAME} for call in attempts if call.ok]
        for event in [e for answer in answers for e in answer["events"] or []]:
            event.pop("is_new", None)
        if any(answer != answers[0] for answer in answers):
            findings.add("answers_differ", f"{key} ({attempts[0].op}) got several answers: {answers[:2]}")
