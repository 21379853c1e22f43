"""Is each sortie and each work order done by one at a time, once, and by whom its token says?"""
import collections
import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    stream: str
    given: str
    done: str
    ends: tuple
    claim: str


KINDS = (
    Kind("sortie", "sortie", "sortie_assigned", "sortie_completed",
         ("sortie_requeued", "sortie_completed", "sortie_failed", "sortie_cancelled"), "sorties.claim_next"),
    Kind("work_order", "work_order", "work_order_claimed", "work_order_completed",
         ("work_order_requeued", "work_order_completed", "work_order_failed", "work_order_cancelled"), "work_orders.claim"),
)


def follow(kind, evidence, findings):
    """By the seq of each event, the token that held when it was written; 0: nobody's."""
    holder, now, done = {}, {}, {}
    for event in evidence.log:
        if event["stream_type"] != kind.stream:
            continue
        id, seq, type = event["stream_id"], event["seq"], event["type"]
        if type == kind.given:
            if now.get(id):
                findings.add("given_twice", f"{id} was given away at seq {seq} while token {now[id]} held it")
            now[id] = seq
            findings.counts[f"{kind.name}s given"] += 1
        holder[seq] = now.get(id, 0)
        if type in kind.ends:
            now[id] = 0
        if type == f"{kind.name}_requeued":
            findings.counts[f"{kind.name}s returned"] += 1
        if type == kind.done:
            if id in done:
                findings.add("completed_twice", f"{id} was completed at seq {done[id]} and {seq}")
            done[id] = seq
            findings.counts[f"{kind.name}s completed"] += 1
    return holder


def held_at(kind, seq, holder, evidence):
    """Whose it was when the command wrote `seq`. A failure that is tried again writes its return behind it."""
    event = evidence.by_seq.get(seq)
    if event and event["type"] == f"{kind.name}_requeued":
        before = [e for e in evidence.streams[event["stream_id"]] if e["seq"] < seq]
        if before and before[-1]["type"] == f"{kind.name}_failed":
            return holder.get(before[-1]["seq"])
    return holder.get(seq)


def check_accepted(kind, evidence, holder, findings):
    """What was accepted carried the token of the claim that held when its event was written; nobody is told of a
    completion, or given a claim, that another was told of, too."""
    told, given = {}, {}
    for call in evidence.calls:
        if not call.ok or not call.key:
            continue
        fence = call.request.get("fence") or {}
        if fence.get("kind") == kind.name and "last_seq" in call.answer:
            held = held_at(kind, call.answer["last_seq"], holder, evidence)
            if held != fence["token"]:
                findings.add("accepted_with_old_token", f"{call.id}: {call.op} of {fence['id']} at seq "
                                                        f"{call.answer['last_seq']} with token {fence['token']} while "
                                                        f"{held} held")
            if call.op.endswith(".complete") and told.setdefault(fence["id"], call.key) != call.key:
                findings.add("told_twice", f"{told[fence['id']]} and {call.key} both completed {fence['id']}")
        for token in given_tokens(kind, call):
            if given.setdefault(token, call.key) != call.key:
                findings.add("taken_twice", f"{given[token]} and {call.key} were both given token {token}")


def check_told(kind, evidence, findings):
    """Who was given something was told so, unless an answer is still out."""
    told, open_keys = set(), collections.Counter()
    for attempts in evidence.attempts.values():
        first = attempts[0]
        if first.op != kind.claim:
            continue
        good = [call for call in attempts if call.ok]
        for call in good:
            told.update(given_tokens(kind, call))
        if not good and any(call.outcome == "unknown" for call in attempts):
            open_keys[first.request["as"]] += first.request.get("limit", 1)
    silent = collections.Counter(event["actor"] for event in evidence.log
                                 if event["type"] == kind.given and event["seq"] not in told)
    for actor, count in silent.items():
        if count > open_keys[actor]:
            findings.add("done_twice", f"{actor} was given {count} {kind.name}s without being told; "
                                       f"{open_keys[actor]} answers are out")


def given_tokens(kind, call):
    if call.op == "sorties.claim_next" and kind.name == "sortie":
        yield call.answer["token"]
    if call.op == "work_orders.claim" and kind.name == "work_order":
        for order in call.answer["orders"]:
            yield order["token"]


def check_claims(evidence, findings):
    for kind in KINDS:
        holder = follow(kind, evidence, findings)
        check_accepted(kind, evidence, holder, findings)
        check_told(kind, evidence, findings)
