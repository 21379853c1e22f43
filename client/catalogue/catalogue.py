"""Reads the definitions and refuses what does not hold together. Everything else trusts what it returns."""
import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
FIELD_TYPES = ("string", "text", "integer", "number", "boolean", "timestamp", "duration",
               "strings", "object", "objects", "any")
FIELD_KEYS = {"name", "type", "optional", "nullable", "min", "max", "item_max", "enum", "fields", "check", "words",
              "default", "in"}
EVENT_NAME = re.compile(r"^[a-z][a-z_]*[a-z]$")
# What every operation that works inside a project takes, unless it says so itself.
PROJECT = {"name": "project", "type": "string", "optional": True, "min": 1, "max": 200,
           "words": "key of the project; default: the header Fleet-Project"}
# What an operation that can wait for something takes; the daemon waits, the command never sees it.
LONG_POLL = {"name": "wait_seconds", "type": "duration", "optional": True, "min": 0, "max": 300,
             "words": "answer as soon as there is something, or after so long; default: at once"}
SNAKE = re.compile(r"^[a-z][a-z0-9_]*$")


class Broken(Exception):
    """A definition that cannot be used; the message says which and why."""


def load(name):
    with open(HERE / f"{name}.json", encoding="utf-8") as file:
        return json.load(file)


def load_all(folder, member):
    """The rows of every page of a folder: a subject a page, pages in the order of their names."""
    return [row for path in sorted((HERE / folder).glob("*.json"))
            for row in load(f"{folder}/{path.stem}").get(member, [])]


def need(condition, message):
    if not condition:
        raise Broken(message)


def check_field(field, where):
    name = field.get("name", "?")
    where = f"{where}.{name}"
    need(SNAKE.match(name), f"{where}: a field's name is snake_case")
    need(field.get("type") in FIELD_TYPES, f"{where}: unknown type {field.get('type')}")
    need(set(field) <= FIELD_KEYS, f"{where}: unknown keys {set(field) - FIELD_KEYS}")
    need("enum" not in field or field["type"] in ("string", "strings"), f"{where}: only strings have an enum")
    # "list": one or several of the enum in one text, separated by commas.
    need(field.get("check") != "list" or field["type"] == "string" and field.get("enum"), f"{where}: a list of what?")
    need(field.get("min", 0) <= field.get("max", 2**63 - 1), f"{where}: min is above max")
    for member in field.get("fields", []):
        check_field(member, where)


def errors():
    rows = load("errors")["errors"]
    seen = set()
    for row in rows:
        for key in ("code", "http", "exit", "message", "hint", "cause", "action"):
            need(row.get(key), f"errors.json: {row.get('code')} lacks {key}")
        need(row["code"] not in seen, f"errors.json: {row['code']} twice")
        seen.add(row["code"])
        state = row.setdefault("sqlstate", "")
        need(not state or (re.match(r"^FL\d{3}$", state) and state not in seen), f"errors.json: {state} twice or bad")
        seen.add(state or row["code"])
        need(0 < row["exit"] <= 7 and 400 <= row["http"] < 600, f"errors.json: {row['code']}: exit or http")
    return rows


def events():
    """Event types with `versions` (oldest first, each with its fields); the newest is also under `fields`."""
    document = {"types": load_all("events", "types"), "later": load("events/later")["later"]}
    seen = set()
    for row in document["types"]:
        name = row["type"]
        need(EVENT_NAME.match(name) and name not in seen, f"events: {name}: bad name, or twice")
        seen.add(name)
        need(row.get("open") or row.get("command"), f"events: {name} has neither a command nor the mark open")
        older = row.setdefault("older", [])
        row["schema_version"] = len(older) + 1
        row["versions"] = [entry["fields"] for entry in older] + [row["fields"]]
        for number, entry in enumerate(older, 1):
            need(entry.get("upcast"), f"events: {name} version {number} has no upcast")
        for fields in row["versions"]:
            for field in fields:
                check_field(field, name)
    for name in later(document):
        need(EVENT_NAME.match(name) and name not in seen, f"events: later {name}: bad name, or twice")
        seen.add(name)
    return document


def later(document):
    """Names of the types that a later release brings."""
    return [name for names in document["later"].values() for name in names]


def operations():
    rows = load_all("operations", "operations")
    seen, routes = set(), set()
    codes = {row["code"] for row in errors()}
    for row in rows:
        name = row["name"]
        need(name not in seen, f"operations: {name} twice")
        seen.add(name)
        need(row["kind"] in ("read", "write", "stream", "custom"), f"{name}: kind")
        need(row["role"] in ("anyone", "user", "operator"), f"{name}: role")
        need(not row.get("errors") or set(row["errors"]) <= codes, f"{name}: unknown error in errors")
        if row.get("path"):
            route = (row["method"], re.sub(r"\{[^}]*\}", "{}", row["path"]))
            need(route not in routes, f"{name}: route {route} twice")
            routes.add(route)
        names = [field["name"] for field in row.setdefault("input", [])]
        if row.get("project") and "project" not in names:
            row["input"].insert(0, dict(PROJECT))
            names.insert(0, "project")
        if row.get("long_poll") and LONG_POLL["name"] not in names:
            row["input"].append(dict(LONG_POLL))
            names.append(LONG_POLL["name"])
        # Reads that answer one object instead of a page.
        row.setdefault("single", row.get("statement", "").startswith("show_"))
        need(len(names) == len(set(names)), f"{name}: a field twice")
        for field in row["input"] + row.get("drawn", []):
            check_field(field, name)
        for param in re.findall(r"\{(\w+)\}", row.get("path", "")):
            need(param in names, f"{name}: path parameter {param} is not a field")
        for field in drawn_ids(row):
            need(field["name"] not in names, f"{name}: {field['name']} is drawn, so nobody can give it")
    return rows


def drawn_ids(row):
    """Arguments of its command that are fresh ids, which the daemon draws."""
    return [field for field in row.get("drawn", []) if field.get("check", "").startswith("id:")]


SETTING_TYPES = ("text", "secret", "path", "choice", "integer", "seconds", "millis", "bytes", "flag")


def settings():
    rows = load("settings")["settings"]
    for row in rows:
        key = row["key"]
        need(SNAKE.match(key), f"settings.json: {key}")
        need(row["type"] in SETTING_TYPES, f"{key}: type {row['type']}")
        need(row.get("words"), f"{key}: words are missing")
        need(row["type"] != "choice" or row.get("choices"), f"{key}: a choice needs choices")
        row.setdefault("env", "FLEET_" + key.upper())
        row.setdefault("flag", "--" + key.replace("_", "-"))
        row.setdefault("reloadable", False)
        row.setdefault("secret", False)
    need(len({row["key"] for row in rows}) == len(rows), "settings.json: a key twice")
    return rows
