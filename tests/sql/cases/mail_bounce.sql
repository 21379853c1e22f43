-- Pilots that go, pilots that come back, and mail that nobody answers.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(ask('register_pilot', '{"callsign": "otter-1", "program": "claude-code", "model": "m"}'),
                             ask('register_pilot', '{"callsign": "lynx-1", "program": "claude-code", "model": "m"}')));
create function pg_temp.id(id text) returns text language sql as $$ select fleet_log.typeid('msg', md5(id)::uuid) $$;
create function pg_temp.mail(id text, args jsonb, actor text default 'viper-1') returns jsonb language sql as $$
    select ask('send_message', jsonb_build_object('subject', id, 'body', 'Body of ' || id, 'message_id', pg_temp.id(id)) || args, jsonb_build_object('actor', actor))
$$;
-- The hook as a command of pilots calls it.
create function pg_temp.work() returns fleet_log.work language plpgsql as $$
declare
    w fleet_log.work;
begin
    select 'sweep', '', 'system', '{}', clock_timestamp(), max(e.seq), '{}' into w.op, w.project, w.actor, w.args, w.at, w.head, w.metadata from fleet_log.events e;
    return w;
end $$;
create function pg_temp.bounce(callsigns text[], reason text) returns text[] language plpgsql as $$
declare
    w fleet_log.work := fleet_log.bounce_mail(pg_temp.work(), 'demo', callsigns, reason, 'evt_1');
begin
    return array(select m.subject || ' ' || n.n from (select x.id, count(*) as n from jsonb_array_elements_text(w.result) x(id) group by 1) n
                   join fleet_state.messages m on m.message_id = n.id order by m.sent_seq)
        || case when w.project <> '' or w.code is not null or w.head <> (select max(seq) from fleet_log.events) then '{spoilt}'::text[] else '{}' end;
end $$;
create function pg_temp.states(who text) returns text[] language sql as $$
    select array_agg(m.subject || ' ' || r.state order by r.sent_seq) from fleet_state.message_recipients r join fleet_state.messages m using (message_id) where r.recipient = who
$$;
select act(jsonb_build_array(
    pg_temp.mail('plain', '{"to": ["raven-1"]}'), pg_temp.mail('fleeting', '{"to": ["raven-1", "otter-1"], "bounce_stale": true}'),
    pg_temp.mail('read', '{"to": ["raven-1"]}'), pg_temp.mail('lynx', '{"to": ["raven-1"], "ack_required": true}', 'lynx-1'), pg_temp.mail('ann', '{"to": ["raven-1"]}', 'ann'),
    ask('read_message', jsonb_build_object('message_id', pg_temp.id('read')), '{"actor": "raven-1"}')));

select is(pg_temp.bounce('{raven-1}', 'stale'), '{"fleeting 1"}', 'of a stale pilot only what shall not wait comes back');
select is(pg_temp.states('raven-1'), '{"plain unread","fleeting bounced","read read","lynx unread","ann unread"}', 'the rest waits for its return');
select is((select jsonb_build_array(data, causation_id, actor) from fleet.events where type = 'message_bounced'), '[{"recipient": "raven-1", "reason": "stale"}, "evt_1", "system"]', 'an event says so');
select is((select array_agg(subject || ' | ' || body) from fleet.messages where "from" = 'system'),
    array[E'Not read: mail to raven-1 came back | raven-1 is stale. It has not read 1 of your messages:\n' || pg_temp.id('fleeting') || '  fleeting'], 'its sender gets a notice');
select is(pg_temp.bounce('{raven-1}', 'stale'), '{}', 'once');

-- Deregistered: everything unread comes back, a notice for each sender that still lives.
select act(jsonb_build_array(ask('deregister_pilot', '{"callsign": "lynx-1"}')));
select is((select count(*) from fleet.messages where "from" = 'system'), 1::bigint, 'one so far');
select is(pg_temp.bounce('{raven-1}', 'deregistered'), '{"plain 1","lynx 1","ann 1"}', 'of one that is deregistered all unread mail comes back');
select is(pg_temp.states('raven-1'), '{"plain bounced","fleeting bounced","read read","lynx bounced","ann bounced"}', 'what was read does not');
select is((select array_agg("to" order by last_seq) from fleet.messages where "from" = 'system'), '{viper-1,viper-1}', 'who has gone, or is no pilot, gets no notice');
select is((select count(*) from fleet_state.message_recipients where recipient = 'raven-1' and awaits_ack), 0::bigint, 'nobody waits for it any more');
select is((select item::jsonb -> 'unread' from fleet.inbox_counts('{"project": "demo", "callsign": "raven-1"}')), '0', 'the mailbox is empty');
select act(jsonb_build_array(ask('read_message', jsonb_build_object('message_id', pg_temp.id('plain')), '{"actor": "raven-1"}'),
    ask('ack_message', jsonb_build_object('message_id', pg_temp.id('plain')), '{"actor": "raven-1"}'), ask('update_message', jsonb_build_object('message_id', pg_temp.id('plain'), 'body', 'x'))));
