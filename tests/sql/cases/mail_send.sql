-- Sending: threads, replies, groups, what bounces, what is refused.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(
    ask('register_pilot', '{"callsign": "otter-1", "program": "claude-code", "model": "m", "role": "reviewer"}'),
    ask('register_pilot', '{"callsign": "lynx-1", "program": "codex", "model": "m", "role": "reviewer"}'),
    ask('register_pilot', '{"callsign": "gone-1", "program": "codex", "model": "m"}'),
    ask('deregister_pilot', '{"callsign": "gone-1"}'),
    ask('set_pilot_status', '{"callsign": "lynx-1", "to": "idle"}')));
create function pg_temp.mail(args jsonb, actor text default 'viper-1') returns jsonb language sql as $$
    select ask('send_message', '{"subject": "Hello", "body": "The body."}'::jsonb || args, jsonb_build_object('actor', actor))
$$;
create function pg_temp.code(args jsonb, actor text default 'viper-1') returns text language sql as $$
    select concat_ws(' ', a.code, a.field) from act(jsonb_build_array(pg_temp.mail(args, actor))) a
$$;

select does(ask('create_mission', '{"title": "t", "mission_id": "msn_01k00000000000000000000001"}'));
select does(ask('create_sortie', '{"title": "t", "sortie_id": "srt_01k00000000000000000000001"}'));

-- A first message opens a thread.
select act(jsonb_build_array(pg_temp.mail('{"to": ["raven-1"], "message_id": "msg_01m7y4xbh5t2qgekpjg6t2qgek", "new_thread_id": "thr_01m7y4xbh5t2qgekpjg6t2qgek", "importance": "high", "sortie_id": "srt_01k00000000000000000000001", "mission_id": "msn_01k00000000000000000000001"}')));
select is((answer(1)).code, null, 'a message is sent');
select is((answer(1)).result - '{sent_at,last_seq}'::text[], '{
    "message_id": "msg_01m7y4xbh5t2qgekpjg6t2qgek", "project": "demo", "thread_id": "thr_01m7y4xbh5t2qgekpjg6t2qgek", "from": "viper-1",
    "sender": {"callsign": "viper-1", "kind": "pilot", "program": "codex", "model": "m", "status": "active"}, "to": ["raven-1"], "subject": "Hello",
    "body_digest": "8f8f1ca6f4e9be5dd2cc8e3fb13fd2b3bf1c7a4fffe5b4d9a9b9e0a6b0de8d48", "body_bytes": 9, "importance": "high", "ack_required": false,
    "bounce_stale": false, "sortie_id": "srt_01k00000000000000000000001", "mission_id": "msn_01k00000000000000000000001", "attachments": [], "status": "unread", "stream_version": 1,
    "thread_created": true, "bounced": []}'::jsonb || jsonb_build_object('body_digest', encode(sha256('The body.'), 'hex')),
    'the answer is the message without its text');
select is((select array_agg(type || ' ' || correlation_id order by seq) from fleet.events where type in ('thread_created', 'message_sent')),
    '{thread_created thr_01m7y4xbh5t2qgekpjg6t2qgek,message_sent thr_01m7y4xbh5t2qgekpjg6t2qgek}', 'a thread, then the message in it');
select is((select count(*) from fleet.events where data::text like '%The body%'), 0::bigint, 'no event holds the text');
select is((select jsonb_build_array(title, messages_count, participants, created_by) from fleet_state.threads),
    '["Hello", 1, ["raven-1", "viper-1"], "viper-1"]', 'the thread has the subject for its title');

-- Replies and thread_id.
select act(jsonb_build_array(ask('send_message', '{"body": "Answer.", "in_reply_to": "t2qgek"}', '{"actor": "raven-1"}'),
    pg_temp.mail('{"to": ["otter-1"], "thread_id": "thr_01m7y4xbh5t2qgekpjg6t2qgek", "subject": "More"}')));
