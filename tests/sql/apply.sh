#!/usr/bin/env bash
# Applies all migrations and the repeatable files to a database: apply.sh DSN [LAST_VERSION]
# The daemon's migrator does the same with the embedded files; this is for tests and for a person with psql.
set -euo pipefail
dsn=$1
last=${2:-9999}
root=$(cd "$(dirname "$0")/../.." && pwd)
run() { psql -X -q -v ON_ERROR_STOP=1 -d "$dsn" "$@"; }
export PGOPTIONS='-c client_min_messages=warning'

for file in "$root"/migrations/*.up.sql; do
    base=$(basename "$file" .up.sql)
    version=$((10#${base%%_*}))
    [ "$version" -le "$last" ] || continue
    if [ "$(psql -XAtq -d "$dsn" -c "select to_regclass('fleet_log.schema_versions') is not null")" = t ] &&
       [ -n "$(run -At -c "select 1 from fleet_log.schema_versions where version = $version")" ]; then
        continue
    fi
    sha=$(sha256sum "$file" | cut -d' ' -f1)
    breaking=$(head -n 1 "$file" | grep -q 'breaking: yes' && echo true || echo false)
    row="insert into fleet_log.schema_versions (version, name, sha256, breaking)
         values ($version, '${base#*_}', '$sha', $breaking)"
    # The row comes first, so that of two starters one waits; only the first migration makes its table itself.
    if [ "$version" = 1 ]; then
        run -1 -f "$file" -c "$row"
    else
        run -1 -c "$row" -f "$file"
    fi
done

files=()
while read -r name; do
    [ -z "$name" ] || files+=(-f "$root/sql/$name")
done < "$root/sql/order.txt"
run -1 "${files[@]}"
