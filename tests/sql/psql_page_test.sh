#!/usr/bin/env bash
# docs/psql.md against a small scene, on the server that FLEET_TEST_DSN names. `psql_page_test.sh --write` renews the page.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=fleet_page_$$
db="$(printf '%s' "$FLEET_TEST_DSN" | sed -E 's/dbname=[^ ]+//') dbname=$name"
export PGOPTIONS='-c client_min_messages=warning' PGTZ=UTC PYTHONDONTWRITEBYTECODE=1
psql -Xq -d "$FLEET_TEST_DSN" -c "create database $name"
trap 'psql -Xq -d "$FLEET_TEST_DSN" -c "drop database $name with (force)"' EXIT
"$here/apply.sh" "$db"
psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -d "$db" -c 'create schema tap' -f "$here/tools.sql" -f "$here/scene_shop.sql" -c 'select tap.open_shop()'
python3 "$here/psql_page.py" "$db" "$here/../../docs/psql.md" "$@"