select is((select array_agg(code) from answers), '{transition_refused,transition_refused,transition_refused}', 'what came back is not read, acknowledged or changed');
select is((answer(1)).detail ->> 'found', 'bounced', 'the refusal says why');
-- Through the command itself.
select act(jsonb_build_array(pg_temp.mail('last', '{"to": ["otter-1"]}')));
select act(jsonb_build_array(ask('deregister_pilot', '{"callsign": "otter-1"}')));
select is(pg_temp.states('otter-1'), '{"fleeting bounced","last bounced"}', 'deregister_pilot does it');
-- It comes back: same mailbox.
select act(jsonb_build_array(ask('register_pilot', '{"callsign": "otter-1", "program": "codex", "model": "m"}'), pg_temp.mail('again', '{"to": ["otter-1"]}')));
select is((select array_agg(item::jsonb ->> 'subject') from fleet.list_inbox('{"project": "demo", "callsign": "otter-1"}')), '{again}', 'who comes back has its mailbox');
select is((select count(*) from fleet.list_inbox('{"project": "demo", "callsign": "otter-1", "unread": false}')), 3::bigint, 'with all that was in it');
-- Many at once: one notice a sender and mailbox.
select act((select jsonb_agg(pg_temp.mail('m' || i, '{"to": ["otter-1", "raven-1"]}')) from generate_series(1, 30) i));
select is(cardinality(pg_temp.bounce('{otter-1}', 'deregistered')), 31, 'thirty at once, and the one before');
select is((select count(*) from fleet.messages where "from" = 'system' and subject like '%otter-1%'), 2::bigint, 'one notice more');
select ok((select body like '%31 of your messages%' and body like '%and 11 more' from fleet.messages where "from" = 'system' order by last_seq desc limit 1), 'that counts them and names twenty');

-- Unanswered mail is told once.
select does(ask('create_sortie', '{"title": "t", "sortie_id": "srt_01k00000000000000000000003"}'));
select act(jsonb_build_array(pg_temp.mail('slow', '{"to": ["raven-1", "otter-1"], "ack_required": true, "ack_seconds": 60, "sortie_id": "srt_01k00000000000000000000003"}'),
    pg_temp.mail('default', '{"to": ["otter-1"], "ack_required": true}'), pg_temp.mail('quick', '{"to": ["otter-1"], "ack_required": true, "ack_seconds": 30}'),
    ask('ack_message', jsonb_build_object('message_id', pg_temp.id('quick')), '{"actor": "otter-1"}')));
select is((select ack_due_at - sent_at from fleet.message_recipients where subject = 'default'), interval '15 minutes', 'a quarter of an hour if nothing is said');
select is((select array_agg(u.subject) from fleet_log.unanswered_mail(pg_temp.work()) u), null, 'nothing is overdue yet');
update fleet_state.message_recipients set ack_due_at = ack_due_at - interval '10 minutes' where ack_due_at is not null;
create temp table told as select u.* from fleet_log.unanswered_mail(pg_temp.work()) u;
select is((select array_agg(concat_ws(' ', project, sender, recipient, subject, importance, sortie_id) order by recipient) from told), '{"demo viper-1 otter-1 slow normal srt_01k00000000000000000000003","demo viper-1 raven-1 slow normal srt_01k00000000000000000000003"}', 'what is overdue, but not what came back or was acknowledged');
select is((select array_agg(u.subject) from fleet_log.unanswered_mail(pg_temp.work()) u), null, 'once');
select is((fleet_log.sweep_mail(pg_temp.work())).result, '{"overdue": 2}', 'the round counts it');
select is((select array_agg(recipient order by recipient) from fleet.message_recipients where overdue), '{otter-1,raven-1}', 'the view shows it');
update fleet_state.message_recipients set ack_due_at = ack_due_at - interval '2 days' where ack_due_at is not null;
select is((select array_agg(u.subject) from fleet_log.unanswered_mail(pg_temp.work()) u), null, 'what nobody was told for a day is no news');
update fleet_live.reminders set reminded_at = reminded_at - interval '3 days';
select fleet_log.sweep_mail(pg_temp.work());
select is((select count(*) from fleet_live.reminders), 0::bigint, 'old reminders go');
select * from finish();
rollback;