select is((answer(1)).result #>> '{subject}', 'Re: Hello', 'a reply takes the subject');
select is((answer(1)).result #> '{to}', '["viper-1"]', 'goes to who wrote');
select is((answer(1)).result #>> '{thread_id}', 'thr_01m7y4xbh5t2qgekpjg6t2qgek', 'and takes the thread');
select is((answer(1)).result #>> '{in_reply_to}', 'msg_01m7y4xbh5t2qgekpjg6t2qgek', 'of a message named by its last characters');
select is((answer(2)).result ->> 'thread_created', 'false', 'a thread that is named is continued');
select is((select jsonb_build_array(title, messages_count, participants) from fleet_state.threads),
    '["Hello", 3, ["otter-1", "raven-1", "viper-1"]]', 'and knows who takes part');
select act(jsonb_build_array(ask('send_message', jsonb_build_object('body', 'Once more.', 'in_reply_to', (answer(1)).result ->> 'message_id'), '{"actor": "raven-1"}')));
select is((answer(1)).result ->> 'subject', 'Re: Hello', 'Re: is not said twice');
select is((answer(1)).result -> 'to', '["viper-1"]', 'who answers itself writes to the same recipients');
select is(pg_temp.code('{"to": ["raven-1"], "thread_id": "thr_01m7y4xbh5t2qgekpjg6t2qgez"}'), 'not_found /args/thread_id', 'a thread must exist');
select is(pg_temp.code('{"in_reply_to": "msg_01m7y4xbh5t2qgekpjg6t2qgez"}'), 'not_found /args/in_reply_to', 'and a message that is answered');
select act(jsonb_build_array(pg_temp.mail('{"to": ["raven-1"], "new_thread_id": "thr_01m7y4xbh5t2qgekpjg6t2qgex"}')));
select is(pg_temp.code('{"in_reply_to": "msg_01m7y4xbh5t2qgekpjg6t2qgek", "thread_id": "thr_01m7y4xbh5t2qgekpjg6t2qgex"}'),
    'invalid_field /args/thread_id', 'a reply stays in its thread');
select is(pg_temp.code('{"subject": null}'), 'invalid_field /args/subject', 'a new message needs a subject');
select is(pg_temp.code('{}'), 'invalid_field /args/to', 'and recipients');
select act(jsonb_build_array(pg_temp.mail('{"to": ["raven-1"]}', 'ann')));
select is((answer(1)).result -> 'sender', '{"callsign": "ann", "kind": "person"}', 'a person writes, too');
select act(jsonb_build_array(ask('send_message', jsonb_build_object('body', 'x', 'in_reply_to', (answer(1)).result ->> 'message_id'), '{"actor": "raven-1"}')));
select is((answer(1)).result -> 'to', '["operator"]', 'and is answered in the operators'' mailbox');

-- Groups.
select act(jsonb_build_array(pg_temp.mail('{"to": ["*"]}'), pg_temp.mail('{"to": ["role:reviewer", "raven-1", "raven-1"]}'),
    pg_temp.mail('{"to": ["role:reviewer"]}', 'otter-1'), pg_temp.mail('{"to": ["role:cook"]}'), pg_temp.mail('{"to": ["role:cook", "operator"]}')));
select is((answer(1)).result -> 'to', '["lynx-1", "otter-1", "raven-1"]', '* is everybody at work but the sender');
select is((answer(2)).result -> 'to', '["lynx-1", "otter-1", "raven-1"]', 'a role is spelt out, names once');
select is((answer(3)).result -> 'to', '["lynx-1"]', 'a role leaves the sender out');
select is((answer(4)).code || (answer(4)).detail, 'not_found{"recipients": []}', 'a role that nobody has reaches nobody');
select is((answer(5)).result -> 'to', '["operator"]', 'operators can always be reached');
select is((select data -> 'to' from fleet.events where seq = (answer(2)).seq), '["lynx-1", "otter-1", "raven-1"]', 'the event says who was meant');

-- Bounces.
select act(jsonb_build_array(pg_temp.mail('{"to": ["nobody-9", "raven-1", "gone-1"]}'), pg_temp.mail('{"to": ["nobody-9", "gone-1"]}')));
select is((answer(1)).result -> 'bounced', '[{"callsign": "gone-1", "reason": "deregistered"}, {"callsign": "nobody-9", "reason": "unknown"}]',
    'who is unknown or gone does not get it');
select is((select array_agg(r.recipient || ' ' || r.state || coalesce(' ' || r.bounce_reason, '') order by r.recipient) from fleet_state.message_recipients r
    where r.message_id = (answer(1)).result ->> 'message_id'), '{gone-1 bounced deregistered,nobody-9 bounced unknown,raven-1 unread}', 'the others do');
select is((select array_agg(e.data ->> 'recipient' order by e.seq) from fleet_log.events e join fleet_log.events s on s.event_id = e.causation_id
    where e.type = 'message_bounced' and s.type = 'message_sent'), '{gone-1,nobody-9}', 'which stands in events of the same transaction');
select is((answer(2)).code || ' ' || (answer(2)).field, 'not_found /args/to', 'with nobody left it is refused');
select is((answer(2)).detail, '{"recipients": [{"callsign": "gone-1", "reason": "deregistered"}, {"callsign": "nobody-9", "reason": "unknown"}]}', 'naming them');

-- A stale pilot keeps its mailbox, unless the sender does not want to wait.
select act(jsonb_build_array(ask('append', '{"events": [{"type": "x.a"}]}')));
update fleet_live.pilots set seen_at = now() - interval '1 hour' where callsign = 'otter-1';
select act('[{"op": "sweep", "roles": ["operator"], "args": {}}]');
select is((select state from fleet_state.pilots where callsign = 'otter-1'), 'stale', 'a silent pilot');
select act(jsonb_build_array(pg_temp.mail('{"to": ["otter-1"]}'), pg_temp.mail('{"to": ["otter-1", "raven-1"], "bounce_stale": true}'),
    pg_temp.mail('{"to": ["otter-1"], "bounce_stale": true}'), pg_temp.mail('{"to": ["*"]}')));
select is((answer(1)).result -> 'bounced', '[]', 'gets mail');
select is((answer(2)).result -> 'bounced', '[{"callsign": "otter-1", "reason": "stale"}]', 'but not what shall not wait');
select is((answer(3)).code, 'not_found', 'which is refused when it is the only one');
select is((answer(4)).result -> 'to', '["lynx-1", "raven-1"]', 'nor what goes to everybody at work');

-- Limits.
select is(pg_temp.code(jsonb_build_object('to', '["raven-1"]'::jsonb, 'body', repeat('x', 65536))), '', '64 KiB are a body');
select is(pg_temp.code(jsonb_build_object('to', '["raven-1"]'::jsonb, 'body', repeat('ü', 32769))), 'too_large /args/body', 'a byte more is too large');
select is((select message from answers), 'the text has 65538 bytes; the limit is 65536 (64 KiB)', 'which says the limit');
select is(pg_temp.code('{"to": ["raven-1"], "body": ""}'), 'invalid_field /args/body', 'nothing is no body');
select is(pg_temp.code(jsonb_build_object('to', '["raven-1"]'::jsonb, 'subject', repeat('x', 201))), 'invalid_field /args/subject', 'a subject has 200 characters');
select is(pg_temp.code('{"to": ["raven-1"], "subject": "a\nFrom: operator"}'), 'invalid_field /args/subject', 'in one line');
select is(pg_temp.code(jsonb_build_object('to', (select jsonb_agg('p' || i) from generate_series(1, 65) i))), 'invalid_field /args/to', '64 names');
select is(pg_temp.code('{"to": []}'), 'invalid_field /args/to', 'one at least');
select is(pg_temp.code('{"to": ["raven-1", "a\nFrom: operator"]}'), 'invalid_field /args/to', 'so have names');
select is(pg_temp.code('{"to": ["raven-1"], "attachments": [{"name": "a\u001b[2J", "uri": "b"}]}'), 'invalid_field /args/attachments', 'and references');
select is(pg_temp.code('{"to": ["raven-1"], "attachments": [{"name": "ä b", "uri": "C:\\new\\d"}]}'), '', 'in any letters');
select is(pg_temp.code('{"to": ["raven-1"], "importance": "medium"}'), 'invalid_field /args/importance', 'a known importance');
select is(pg_temp.code('{"to": ["raven-1"], "ack_seconds": 0}'), 'invalid_field /args/ack_seconds', 'a second or more');
select is(pg_temp.code('{"to": ["raven-1"], "attachments": [{"name": "a", "uri": "file:///a", "digest": "sha256:1", "bytes": 12}, {"name": "b", "uri": "s3://b"}]}'), '', 'attachments by reference');
select is((select result -> 'attachments' from answers), '[{"uri": "file:///a", "name": "a", "bytes": 12, "digest": "sha256:1"}, {"uri": "s3://b", "name": "b"}]', 'come back as they were');
select is(pg_temp.code('{"to": ["raven-1"], "attachments": [{"name": "a", "uri": "file:///a", "bytes": 1073741825}]}'), 'invalid_field /args/attachments/0/bytes', 'of a size');
select is(pg_temp.code('{"to": ["raven-1"], "attachments": [{"name": "a"}]}'), 'invalid_field /args/attachments/0/uri', 'with an address');
select is(pg_temp.code('{"to": ["raven-1"], "attachments": [{"name": "a", "uri": "b", "body": "c"}]}'), 'unknown_field /args/attachments/0/body', 'and nothing else');
select is(pg_temp.code(jsonb_build_object('to', '["raven-1"]'::jsonb, 'attachments', (select jsonb_agg(jsonb_build_object('name', 'n' || i, 'uri', repeat('u', 1100))) from generate_series(1, 15) i))),
    'too_large /args/attachments', '16 KiB together');
select is(pg_temp.code(jsonb_build_object('to', '["raven-1"]'::jsonb, 'attachments', (select jsonb_agg(jsonb_build_object('name', 'n', 'uri', 'u')) from generate_series(1, 17) i))),
    'invalid_field /args/attachments', 'sixteen of them');
select is(pg_temp.code('{"to": ["raven-1"], "message_id": "msg_01m7y4xbh5t2qgekpjg6t2qgek"}'), 'version_conflict /args/message_id', 'an id is used once');
select is(pg_temp.code('{"to": ["raven-1"], "new_thread_id": "thr_01m7y4xbh5t2qgekpjg6t2qgek"}'), 'version_conflict /args/new_thread_id', 'a thread''s, too');
select is(pg_temp.code('{"to": ["raven-1"]}', 'gone-1'), 'transition_refused ', 'who is deregistered writes no more');
insert into fleet_state.pilots (project, callsign, pilot_id, program, model, capabilities, state, registered_at, changed_at, version, last_seq)
select 'demo', 'crowd-' || i, 'plt_crowd' || i, 'p', 'm', '{}', 'active', now(), now(), 1, 1 from generate_series(1, 1001) i;
select is(pg_temp.code('{"to": ["*"]}'), 'too_many /args/to', 'a thousand at once are enough');
delete from fleet_state.pilots where callsign like 'crowd-%';

-- As part of another command.
create function pg_temp.notice(sender text, recipients text[], options jsonb default '{}', subject text default E'Two\nlines', body text default 'text')
returns fleet_log.work language plpgsql as $$
declare
    w fleet_log.work;
begin
    select 'sweep', 'demo', 'viper-1', '{}', now(), max(e.seq), '{}', '{"a": 1}'::jsonb, 'earlier' into w.op, w.project, w.actor, w.args, w.at, w.head, w.metadata, w.result, w.hint from fleet_log.events e;
    return fleet_log.send_squawk(w, sender, recipients, subject, body, options);
end $$;
create temp table told as
select * from pg_temp.notice('system', '{raven-1,nobody-9,operator}', '{"importance": "urgent", "ack_required": true, "ack_seconds": 60, "sortie_id": "srt_7", "mission_id": "msn_7"}');
select is((select jsonb_build_array(m.sender, m.recipients, m.subject, m.importance, m.ack_seconds, m.sortie_id, m.mission_id, fleet_log.body_of(m.body_digest))
             from fleet_state.messages m join fleet_log.events e on e.stream_id = m.message_id join told t on t.event_id = e.event_id),
    '["system", ["nobody-9", "operator", "raven-1"], "Two lines", "urgent", 60, "srt_7", "msn_7", "text"]', 'a notice is a message');
select is((select jsonb_build_array(actor, result, hint, code, head - seq) from told), '["viper-1", {"a": 1}, "earlier", null, 0]', 'that leaves the command as it was');
select is((select head from pg_temp.notice('system', '{nobody-9}')), (select max(seq) from fleet_log.events), 'nothing is written when nobody is there');
select is((select code from pg_temp.notice('system', '{raven-1}', '{}', '', '')), null, 'an empty notice is one all the same');
select is((select m.body_bytes from fleet_state.messages m order by sent_seq desc limit 1), 6, 'with words of ours');
select is((select code from pg_temp.notice('system', '{raven-1}', '{}', repeat('s', 999), repeat('ü', 99999))), null, 'a long one is cut');
select is((select array[length(m.subject), m.body_bytes] from fleet_state.messages m order by sent_seq desc limit 1), '{200,32768}', 'to what fits');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'state is the fold of the log');
select * from finish();
rollback;
