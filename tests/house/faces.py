#!/usr/bin/env python3
"""One definition, many faces: what the catalogue promises exists in SQL and in the command line, and the other way round.

usage: faces.py ROOT
"""
import pathlib
import re
import sys

sys.dont_write_bytecode = True

# Commands of fleet.act that only a daemon gives, for itself.
DAEMONS_OWN = {"host_join", "host_leave", "declare_host_lost", "sweep", "grant_waiters"}
# Members of an operation that travel beside the arguments of its command.
ENVELOPE = {"project", "fence"}


def texts(root, folder, suffix):
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted((root / folder).rglob("*" + suffix))}


def sql_commands(sql):
    """op → names of its arguments, from the rows of fleet_log.commands and fleet_log.command_fields."""
    whole = "\n".join(text for name, text in sql.items() if name.startswith("sql/commands"))
    commands = {}
    for block in re.findall(r"insert into fleet_log\.commands \(.*?;$", whole, re.S | re.M):
        for op in re.findall(r"^\s*\('(\w+)',", block, re.M):
            commands[op] = set()
    for block in re.findall(r"insert into fleet_log\.command_fields \(.*?;$", whole, re.S | re.M):
        for op, field in re.findall(r"^\s*\('(\w+)', '(\w+)',", block, re.M):
            commands.setdefault(op, set()).add(field)
    return commands


def operation_problems(operations, commands, statements):
    for row in operations:
        name = row["name"]
        if row["kind"] == "read" and row.get("statement") not in statements:
            yield f"operation {name}: sql/statements has no {row.get('statement')}"
        if not row.get("path") and not row.get("websocket", True):
            yield f"operation {name} has neither HTTP nor WebSocket"
        if not row.get("act"):
            continue
        if row["act"] not in commands:
            yield f"operation {name}: fleet.act has no command {row['act']}"
        elif row["act"] != "append":
            asked = {field["name"] for field in row["input"]} - ENVELOPE
            if row.get("long_poll"):
                asked -= {"wait_seconds"}
            for field in sorted(asked - commands[row["act"]]):
                yield f"operation {name}: the command {row['act']} has no argument {field}"
    reached = {row.get("act") for row in operations}
    for op in sorted(set(commands) - {"fence", "event"} - reached - DAEMONS_OWN):
        yield f"command {op} of fleet.act has no operation"


def event_problems(types, commands, sql):
    writers = "\n".join(text for name, text in sql.items() if name != "sql/catalogue.sql")
    for row in types:
        for op in [row["command"], *row.get("also", [])] if "command" in row else []:
            if op not in commands:
                yield f"event {row['type']}: fleet.act has no command {op}"
        if not row.get("open") and f"'{row['type']}'" not in writers:
            yield f"event {row['type']}: no SQL writes it"


def error_problems(errors, sql):
    known = {row["code"]: row.get("sqlstate", "") for row in errors}
    for name, text in sql.items():
        for code, state in re.findall(r"when '(\w+)' then '(FL\d{3})'", text):
            if known.get(code) != state:
                yield f"{name}: {code} has SQLSTATE {known.get(code)} in the catalogue, {state} here"


def sample_problems(root, types):
    wanted = {f"{row['type']}.v{number}.json" for row in types
              for number in range(1, len(row.get("older", [])) + 2)}
    found = {path.name for path in (root / "client/catalogue/samples").glob("*.json")}
    for name in sorted(wanted ^ found):
        yield f"client/catalogue/samples/{name} is " + ("missing" if name in wanted else "of no version of any type")


def settings_problems(settings, cpp):
    """A setting that nobody reads is a promise that nobody keeps."""
    code = "\n".join(cpp.values())
    for row in settings:
        if not re.search(rf"(?:settings|settings\(\)|settings_)(?:\.|->){row['key']}\b", code):
            yield f"setting {row['key']}: no code reads it"


def cli_problems(operations, cli):
    for row in operations:
        words = [word for word in row.get("cli", "").split() if not word.startswith("--")]
        flags = [word for word in row.get("cli", "").split() if word.startswith("--")]
        if not words:
            continue
        homes = [text for text in cli.values() if f'"{words[0]}"' in text or f"CLI::App& {words[0]}" in text]
        if not any(all(re.search(rf'"[^"]*{re.escape(word)}\b', text) for word in words[1:] + flags) for text in homes):
            yield f"operation {row['name']}: the command line has no `fleet {row['cli']}`"


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    sys.path.insert(0, str(root / "client/catalogue"))
    import catalogue  # it stands in the tree that is checked

    operations, types, errors = catalogue.operations(), catalogue.events()["types"], catalogue.errors()
    sql = texts(root, "sql", ".sql")
    commands = sql_commands(sql)
    statements = {name for text in sql.values() for name in re.findall(r"^-- name: (\w+)", text, re.M)}
    problems = [*operation_problems(operations, commands, statements), *event_problems(types, commands, sql),
                *error_problems(errors, sql),
                *settings_problems(catalogue.settings(), texts(root, "daemon", ".cpp") | texts(root, "client", ".cpp")),
                *sample_problems(root, types), *cli_problems(operations, texts(root, "client/cli", ".cpp"))]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
