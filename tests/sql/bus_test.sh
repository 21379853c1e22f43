#!/usr/bin/env bash
# What needs commits and several sessions: one notification a batch, one order for all writers, and the switches that
# take a safety away. On the server that FLEET_TEST_DSN names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=fleet_bus_$$
work=$(mktemp -d)
db="$(printf '%s' "$FLEET_TEST_DSN" | sed -E 's/dbname=[^ ]+//') dbname=$name"
export PGOPTIONS='-c client_min_messages=warning'
fail() { echo "bus_test.sh: $*" >&2; exit 1; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" "$@"; }
psql -Xq -d "$FLEET_TEST_DSN" -c "create database $name"
trap 'psql -Xq -d "$FLEET_TEST_DSN" -c "drop database $name with (force)"; rm -rf "$work"' EXIT
"$here/apply.sh" "$db"

# One notification a batch, whatever is in it; none for a batch that wrote nothing.
note='{"op": "append", "project": "%s", "args": {"events": [{"type": "x.a"}]}}'
projects() { seq -f '%.0f' 1 "$1" | sed 's/.*/{"op": "register_project", "args": {"key": "p&"}}/' | paste -sd,; }
heard=$(sql -c 'listen fleet' -c "select count(*) from fleet.act('[$(projects 2)]')" \
            -c "select count(*) from fleet.act('[$(printf "$note" p1), $(printf "$note" nope), $(printf "$note" p2)]')" \
            -c "select count(*) from fleet.act('[$(printf "$note" nope)]')" \
            -c "select count(*) from fleet.act('[$(projects 17)]')" -c 'select 1' | grep -o 'payload "{.*}"' || true)
expected='payload "{"from":1,"to":2,"projects":["p1","p2"]}"
payload "{"from":3,"to":4,"projects":["p1","p2"]}"
payload "{"from":5,"to":19,"projects":["p10","p11","p12","p13","p14","p15","p16","p17","p3","p4","p5","p6","p7","p8","p9"]}"'
[ "$heard" = "$expected" ] || { printf '%s\n' "$heard"; fail "notifications are not one a batch"; }
heard=$(sql -c 'listen fleet' -c "select count(*) from fleet.act('[$(for i in $(seq 17); do printf "$note," "p$i"; done | sed 's/,$//')]')" \
            -c 'select 1' | grep -o 'payload "{.*}"')
[ "$heard" = 'payload "{"from":20,"to":36,"projects":null}"' ] || fail "over sixteen projects are not told: $heard"

# Eight writers, some of whom break off: no gap, no version twice, projections right, and a reader who asks for "after
# n" while they write misses nothing.
cat > "$work/write.sql" <<'SQL'
select count(*) from fleet.act('[{"op": "append", "project": "p1", "args": {"events": [{"type": "x.a"}, {"type": "x.b"}]}},
    {"op": "register_pilot", "project": "p2", "args": {"callsign": "c", "program": "p", "model": "m", "resume": true}}]');
SQL
cat > "$work/break.sql" <<'SQL'
begin;
select count(*) from fleet.act('[{"op": "append", "project": "p3", "args": {"events": [{"type": "x.a"}]}}]');
rollback;
SQL
# The reader keeps what it saw; it asks again and again while the writers run, and once more after them.
sql -c 'create table public.seen (seq bigint)' -c 'create table public.done (at timestamptz)'
cat > "$work/read.sql" <<'SQL'
do $$
declare
    last bigint := 0;
    ended boolean := false;
begin
    loop
        ended := exists (select from public.done);
        insert into public.seen select l.seq from fleet.read_log(last, 9223372036854775806, 100000) l;
        last := coalesce((select max(s.seq) from public.seen s), 0);
        exit when ended;
        perform pg_sleep(0.002);
        commit;
    end loop;
end $$;
SQL
sql -f "$work/read.sql" &
reader=$!
pgbench -n -c 8 -T 2 -f "$work/write.sql@4" -f "$work/break.sql@1" "$db" > "$work/pgbench.txt" 2>&1 || { cat "$work/pgbench.txt"; fail "a writer failed"; }
sql -c "insert into public.done values (now())"
wait "$reader"
[ "$(sql -c 'select max(seq) - count(*) from fleet.events')" = 0 ] || fail "the log has gaps"
[ "$(sql -c 'select count(*) from fleet.events')" -gt 200 ] || fail "the writers hardly wrote"
[ "$(sql -c 'select count(*) from fleet.verify_projections()')" = 0 ] || fail "projections are not the fold of the log"
[ "$(sql -c 'select (select count(*) from fleet.events) - (select count(distinct seq) from public.seen)')" = 0 ] ||
    fail "a reader that asks for what is after its last missed events"

# A switch counts only where a superuser set it, at the database.
[ "$(sql -c 'set fleet.test_switches = no_token_check' -c "select fleet_log.switched('no_token_check')")" = f ] ||
    fail "a session could take the token check away"
sql -c "alter database $name set fleet.test_switches = 'no_token_check, no_order_lock'"
[ "$(sql -c "select fleet_log.switched('no_token_check')")" = t ] || fail "the switch at the database is not seen"
[ "$(sql -c "select fleet_log.switched('no_displacement')")" = f ] || fail "a switch that was not set is seen"

# Without the order lock the same reader does miss events: the lock is what keeps it whole, and this test can fail.
sql -c 'create sequence fleet_live.unordered start with 1000000' -c 'grant all on sequence fleet_live.unordered to fleet_owner' \
    -c 'truncate public.seen, public.done' -c 'insert into public.seen select max(seq) from fleet.events'
# Writers of one project are kept apart by its lock: each draws one of sixteen.
cat > "$work/append.sql" <<'SQL'
\set n random(1, 1000000000)
\set p random(1, 16)
select count(*) from fleet.act(jsonb_build_array(jsonb_build_object('op', 'append', 'project', 'p' || :p, 'args',
    jsonb_build_object('events', jsonb_build_array(jsonb_build_object('type', 'x.a', 'stream_id', 's' || :n)))))), pg_sleep(0.002);
SQL
sql -f "$work/read.sql" &
reader=$!
pgbench -n -c 8 -T 2 -f "$work/append.sql" "$db" > "$work/pgbench.txt" 2>&1 || { cat "$work/pgbench.txt"; fail "a writer failed"; }
sql -c "insert into public.done values (now())"
wait "$reader"
lost=$(sql -c 'select (select count(*) from fleet.events where seq >= 1000000) - (select count(*) from public.seen where seq >= 1000000)')
[ "$lost" -gt 0 ] || fail "without the order lock the reader should miss events, but did not"
echo "bus: one notification a batch; 8 writers, no gap; without the order lock a reader misses $lost events"
