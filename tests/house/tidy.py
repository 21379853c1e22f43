#!/usr/bin/env python3
"""What a reader should not meet in this repository, and a compiler does not mind.

usage: tidy.py ROOT
"""
import pathlib
import re
import sys

CODE = {".cpp", ".hpp", ".py", ".sql", ".sh", ".cmake"}
SKIPPED = {"build", ".git", "__pycache__"}
GENERATED = {"sql/catalogue.sql"}
LINE_MAX = 110
FILE_MAX = 500
# The rules themselves name what they ban.
OWN = "tests/house/"
# The one place that sleeps, between two looks.
POLL = "tests/support/eventually.hpp"

VAGUE = {"utils", "util", "utilities", "common", "manager", "helper", "helpers", "misc"}
VAGUE_NAME = re.compile(r"\b(?:namespace|class|struct)\s+(\w*(?:[Mm]anager|[Hh]elper|[Uu]tils?|[Cc]ommon)\w*)\b")
# Split, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
DETACHED = re.compile(r"\basio::detached\b|\basio::detached_t\b")
FIXED_SLEEP = re.compile(r"\bsleep_for\s*\(|\busleep\s*\(|\bnanosleep\s*\(|^\s*sleep\s+[\d.]")
SQL_TEXT = re.compile(
    r'"\s*(?:select\s+[^"]*\bfrom\b|select\s+[\w.]+\s*\(|insert\s+into\b|update\s+[\w.]+\s+set\b|delete\s+from\b|'
    r'create\s+(?:table|function|or\s+replace|view|schema|role|index|database)\b|alter\s+\w+\s|drop\s+\w+\s)', re.I)
# Rooms whose work is to say a word of SQL: sessions, migrations, the listener's own, and a provider's select 1.
# The client library has no statements of its own to embed: what its direct subscription says stands there.
SQL_ROOMS = ("daemon/pg/", "daemon/schema/", "daemon/services/", "client/direct/", "client/api/direct_feed.cpp")
MACHINE_PATHS = re.compile(r"(?<![\w.~])/(?:root|work|home/\w+|Users/\w+)/\w")


def files(root):
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        hidden = any(part in SKIPPED or part.startswith(("build-", ".")) for part in path.relative_to(root).parts)
        if path.is_file() and not hidden and path.suffix in CODE | {".md", ".json", ".txt"}:
            yield name, path


def name_problems(name):
    for part in pathlib.PurePath(name).parts:
        if pathlib.PurePath(part).stem.lower() in VAGUE:
            yield f"{name}: a name that says nothing: {part}"


def line_problems(name, line):
    code = name.split(".")[-1] in ("cpp", "hpp")
    width = len(line.expandtabs(4))
    # Python and SQL are held to it by eye: a literal has no place to break.
    if code and width > LINE_MAX:
        yield f"the line has {width} characters, {LINE_MAX} are the limit"
    if not name.startswith(OWN) and UNFINISHED.search(line):
        yield "unfinished work is an issue, not a comment"
    if not name.startswith(OWN) and MACHINE_PATHS.search(line):
        yield "a path of somebody's machine"
    if line.rstrip() != line and not name.endswith(".md"):
        yield "white space at the end of the line"
    if not code:
        return
    if DETACHED.search(line):
        yield "asio::detached swallows exceptions: give a completion that looks at them"
    if VAGUE_NAME.search(line):
        yield f"a name that says nothing: {VAGUE_NAME.search(line).group(1)}"
    if SQL_TEXT.search(line) and not name.startswith(SQL_ROOMS) and not name.startswith(("tests/", "bench/")):
        yield "SQL text belongs to sql/statements"


def test_problems(name, line):
    fixed = FIXED_SLEEP.search(line)
    if name.startswith("tests/") and not name.startswith((OWN, POLL)) and fixed and "sleep-ok:" not in line:
        yield "a test waits for something, never for a fixed time (or says why: sleep-ok: …)"


def check(root):
    for name, path in files(root):
        yield from name_problems(name)
        if name in GENERATED or path.suffix not in CODE:
            continue
        lines = path.read_text(encoding="utf-8").split("\n")
        if len(lines) - 1 > FILE_MAX:
            yield f"{name}: {len(lines) - 1} lines, {FILE_MAX} are the limit"
        for number, line in enumerate(lines, 1):
            for problem in (*line_problems(name, line), *test_problems(name, line)):
                yield f"{name}:{number}: {problem}"


def main(arguments):
    problems = list(check(pathlib.Path(arguments[0] if arguments else ".").resolve()))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
