#!/usr/bin/env python3
"""Turns the definitions of this folder into everything that follows from them.

usage: generate.py --cpp OUTDIR        C++ for the build tree
       generate.py --checked-in ROOT   sql/catalogue.sql, sql/commands_catalogue.sql, sql/usage/prices_catalogue.sql
                                      and docs/reference/, which are kept in the repository; the page of states is made from sql/transitions*.sql
A file whose content stays the same is not written, so that nothing is built again without need.
"""
import pathlib
import sys

sys.dont_write_bytecode = True
import catalogue
import cpp_errors
import cpp_events
import cpp_mcp
import cpp_operations
import cpp_settings
import mcp
import mcp_pages
import openapi
import pages
import record_pages
import sql_catalogue
import sql_commands
import sql_prices
import state_pages


def cpp_outputs():
    errors, events = catalogue.errors(), catalogue.events()
    operations, settings = catalogue.operations(), catalogue.settings()
    return {
        "fleet/error_codes.hpp": cpp_errors.header(errors),
        "error_codes.cpp": cpp_errors.body(errors),
        "fleet/events.hpp": cpp_events.header(events),
        "events.cpp": cpp_events.body(events),
        "fleet/operations.hpp": cpp_operations.header(operations),
        "operations.cpp": cpp_operations.body(operations),
        "fleet/settings.hpp": cpp_settings.header(settings),
        "settings.cpp": cpp_settings.body(settings),
        "openapi.cpp": openapi.body(operations, errors),
        "fleet/mcp.hpp": cpp_mcp.header(),
        "mcp.cpp": cpp_mcp.body(mcp.definition()),
    }


def checked_in_outputs():
    errors, events = catalogue.errors(), catalogue.events()
    operations, settings = catalogue.operations(), catalogue.settings()
    return {
        "sql/catalogue.sql": sql_catalogue.text(events, errors),
        "sql/commands_catalogue.sql": sql_commands.text(operations),
        "sql/usage/prices_catalogue.sql": sql_prices.text(catalogue.load("prices")),
        "docs/reference/errors.md": pages.errors(errors),
        "docs/reference/events.md": pages.events(events),
        "docs/reference/mcp.md": mcp_pages.text(mcp.definition()),
        "docs/reference/operations.md": pages.operations(operations, errors),
        "docs/reference/records.md": record_pages.text(),
        "docs/reference/settings.md": pages.settings(settings),
        "docs/reference/states.md": state_pages.states(),
        "docs/reference/events.schema.json": pages.events_schema(events),
        "docs/reference/operations.schema.json": pages.operations_schema(operations),
    }


def write(root, outputs):
    for name, text in outputs.items():
        path = pathlib.Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in ("--cpp", "--checked-in"):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        outputs = cpp_outputs() if arguments[0] == "--cpp" else checked_in_outputs()
    except catalogue.Broken as broken:
        print(f"catalogue: {broken}", file=sys.stderr)
        return 1
    write(arguments[1], outputs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
