"""No mail is lost: who looks finds what was sent to him before and he has not read; and counts are exact."""
import collections
import dataclasses


@dataclasses.dataclass
class Letter:
    """One message in one mailbox. Microseconds; None: never, as far as clients were told."""
    id: str
    recipient: str
    project: str
    sent_seq: int
    sent_by: int | None = None      # when its sender had the acknowledgement
    sent_from: int = 0              # when its sender first asked
    read_from: int | None = None    # when its reader first asked
    read_by: int | None = None      # when its reader had the acknowledgement
    bounced: bool = False
    read_in_log: bool = False


def read_letters(evidence):
    letters = collections.defaultdict(dict)  # (project, recipient) -> message id -> letter
    keys = {}
    for event in evidence.log:
        if event["type"] == "message_sent":
            for name in event["data"]["to"]:
                letters[event["project"], name][event["stream_id"]] = Letter(
                    event["stream_id"], name, event["project"], event["seq"])
            keys[event["data"]["subject"]] = event
        elif event["type"] in ("message_read", "message_acked", "message_bounced"):
            data = event["data"]
            name = data.get("reader") or data.get("acker") or data.get("recipient") or event["actor"]
            letter = letters[event["project"], name].get(event["stream_id"])
            if letter:
                letter.bounced |= event["type"] == "message_bounced"
                letter.read_in_log |= event["type"] != "message_bounced"
    for key, attempts in evidence.attempts.items():
        if attempts[0].op == "messages.send" and key in keys:
            note_sent(letters, keys[key], attempts)
        if attempts[0].op in ("messages.read", "messages.ack"):
            note_read(letters, attempts)
    return letters


def first_answer(attempts):
    return min((call.completed_at for call in attempts if call.ok), default=None)


def note_sent(letters, event, attempts):
    for name in event["data"]["to"]:
        letter = letters[event["project"], name][event["stream_id"]]
        letter.sent_from = attempts[0].invoked_at
        letter.sent_by = first_answer(attempts)


def note_read(letters, attempts):
    request = attempts[0].request
    box = letters[request["project"], request["as"]]
    answered = next((call.answer["message_id"] for call in attempts if call.ok), None)
    asked = request.get("target", "")
    for letter in box.values():
        if letter.id == answered or letter.id in asked:
            if letter.read_from is None or attempts[0].invoked_at < letter.read_from:
                letter.read_from = attempts[0].invoked_at
            by = first_answer(attempts)
            if by is not None and (letter.read_by is None or by < letter.read_by):
                letter.read_by = by


def check_looks(evidence, letters, findings):
    for call in evidence.calls:
        if call.op != "messages.inbox" or not call.ok:
            continue
        box = letters[call.request["project"], call.request["as"]]
        shown = set(call.answer["ids"])
        surely = {letter.id for letter in box.values() if surely_unread(letter, call)}
        perhaps = {letter.id for letter in box.values() if perhaps_unread(letter, call)}
        if call.answer["whole"]:
            for id in surely - shown:
                findings.add("mail_not_shown", f"{call.id}: {call.request['as']} looked and was not shown {id}")
        for id in shown - perhaps:
            findings.add("mail_shown_again", f"{call.id}: {call.request['as']} was shown {id}, which was read before")
        count = call.answer.get("unread")
        if count is not None and not len(surely) <= count <= len(perhaps):
            findings.add("unread_count", f"{call.id}: {call.request['as']} was told of {count} unread, "
                                         f"{len(surely)} to {len(perhaps)} it was")
        findings.counts["looks into a mailbox"] += 1


def surely_unread(letter, call):
    return (not letter.bounced and letter.sent_by is not None and letter.sent_by < call.invoked_at
            and (letter.read_from is None or letter.read_from > call.completed_at)
            and not (letter.read_in_log and letter.read_from is None))


def perhaps_unread(letter, call):
    return letter.sent_from < call.completed_at and (letter.read_by is None or letter.read_by > call.invoked_at)


def check_mailboxes(evidence, letters, findings):
    """The table that unread mail is counted in says what the log says."""
    rows = evidence.state.get("message_recipients")
    if rows is None:
        return
    found = {(row["project"], row["recipient"], row["message_id"]) for row in rows if row["state"] == "unread"}
    wanted = {(letter.project, letter.recipient, letter.id) for box in letters.values() for letter in box.values()
              if not letter.bounced and not letter.read_in_log}
    for project, name, id in wanted ^ found:
        where = "is not" if (project, name, id) in wanted else "is"
        findings.add("unread_wrong", f"{id} {where} among the unread of {name} in {project}; the log says otherwise")


def check_mail(evidence, findings):
    letters = read_letters(evidence)
    findings.counts["letters"] += sum(len(box) for box in letters.values())
    check_looks(evidence, letters, findings)
    check_mailboxes(evidence, letters, findings)
