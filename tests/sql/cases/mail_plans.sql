-- With 20,000 messages in mailboxes: how mail is found, not only what is found.
begin;
set search_path = tap, public;
select no_plan();
select scene();
insert into fleet_state.threads select fleet_log.typeid('thr', md5(i::text)::uuid), 'demo', 't' || i, '{viper-1,raven-1}', 'viper-1', now(), 10, null, now(), 1, i from generate_series(1, 2000) i;
insert into fleet_state.messages (message_id, project, thread_id, sender, recipients, subject, body_digest, body_bytes, importance, ack_required, bounce_stale, sortie_id, sent_seq, sent_at, version, last_seq)
select fleet_log.typeid('msg', md5(i::text)::uuid), 'demo', fleet_log.typeid('thr', md5((i % 2000)::text)::uuid), 'p' || i % 50, array['q' || i % 40], 's' || i, md5(i::text), 10, 'normal', i % 4 = 0, false,
       case when i % 100 = 0 then 'srt_' || i end, i, now(), 1, i from generate_series(1, 20000) i;
insert into fleet_state.message_recipients (message_id, recipient, project, sender, rank, state, ack_due_at, awaits_ack, receipt_pending, sent_seq, last_seq)
select m.message_id, m.recipients[1], 'demo', m.sender, 1 + m.sent_seq % 4, case when m.sent_seq % 10 = 0 then 'unread' else 'read' end, case when m.ack_required then now() + interval '1 hour' end,
       m.ack_required and m.sent_seq % 20 = 0, m.ack_required and m.sent_seq % 50 = 0, m.sent_seq, m.sent_seq from fleet_state.messages m;
insert into fleet_log.mail_words select m.message_id, m.body_digest, to_tsvector('english', m.subject) from fleet_state.messages m;
insert into fleet_log.bodies (digest, body, bytes) select m.body_digest, 'ten bytes.', 10 from fleet_state.messages m;

-- The worst that a planner may believe: that nothing is there, as after a VACUUM at the wrong moment. All indexes look equally
-- good then, and a plan is kept for the session. The counters of this transaction say what was read.
update pg_class c set reltuples = 0, relpages = 100
 where c.relnamespace::regnamespace::text in ('fleet_state', 'fleet_log', 'fleet_live') and c.relkind in ('r', 'i');
create function pg_temp.scans() returns bigint language sql as $$
    select coalesce(sum(seq_scan), 0)::bigint from pg_stat_xact_user_tables
     where relname in ('messages', 'message_recipients', 'threads', 'mail_words', 'bodies', 'events', 'reminders', 'pilots', 'idempotency')
$$;
create function pg_temp.rows_read() returns bigint language sql as $$
    select coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::bigint from pg_stat_xact_user_tables where relname in ('messages', 'message_recipients', 'threads', 'mail_words')
$$;
create temp table before as select 0::bigint as scans, 0::bigint as rows;
create function pg_temp.mark() returns void language sql as $$ update before set scans = pg_temp.scans(), rows = pg_temp.rows_read() $$;
create function pg_temp.mail(id text, more jsonb default '{}', actor text default 'viper-1') returns jsonb language sql as $$
    select ask('send_message', jsonb_build_object('subject', id, 'body', id, 'to', '["raven-1"]'::jsonb, 'message_id', fleet_log.typeid('msg', md5('x' || id)::uuid)) || more, jsonb_build_object('actor', actor, 'key', 'k' || id || actor))
$$;
create function pg_temp.mid(id text) returns jsonb language sql as $$ select jsonb_build_object('message_id', fleet_log.typeid('msg', md5('x' || id)::uuid)) $$;
create function pg_temp.batch(n text) returns jsonb language sql as $$
    select jsonb_build_array(pg_temp.mail(n), pg_temp.mail(n || 'r', '{"to": ["viper-1"]}' || jsonb_build_object('in_reply_to', pg_temp.mid(n) ->> 'message_id'), 'raven-1'),
        pg_temp.mail(n || 'a', '{"ack_required": true}'), ask('update_message', pg_temp.mid(n) || '{"body": "new"}'),
        ask('read_message', pg_temp.mid(n), '{"actor": "raven-1"}'), ask('ack_message', pg_temp.mid(n || 'a'), '{"actor": "raven-1"}'), ask('read_message', pg_temp.mid(n || 'a')),
        ask('read_message', jsonb_build_object('message_id', right(pg_temp.mid(n || 'r') ->> 'message_id', 6))))
$$;
-- Plans are made before anything is counted: the planner may look at the ends of an index.
select act(pg_temp.batch('first'));
select is((select array_agg(coalesce(code, 'ok')) from answers), '{ok,ok,ok,ok,ok,ok,ok,ok}', 'send, answer, change, read, acknowledge, see the receipt, read by a short id');
select pg_temp.mark();
select act(pg_temp.batch('second'));
select is((select array_agg(coalesce(code, 'ok')) from answers), '{ok,ok,ok,ok,ok,ok,ok,ok}', 'once more');
select is(pg_temp.scans() - scans, 0::bigint, 'no table is read through') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 80::bigint, 'and few rows are looked at') from before;

