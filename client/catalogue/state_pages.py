"""The page of states: a diagram and a table an entity, from the rows of sql/transitions*.sql."""
import re

import catalogue
from pages import NOTE, table

SQL = catalogue.HERE.parents[1] / "sql"
STRING = r"'((?:[^']|'')*)'"
ROW = re.compile(rf"\({STRING},\s*{STRING},\s*{STRING},\s*{STRING},\s*(?:null|{STRING})\)")
# What an entity is, for its heading; an entity without words here gets its name.
WORDS = {
    "reservation": "A lease on files. *Lapsed* is a view of `active`: past its end, and in nobody's way.",
    "reservation request": "Waiting in line for files.",
    "sortie": "One pilot-sized piece of a mission. *Ready* is a view of `pending`: its dependencies ended as it asks.",
    "work order": "An item of the durable queue.",
}


def rows():
    """(entity, from, event, to, guard) in the order of the files."""
    found = []
    for path in sorted(SQL.glob("transitions*.sql")):
        text = path.read_text(encoding="utf-8")
        blocks = re.findall(r"^insert into fleet_log\.transitions.*?;$", text, re.S | re.M)
        matches = [match for block in blocks for match in ROW.findall(block)]
        catalogue.need(matches, f"{path.name}: no row that reads like a transition")
        found += [tuple(item.replace("''", "'") for item in match) for match in matches]
    return found


def state(name):
    # Mermaid writes the beginning as [*].
    return "[*]" if name == "none" else name


def diagram(steps):
    """Arrows between the same two states are drawn once, with all their events."""
    arrows = {}
    for _, origin, event, target, _ in steps:
        names = arrows.setdefault((origin, target), [])
        if event not in names:
            names.append(event)
    lines = [f"    {state(origin)} --> {state(target)}: {', '.join(names)}"
             for (origin, target), names in arrows.items()]
    left = {origin for _, origin, _, _, _ in steps}
    ends = dict.fromkeys(row[3] for row in steps if row[3] not in left)
    lines += [f"    {target} --> [*]" for target in ends]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def section(entity, steps):
    listed = table(("from", "event", "to", "when"), [
        ("–" if origin == "none" else f"`{origin}`", f"[`{event}`](events.md#{event})", f"`{target}`", guard)
        for _, origin, event, target, guard in steps])
    words = f"{WORDS[entity]}\n\n" if entity in WORDS else ""
    return f"## {entity}\n\n{words}{diagram(steps)}\n\n{listed}"


def states():
    entities = {}
    for row in rows():
        entities.setdefault(row[0].replace("_", " "), []).append(row)
    sections = "\n".join(section(entity, steps) for entity, steps in entities.items())
    return f"""{NOTE.replace("from client/catalogue.", "from sql/transitions*.sql.")}# States

Every transition that exists, from the rows that the commands themselves ask (`table fleet.transitions` in psql). What is not
here is refused, in the transaction, whoever the writer is: the answer names the state found, the event asked for, and what
would be allowed.

{sections}"""
