#!/usr/bin/env bash
# Mail with commits and several sessions: counts stay exact while eight clients write and read at once, and an erased text
# is in no file of the database any more. On the server that FLEET_TEST_DSN names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=fleet_mail_$$
work=$(mktemp -d)
db="$(printf '%s' "$FLEET_TEST_DSN" | sed -E 's/dbname=[^ ]+//') dbname=$name"
export PGOPTIONS='-c client_min_messages=warning'
fail() { echo "mail_test.sh: $*" >&2; exit 1; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" "$@"; }
psql -Xq -d "$FLEET_TEST_DSN" -c "create database $name"
trap 'psql -Xq -d "$FLEET_TEST_DSN" -c "drop database $name with (force)"; rm -rf "$work"' EXIT
"$here/apply.sh" "$db"
sql -c "select count(*) from fleet.act('[{\"op\": \"register_project\", \"args\": {\"key\": \"demo\"}}]')" \
    -c "select count(*) from fleet.act((select jsonb_agg(jsonb_build_object('op', 'register_pilot', 'project', 'demo', 'args',
        jsonb_build_object('callsign', 'p' || i, 'program', 'x', 'model', 'm'))) from generate_series(0, 9) i))" > /dev/null

cat > "$work/send.sql" <<'SQL'
\set a random(0, 9)
\set b random(0, 9)
select count(*) from fleet.act(jsonb_build_array(jsonb_build_object('op', 'send_message', 'project', 'demo', 'actor', 'p' || :a, 'args',
    jsonb_build_object('to', jsonb_build_array('p' || :b, 'p' || (:b + 3) % 10), 'subject', 'n', 'body', 'text ' || random(), 'ack_required', :a % 2 = 0))));
SQL
# Who reads takes from the mailbox as it is at that moment; two readers may want the same message.
cat > "$work/read.sql" <<'SQL'
\set b random(0, 9)
select count(*) from fleet.act((select coalesce(jsonb_agg(jsonb_build_object('op', case when random() < 0.5 then 'read_message' else 'ack_message' end,
    'project', 'demo', 'actor', 'p' || :b, 'args', jsonb_build_object('message_id', i.item::jsonb ->> 'message_id'))), '[]')
    from fleet.list_inbox(jsonb_build_object('project', 'demo', 'callsign', 'p' || :b, 'limit', 2)) i));
