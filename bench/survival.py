#!/usr/bin/env python3
"""What checkpoints and recovery cost, in the database alone: 100 sorties, 200 reservations, 1,000 messages.

usage: survival.py DSN [CREATES [RECOVERS]]   (a superuser's; a database is made and dropped)
"""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main(arguments):
    if not arguments:
        sys.exit(__doc__)
    server, creates, recovers = [*arguments, "1000", "20"][:1] + (arguments[1:] + ["1000", "20"][len(arguments) - 1:])[:2]
    name = f"fleet_survival_{os.getpid()}"
    dsn = f"{re.sub(r'dbname=[^ ]+', '', server)} dbname={name}"
    quiet = {**os.environ, "PGOPTIONS": "-c client_min_messages=warning"}
    psql = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d"]
    subprocess.run([*psql, server, "-c", f"create database {name}"], check=True, env=quiet)
    try:
        subprocess.run([str(HERE.parent / "tests/sql/apply.sh"), dsn], check=True, env=quiet)
        subprocess.run([*psql, dsn, "-v", f"creates={creates}", "-v", f"recovers={recovers}", "-f", str(HERE / "survival.sql")],
                       check=True, env=quiet)
    finally:
        subprocess.run([*psql, server, "-c", f"drop database {name} with (force)"], check=True, env=quiet)


if __name__ == "__main__":
    main(sys.argv[1:])
