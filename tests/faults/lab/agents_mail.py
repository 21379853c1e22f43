"""The mail of a pilot: to one, to several, read, acknowledged."""

PAGE = 200  # of a mailbox, so that a whole one fits


def send(pilot):
    if not pilot.others or pilot.chance(4):
        answer = pilot.client.read("pilots.list", "GET", "/pilots?limit=200", keep=lambda body: {})
        pilot.others = [item["callsign"] for item in answer.body.get("items", [])
                        if item["callsign"] != pilot.client.callsign]
    if not pilot.others:
        return
    to = pilot.random.sample(pilot.others, min(len(pilot.others), 1 + pilot.chance(25)))
    key = pilot.client.key()
    body = {"to": sorted(to), "subject": key, "body": f"What {key} has to say.", "ack_required": pilot.chance(40)}
    pilot.client.write("messages.send", "/messages", body, key=key)


def look(pilot):
    """The unread part of the mailbox; its ids and counts go to the history."""
    target = f"/pilots/{pilot.client.callsign}/mailbox?unread=true&limit={PAGE}"
    keep = lambda body: {"ids": [item["message_id"] for item in body.get("items", [])],
                         "whole": not body.get("next"), "unread": body.get("unread"),
                         "unacked": body.get("unacked")}
    answer = pilot.client.read("messages.inbox", "GET", target, keep=keep)
    return answer.body.get("items", []) if answer.ok else []


def read_some(pilot):
    for item in look(pilot)[:6]:
        if pilot.chance(75):
            take(pilot, item)


def take(pilot, item):
    verb = "ack" if item.get("ack_required") else "read"
    pilot.client.write(f"messages.{verb}", f"/messages/{item['message_id']}/{verb}", {})


def read_all(pilot):
    """The last look of a run."""
    look(pilot)
