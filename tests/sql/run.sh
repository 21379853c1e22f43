#!/usr/bin/env bash
# Runs the SQL tests against a server: run.sh DSN [CASE…]   (DSN: a superuser, any database; one database is made and dropped)
set -euo pipefail
dsn=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
name=fleet_sql_$$
with_db() { printf '%s dbname=%s' "$(printf '%s' "$dsn" | sed -E 's/dbname=[^ ]+//')" "$1"; }
export PGOPTIONS='-c client_min_messages=warning'

if [ "$(psql -XAtq -d "$dsn" -c "select count(*) from pg_available_extensions where name = 'pgtap'")" = 0 ]; then
    echo "pgTAP is not installed on this server: run 'make deps'" >&2
    exit 77
fi
psql -Xq -d "$dsn" -c "create database $name"
trap 'psql -Xq -d "$dsn" -c "drop database $name with (force)"' EXIT
"$here/apply.sh" "$(with_db "$name")"
psql -Xq -v ON_ERROR_STOP=1 -d "$(with_db "$name")" -c 'create schema tap' -c 'create extension pgtap schema tap' \
     -f "$here/tools.sql"

cases=("$@")
[ ${#cases[@]} -gt 0 ] || cases=("$here"/cases/*.sql)
FLEET_TEST_DSN=$(with_db "$name") prove --quiet --exec "$here/one.sh" "${cases[@]}"
