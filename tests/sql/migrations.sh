#!/usr/bin/env bash
# Migrations go up, down and up again to the same schema, step by step, and to the one that is written down:
# migrations.sh DSN [--write]   (DSN: a superuser, any database; --write renews migrations/snapshots)
set -euo pipefail
dsn=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
name=fleet_migrations_$$
work=$(mktemp -d)
db="$(printf '%s' "$dsn" | sed -E 's/dbname=[^ ]+//') dbname=$name"
export PGOPTIONS='-c client_min_messages=warning'
fail() { echo "migrations.sh: $*" >&2; exit 1; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" "$@"; }

psql -Xq -d "$dsn" -c "create database $name"
trap 'psql -Xq -d "$dsn" -c "drop database $name with (force)"; rm -rf "$work"' EXIT

# The tables as psql would describe them: the same on every minor version, unlike pg_dump's text.
describe() {
    sql -f "$here/describe.sql"
}
only_migrations() {   # up to version $1, without sql/
    for file in "$root"/migrations/*.up.sql; do
        local base version
        base=$(basename "$file" .up.sql)
        version=$((10#${base%%_*}))
        [ "$version" -le "$1" ] || continue
        [ "$version" -gt "$2" ] || continue
        sql -1 -f "$file"
    done
}
last=$(ls "$root"/migrations/*.up.sql | wc -l)

for ((version = 1; version <= last; version++)); do
    only_migrations "$version" $((version - 1))
    describe > "$work/$version.txt"
done
for ((version = last; version >= 1; version--)); do
    down=$(ls "$root"/migrations/"$(printf '%04d' "$version")"_*.down.sql)
    sql -1 -f "$down"
    describe > "$work/down.txt"
    if [ "$version" -gt 1 ]; then
        diff -u "$work/$((version - 1)).txt" "$work/down.txt" || fail "the down step of $version does not lead back"
    else
        [ ! -s "$work/down.txt" ] || { cat "$work/down.txt"; fail "the first down step leaves something behind"; }
    fi
done
only_migrations "$last" 0
describe > "$work/again.txt"
diff -u "$work/$last.txt" "$work/again.txt" || fail "up, down and up again is not the same"

# With the repeatable files over it, rolled back and brought up again as the migrator does it.
"$here/apply.sh" "$db" 0
sql -c "truncate fleet_log.schema_versions"
sql -c 'drop schema fleet, fleet_live, fleet_state, fleet_log cascade'
"$here/apply.sh" "$db"
describe > "$work/applied.txt"
diff -u "$work/$last.txt" "$work/applied.txt" || fail "sql/ changes tables: that is for migrations"
"$here/apply.sh" "$db"
sql -c 'select * from fleet.verify_projections()'
for ((version = last; version >= 1; version--)); do
    sql -1 -f "$(ls "$root"/migrations/"$(printf '%04d' "$version")"_*.down.sql)"
done
"$here/apply.sh" "$db"
describe > "$work/applied.txt"
diff -u "$work/$last.txt" "$work/applied.txt" || fail "down and up under sql/ is not the same"

snapshot=$root/migrations/snapshots/$(printf '%04d' "$last").txt
if [ "${2:-}" = --write ]; then
    mkdir -p "$root/migrations/snapshots"
    cp "$work/$last.txt" "$snapshot"
fi
diff -u "$snapshot" "$work/$last.txt" || fail "the schema differs from $snapshot; a wanted change: migrations.sh DSN --write"
echo "migrations: $last up, down, up; the schema is the written one"
