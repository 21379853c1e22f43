#!/usr/bin/env bash
# 16 claimers take 500 sorties (2,000 if FLEET_TEST_LONG is set) while they and their sessions are killed: each sortie is
# taken exactly once, and every claimer learns what it took, because a claim whose answer was lost is repeated with its
# key. On the server that FLEET_TEST_DSN names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=fleet_claimers_$$
work=$(mktemp -d)
db="$(printf '%s' "$FLEET_TEST_DSN" | sed -E 's/dbname=[^ ]+//') dbname=$name"
export PGOPTIONS='-c client_min_messages=warning'
fail() { echo "claimers_test.sh: $*" >&2; exit 1; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" "$@"; }
psql -Xq -d "$FLEET_TEST_DSN" -c "create database $name"
trap 'psql -Xq -d "$FLEET_TEST_DSN" -c "drop database $name with (force)"; rm -rf "$work"' EXIT
"$here/apply.sh" "$db"
sorties=500
[ -z "${FLEET_TEST_LONG:-}" ] || sorties=2000
claimers=16
sql <<SQL > /dev/null
select count(*) from fleet.act('[{"op": "register_project", "args": {"key": "p"}}]');
select count(*) from fleet.act((select jsonb_agg(jsonb_build_object('op', 'register_pilot', 'project', 'p', 'args',
    jsonb_build_object('callsign', 'c-' || i, 'program', 'p', 'model', 'm'))) from generate_series(1, $claimers) i));
select count(*) from generate_series(1, $sorties / 100) k, lateral fleet.act((select jsonb_agg(jsonb_build_object(
    'op', 'create_sortie', 'project', 'p', 'actor', 'c-1', 'args', jsonb_build_object('title', k || '.' || i))) from generate_series(1, 100) i));
SQL

# A claimer: one claim a transaction; what it has an answer for stands in its file. After each death it goes on with the
# first claim that has no answer, and the same key.
claim() {
    local me=$1 file=$work/$1 have
    touch "$file"
    while ! grep -q none "$file"; do
        have=$(wc -l < "$file")
        seq -f '%.0f' $((have + 1)) $((have + 100)) | awk -v me="$me" '{
            printf "select coalesce(result ->> %c%s%c, code) from fleet.act(%c[{\"op\": \"claim_sortie\", \"project\": \"p\", \"actor\": \"c-%s\", \"caller\": \"c-%s\", \"key\": \"%s\", \"digest\": \"%064d\"}]%c);\n", 39, "sortie_id", 39, 39, me, me, $1, 0, 39 }' > "$file.sql"
        psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" -f "$file.sql" 2> /dev/null | awk '
            /^srt_/ { print; fflush(); next } /nothing_ready/ { print "none"; fflush(); exit }' >> "$file" || true
    done
}
for me in $(seq $claimers); do claim "$me" & done

# Meanwhile sessions end under them, wherever they stand.
killed=0
while [ "$(cat "$work"/* 2> /dev/null | grep -c none || true)" -lt $claimers ]; do
    ended=$(sql -c "select count(pg_terminate_backend(pid)) from (select pid from pg_stat_activity where datname = '$name' and pid <> pg_backend_pid() and query like '%claim_sortie%' order by random() limit 2) x")
    killed=$((killed + ended))
    sleep 0.7   # sleep-ok: the pace of the faults
done
wait
[ "$killed" -ge 4 ] || fail "only $killed sessions were ended: this proves little"
took=$(cat "$work"/? "$work"/?? | grep -c '^srt_')
different=$(cat "$work"/? "$work"/?? | grep '^srt_' | sort -u | wc -l)
[ "$took" = $sorties ] && [ "$different" = $sorties ] || fail "$took answers of $different sorties, not $sorties of each"
twice=$(sql -c "select count(*) from (select stream_id from fleet_log.events where type = 'sortie_assigned' group by 1 having count(*) > 1) x")
[ "$twice" = 0 ] || fail "$twice sorties were assigned more than once"
[ "$(sql -c "select count(*) from fleet_state.sorties where state = 'assigned'")" = $sorties ] || fail 'not all are assigned'
[ -z "$(sql -c 'select * from fleet.verify_projections()')" ] || fail 'a replay differs'
echo "16 claimers took $sorties sorties once each; $killed sessions were killed"