select count(*) from fleet.list_inbox('{"project": "demo", "callsign": "q3"}'), fleet.inbox_counts('{"project": "demo", "callsign": "q3"}');
select pg_temp.mark();
select is((select count(*) from fleet.list_inbox('{"project": "demo", "callsign": "q10", "limit": 20}')), 20::bigint, 'a page of a mailbox');
select is(pg_temp.scans() - scans, 0::bigint, 'is read by an index') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 100::bigint, 'and no further than the page') from before;
select pg_temp.mark();
select is((select item::jsonb -> 'unread' from fleet.inbox_counts('{"project": "demo", "callsign": "q10"}')), '500', 'what is unread');
select is((select item::jsonb -> 'receipts_pending' from fleet.inbox_counts('{"project": "demo", "callsign": "p0"}')), '200', 'what receipts there are');
select is(pg_temp.scans() - scans, 0::bigint, 'is counted in indexes') from before;
select pg_temp.mark();
select count(*) from fleet.list_inbox('{"project": "demo", "callsign": "q10", "unread": false, "limit": 5}');
select count(*) from fleet.show_message(pg_temp.mid('first'));
select count(*) from fleet.show_thread(jsonb_build_object('thread_id', fleet_log.typeid('thr', md5('7')::uuid)));
select is(pg_temp.scans() - scans, 0::bigint, 'a mailbox, a message and a thread are found by an index') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 100::bigint, 'and no further than the page') from before;

-- The round, and pilots that go.
create function pg_temp.work() returns fleet_log.work language plpgsql as $$
declare
    w fleet_log.work;
begin
    select 'sweep', 'demo', 'system', '{}', clock_timestamp(), max(e.seq), '{}' into w.op, w.project, w.actor, w.args, w.at, w.head, w.metadata from fleet_log.events e;
    return w;
end $$;
set local enable_seqscan = off;   -- as in fleet.act
select count(*) from fleet_log.unanswered_mail(pg_temp.work());
select fleet_log.bounce_mail(pg_temp.work(), 'demo', '{q38}', 'stale', null);
select pg_temp.mark();
select is((select count(*) from fleet_log.unanswered_mail(pg_temp.work())), 0::bigint, 'nothing is unanswered');
select fleet_log.bounce_mail(pg_temp.work(), 'demo', '{q39}', 'stale', null);
select is(pg_temp.scans() - scans, 0::bigint, 'which reads no table through') from before;
reset enable_seqscan;

-- The same as plans, now that statistics exist.
analyze fleet_state.messages, fleet_state.message_recipients, fleet_log.mail_words;
select pg_temp.mark();
select count(*) from fleet.list_messages('{"project": "demo", "limit": 5}');
select count(*) from fleet.list_messages('{"project": "demo", "from": "p7", "limit": 5}');
select count(*) from fleet.list_messages('{"project": "demo", "to": "q7", "limit": 5}');
select count(*) from fleet.list_messages('{"project": "demo", "sortie_id": "srt_700"}');
select count(*) from fleet.list_messages(jsonb_build_object('project', 'demo', 'thread_id', fleet_log.typeid('thr', md5('7')::uuid)));
-- These are planned at each call, for the filters that are given.
select is(pg_temp.scans() - scans, 0::bigint, 'lists read no table through') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 200::bigint, 'and no further than the page') from before;
create function pg_temp.uses(query text) returns text[] language plpgsql as $$
declare plan json;
begin
    execute 'explain (format json) ' || query into plan;
    return (select array_agg(distinct n #>> '{}' order by n #>> '{}') from jsonb_path_query(plan::jsonb, '$.**."Index Name"') n);
end $$;
select is(pg_temp.uses($$select * from fleet_state.message_recipients r where r.project = 'demo' and r.recipient = 'q10' and r.state = 'unread' order by r.rank desc, r.sent_seq limit 20$$), '{message_recipients_unread}', 'unread mail in its order');
select is(pg_temp.uses($$select * from fleet_state.message_recipients r where r.project = 'demo' and r.recipient = 'q10' order by r.sent_seq desc limit 20$$), '{message_recipients_mailbox}', 'a mailbox in its order');
select is(pg_temp.uses($$select * from fleet_state.message_recipients r where r.awaits_ack and r.ack_due_at <= now()$$), '{message_recipients_due}', 'what is overdue');
select is(pg_temp.uses($$select * from fleet_state.messages m where right(m.message_id, 6) = 'x7k2pq'$$), '{messages_tail}', 'an id by its end');
select is((select array_agg(distinct a.attname) from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
            where i.indrelid = 'fleet_state.messages'::regclass and a.attname in ('version', 'last_seq')), null, 'no index of messages holds what a reading changes');
select * from finish();
rollback;
