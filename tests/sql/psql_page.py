#!/usr/bin/env python3
"""The questions of docs/psql.md get the answers that the page shows.

usage: psql_page.py DSN PAGE [--write]

Every ```sql block is run by psql, in the order of the page. If a ```text block follows it, the answer must have its
columns and, in order, at least its rows; ids, times and what depends on them may differ. No line may be wider than a
terminal of 120 columns. `--write` renews the text blocks from what psql says.
"""
import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)
WIDTH = 120
# Columns whose values no two runs share.
VARYING = {"id", "seq", "token", "pid", "seconds", "silent_seconds", "minute", "from_seq", "last_seq", "head"}
NOISE = [(r"\b[a-z]{2,4}_[0-7][0-9a-hjkmnp-tv-z]{25}\b", "ID"), (r"…[0-9a-hjkmnp-tv-z]{6}\b", "ID"),
         (r"\d{4}-\d\d-\d\d", "DAY"), (r"\d\d:\d\d(:\d\d(\.\d+)?(\+00)?)?", "TIME"),
         (r"\b\d+[dhms]( \d+[hms])?(?!\w)", "SPAN")]


def ask(dsn, sql):
    words = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", "-P", "footer=off", "-d", dsn, "-f", "-"]
    done = subprocess.run(words, input=sql, capture_output=True, text=True, check=False)
    if done.returncode != 0 or done.stderr.strip():
        raise ValueError(done.stderr.strip() or f"psql ended with {done.returncode}")
    return "".join(line.rstrip() + "\n" for line in done.stdout.splitlines()).strip("\n") + "\n"


def cells(line):
    return [cell.strip() for cell in line.split("|")]


def told(text):
    """Head and rows, without what differs from run to run."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not re.fullmatch(r"[-+]+", lines[1].strip()):
        return [], lines
    head = cells(lines[0])
    rows = []
    for line in lines[2:]:
        row = []
        for name, value in zip(head, cells(line)):
            for pattern, word in NOISE:
                value = re.sub(pattern, word, value)
            row.append("#" if name in VARYING and value else value)
        rows.append(row)
    return head, rows


def missing(shown, found):
    """The first row of the page that the answer lacks, or None."""
    rest = iter(found)
    return next((row for row in shown if not any(row == other for other in rest)), None)


def problems(shown, found):
    wide = [line for line in found.splitlines() if len(line) > WIDTH]
    if wide:
        yield f"a line has {len(wide[0])} columns: {wide[0]}"
    if shown is None:
        return
    (head, rows), (found_head, found_rows) = told(shown), told(found)
    if head != found_head:
        yield f"the columns are {found_head}, the page shows {head}"
    elif missing(rows, found_rows) is not None:
        yield f"no row {missing(rows, found_rows)} where the page shows it; the answer is\n{found}"


def main(arguments):
    if len(arguments) not in (2, 3) or arguments[2:] not in ([], ["--write"]):
        print(__doc__, file=sys.stderr)
        return 2
    dsn, page = arguments[0], pathlib.Path(arguments[1])
    text, failures, asked = page.read_text(encoding="utf-8"), [], 0
    renewed, place = "", 0
    for block in BLOCK.finditer(text):
        sql, shown = block.groups()
        asked += 1
        where = f"{page.name}:{text.count(chr(10), 0, block.start()) + 1}"
        renewed += text[place:block.start()] + f"```sql\n{sql}```\n"
        place = block.end()
        try:
            found = ask(dsn, sql)
        except ValueError as error:
            failures.append(f"{where}: {error}")
            renewed += "" if shown is None else f"\n```text\n{shown}```\n"
            continue
        failures += [f"{where}: {problem}" for problem in problems(None if arguments[2:] else shown, found)]
        renewed += "" if shown is None else f"\n```text\n{found}```\n"
    if arguments[2:]:
        page.write_text(renewed + text[place:], encoding="utf-8")
    if asked == 0:
        failures.append(f"{page} has no question")
    print("\n".join(failures) or f"{page.name}: {asked} questions answered")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