SQL
# On a busy machine a client may wait for the order lock for longer than act allows: it goes, the others go on. The lock
# is given in the order of asking, so that it is one or two, once in many runs: more of them is a fault of ours.
pgbench -n -c 8 -T 3 -f "$work/send.sql@3" -f "$work/read.sql@2" "$db" > "$work/pgbench.txt" 2>&1 || {
    grep ERROR "$work/pgbench.txt" | grep -qv 'due to lock timeout' && { cat "$work/pgbench.txt"; fail "a client failed"; }
    grep -q 'due to lock timeout' "$work/pgbench.txt" || { cat "$work/pgbench.txt"; fail "pgbench failed"; }
    gone=$(grep -c 'due to lock timeout' "$work/pgbench.txt" || true)
    [ "$gone" -le 2 ] || { cat "$work/pgbench.txt"; fail "$gone of eight clients waited too long for the lock"; }
}
# What the log says must be unread, and what the mailboxes say.
wrong=$(sql -c "
    with sent as (select e.stream_id, r.name from fleet_log.events e, jsonb_array_elements_text(e.data -> 'to') r(name) where e.type = 'message_sent'),
         seen as (select e.stream_id, coalesce(e.data ->> 'reader', e.data ->> 'acker') as name from fleet_log.events e where e.type in ('message_read', 'message_acked')),
         unread as (select s.name, count(*) as n from sent s where not exists (select from seen x where x.stream_id = s.stream_id and x.name = s.name) group by 1)
    select count(*) from generate_series(0, 9) i left join unread u on u.name = 'p' || i
     where coalesce(u.n, 0) <> (select (c.item::jsonb ->> 'unread')::int from fleet.inbox_counts(jsonb_build_object('project', 'demo', 'callsign', 'p' || i)) c)")
[ "$wrong" = 0 ] || fail "$wrong mailboxes count wrongly"
[ "$(sql -c "select count(*) from (select from fleet_log.events e where e.type in ('message_read', 'message_acked')
             group by e.stream_id, e.type, coalesce(e.data ->> 'reader', e.data ->> 'acker') having count(*) > 1) twice")" = 0 ] ||
    fail "something was read or acknowledged twice"
sent=$(sql -c "select count(*) from fleet.messages")
read=$(sql -c "select count(*) from fleet.message_recipients where status <> 'unread'")
[ "$sent" -gt 30 ] && [ "$read" -gt 15 ] || fail "hardly anything was sent ($sent) or read ($read)"
[ "$(sql -c 'select count(*) from fleet.verify_projections()')" = 0 ] || fail "projections are not the fold of the log"

# A secret: short, and long enough to be stored out of line; in a message, a changed one and a response.
cat > "$work/leak.sql" <<'SQL'
select count(*) from fleet.act('[
    {"op": "send_message", "project": "demo", "actor": "p1", "key": "k1", "args": {"to": ["p2"], "subject": "s", "message_id": "msg_01m7y4xbh5t2qgekpjg6t2qgek", "body": "the key is swordfish7 as you know"}},
    {"op": "ack_message", "project": "demo", "actor": "p2", "key": "k2", "args": {"message_id": "msg_01m7y4xbh5t2qgekpjg6t2qgek", "response": "swordfish7, thanks"}}]');
select count(*) from fleet.act(jsonb_build_array(jsonb_build_object('op', 'send_message', 'project', 'demo', 'actor', 'p1', 'key', 'k3', 'args',
    jsonb_build_object('to', '["p2"]'::jsonb, 'subject', 'long', 'body', (select string_agg(md5(i::text) || ' swordfish7', ' ') from generate_series(1, 1400) i)))));
SQL
sql -f "$work/leak.sql" > /dev/null
sql -c "create function public.files_with(secret text) returns setof text language sql as \$\$
    select c.oid::regclass::text from pg_class c
     where c.relkind in ('r', 'i', 't', 'm') and pg_relation_filepath(c.oid) is not null
       and strpos(encode(pg_read_binary_file(pg_relation_filepath(c.oid)), 'escape'), secret) > 0 \$\$"
sql -c checkpoint
[ -n "$(sql -c "select public.files_with('swordfish7')")" ] || fail "the secret should be in a file at first"
sql -c "select e.event_id from fleet.events e where e.type in ('message_sent', 'message_acked') and e.seq > (select max(seq) - 4 from fleet.events)" |
while read -r event; do
    [ "$(sql -c "select ok from fleet.redact('$event', 'leaked')")" = t ] || fail "$event could not be redacted"
done
[ "$(sql -c "select count(*) from fleet.messages m where m.body like '%swordfish7%'")" = 0 ] || fail "the text can still be read"
# What is dead stays in the pages until the table is written anew; the answer of redact says so.
# A session that still looks at the older state, such as autovacuum's, keeps dead rows alive: as long as it does, again.
for _ in $(seq 60); do
    sql -c 'vacuum full fleet_log.bodies' -c 'vacuum full fleet_log.mail_words' -c 'vacuum full fleet_live.idempotency' -c checkpoint
    left=$(sql -c "select string_agg(f, ' ') from public.files_with('swordfish7') f")
    [ -n "$left" ] || break
    sleep 0.5   # sleep-ok: nothing tells that the other session has gone
done
[ -z "$left" ] || fail "the secret is still in the files of $left"
[ "$(sql -c 'select count(*) from fleet.verify_projections()')" = 0 ] || fail "a redaction changed the projections"
echo "mail: $sent messages, $read of their deliveries read by eight clients, counts exact; an erased text is in no file"
