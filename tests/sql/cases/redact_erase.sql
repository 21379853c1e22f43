-- A leaked secret is erased wherever it was, and all who look are told; the log stays as it was.
begin;
set search_path = tap, public;
select no_plan();
select scene();
create function pg_temp.id(id text) returns text language sql as $$ select fleet_log.typeid('msg', md5(id)::uuid) $$;
create function pg_temp.mail(id text, body text, args jsonb default '{}', actor text default 'viper-1') returns jsonb language sql as $$
    select ask('send_message', jsonb_build_object('subject', id, 'body', body, 'message_id', pg_temp.id(id), 'to', '["raven-1"]'::jsonb) || args,
               jsonb_build_object('actor', actor, 'key', 'key-' || id))
$$;
create function pg_temp.redact(event_id text, roles jsonb default '["operator"]') returns jsonb language sql as $$
    select jsonb_build_object('op', 'redact', 'actor', 'ann', 'roles', roles, 'args', jsonb_build_object('event_id', event_id, 'reason', 'a key'))
$$;
create function pg_temp.event(type text, id text) returns text language sql as $$
    select e.event_id::text from fleet_log.events e where e.type = event.type and e.stream_id = pg_temp.id(id)
$$;
-- All tables of the fleet, row by row, as text.
create function pg_temp.seen(secret text) returns text[] language plpgsql as $$
declare
    item record;
    n bigint;
    answer text[] := '{}';
begin
    for item in select c.oid::regclass as name from pg_class c where c.relnamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live')
                   and c.relkind in ('r', 'v') and c.relname not in ('doctor') order by c.oid::regclass::text collate "C" loop
        execute format('select count(*) from %s x where x::text ilike %L', item.name, '%' || secret || '%') into n;
        if n > 0 then
            answer := answer || item.name::text;
        end if;
    end loop;
    return answer;
end $$;

select act(jsonb_build_array(
    pg_temp.mail('leak', 'hunter2swordfish is the key, keep it.'), pg_temp.mail('twice', 'hunter2swordfish is the key, keep it.'), pg_temp.mail('plain', 'Nothing here.'),
    pg_temp.mail('other', 'first text'), ask('update_message', jsonb_build_object('message_id', pg_temp.id('other'), 'body', 'zebrasecret in the second text'), '{"key": "k2"}'),
    ask('read_message', jsonb_build_object('message_id', pg_temp.id('leak')), '{"actor": "raven-1", "key": "k3"}'),
    ask('ack_message', jsonb_build_object('message_id', pg_temp.id('leak'), 'response', 'giraffesecret yourself'), '{"actor": "raven-1", "key": "k4"}')));
select is((select array_agg(code) from answers where not ok), null, 'messages with secrets');
select is(pg_temp.seen('hunter2swordfish'), '{fleet.inbox_unread,fleet.messages,fleet_log.bodies,fleet_log.mail_words}', 'a text lies in one table; its words in another');
select is(pg_temp.seen('giraffesecret'), '{fleet.message_recipients,fleet_log.bodies}', 'a response, too');
select is((select count(*) from fleet_live.idempotency where answer::text ilike '%secret%' or answer::text like '%hunter2%'), 0::bigint, 'no answer that is kept holds a text');
select is((select count(*) from fleet.search_mail('{"project": "demo", "q": "hunter2swordfish"}')), 2::bigint, 'search finds it');

select act(jsonb_build_array(pg_temp.redact(pg_temp.event('message_sent', 'leak'), '[]'), pg_temp.redact('evt_01m7y4xbh5t2qgekpjg6t2qgek'),
    pg_temp.redact(pg_temp.event('message_read', 'leak'))));
select is((select array_agg(code order by ord) from answers), '{forbidden,not_found,transition_refused}', 'operators only; an event that is there; one with texts');
insert into fleet_live.idempotency (caller, key, op, digest, answer, stored_at)
select 'c', 'k-' || n, 'x', 'd', jsonb_build_object('result', case n when 1 then 'hunter2swordfish is the key, keep it.' end), e.recorded_at
  from fleet_log.events e, generate_series(1, 2) n where e.event_id = pg_temp.event('message_sent', 'leak');
select act(jsonb_build_array(pg_temp.redact(pg_temp.event('message_sent', 'leak'))));
select is((select array_agg(key::text) from fleet_live.idempotency where caller = 'c'), '{k-2}', 'a kept answer that held the text goes, and no other');
select is((answer(1)).result - '{words,digests,event_id}'::text[], '{"type": "message_sent", "status": "redacted", "redacted": 1, "other_uses": 1, "project": "demo", "by": "ann", "reason": "a key"}', 'one text, which another event used, too');
select is(pg_temp.seen('hunter2swordfish'), '{}', 'it is in no table any more');
select is((select jsonb_build_array(project, stream_type, stream_id, data, actor) from fleet.events where type = 'body_redacted'),
    jsonb_build_array('demo', 'redaction', pg_temp.event('message_sent', 'leak'), jsonb_build_object('event_id', pg_temp.event('message_sent', 'leak'), 'by', 'ann', 'reason', 'a key'), 'ann'), 'an event says who and why');
select is((select array_agg(coalesce(item::jsonb ->> 'body', 'null') || ' ' || (item::jsonb #>> '{redacted,by}') || ' ' || (item::jsonb #>> '{redacted,reason}')) from fleet.show_message(jsonb_build_object('message_id', pg_temp.id('leak')))), '{"null ann a key"}',
    'who looks is told');
select is((select array_agg(item::jsonb ->> 'body') from fleet.list_inbox('{"project": "demo", "callsign": "raven-1"}') where item::jsonb ->> 'subject' = 'twice'), '{NULL}', 'the same text elsewhere is gone, too');
select is((select array_agg(body order by body) from fleet.messages where subject in ('leak', 'plain')), '{"(erased by ann: a key)","Nothing here."}', 'in the view');
select is((select count(*) from fleet.search_mail('{"project": "demo", "q": "hunter2swordfish"}')), 0::bigint, 'search finds it no more');
select is((select array_agg(item::jsonb ->> 'snippet') from fleet.search_mail('{"project": "demo", "q": "leak"}')), E'{"«leak»"}', 'but still the subject');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'state is the fold of the log');

-- Again, the answer of it, and another event.
create temp table head as select max(seq) as seq from fleet_log.events;
select act(jsonb_build_array(pg_temp.redact(pg_temp.event('message_sent', 'twice')), pg_temp.mail('again', 'hunter2swordfish is the key, keep it.'),
    ask('send_message', jsonb_build_object('in_reply_to', pg_temp.id('leak'), 'body', 'See above.'), '{"actor": "raven-1"}')));
select is((answer(1)).result ->> 'redacted', '0', 'what is erased needs no second time');
select is((answer(2)).code || ' ' || (answer(2)).field, 'forbidden /args/body', 'and is not taken again: nobody could read it');
select is((answer(3)).code, null, 'the message can be answered');
select is((select count(*) from fleet_log.events e, head h where e.seq > h.seq and e.type = 'body_redacted'), 0::bigint, 'without an event');
select act(jsonb_build_array(pg_temp.redact(pg_temp.event('message_updated', 'other')), pg_temp.redact(pg_temp.event('message_acked', 'leak'))));
select is((select array_agg(result -> 'redacted') from answers), '{1,1}', 'a changed text, a response');
select is(pg_temp.seen('zebrasecret') || pg_temp.seen('giraffesecret'), '{}', 'are erased as well');
select is((select array_agg(r -> 'response_redacted' ->> 'by') from fleet.show_message(jsonb_build_object('message_id', pg_temp.id('leak'))) s, jsonb_array_elements(s.item::jsonb -> 'recipients') r), '{ann}', 'the receipt says so');
select is((select item::jsonb ->> 'response' from fleet.list_inbox('{"project": "demo", "callsign": "raven-1", "unread": false}') where item::jsonb ->> 'subject' = 'leak'), null, 'and the mailbox');
select is(fleet_log.digests_in('sortie_completed', '{"result_digest": "b", "summary_digest": "a", "evidence": [{"output_digest": "c"}], "error": {"body_digest": "d"}, "z_digest": "e"}'), '{a,b}', 'digests are what a command wrote, not what it was given');
select is(fleet_log.digests_in('x.note', '{"body_digest": "a"}'), '{}', 'nor what others wrote');

-- Results of work orders.
create temp table o (n int, id text, token bigint);
create function pg_temp.give(n int) returns void language sql as $$
    select act(jsonb_build_array(ask('enqueue', '{"kind": "k"}'), ask('claim_work', '{"kinds": ["k"]}')));
    insert into o select give.n, x ->> 'work_order_id', (x ->> 'token')::bigint from (select (answer(2)).result #> '{orders,0}') y (x)
$$;
create function pg_temp.complete(n int, result jsonb) returns jsonb language sql as $$
    select ask('complete_work', jsonb_build_object('work_order_id', o.id, 'result', result),
               jsonb_build_object('key', 'key-o' || n, 'fence', jsonb_build_object('kind', 'work_order', 'id', o.id, 'token', o.token))) from o where o.n = complete.n
$$;
create function pg_temp.shown(n int) returns jsonb language sql as $$
    select s.item::jsonb from o, fleet.show_work_order(jsonb_build_object('work_order_id', o.id)) s where o.n = shown.n
$$;
select pg_temp.give(n) from generate_series(1, 5) n;
select act(jsonb_build_array(pg_temp.complete(1, '{"key": "lionsecret12345", "none": null}'), pg_temp.complete(2, '{"ok": true}')));
select is((select array_agg(code) from answers where not ok), null, 'two orders are done');
select is(pg_temp.seen('lionsecret'), '{fleet.work_orders,fleet_log.bodies}', 'a result lies in one table');
select is(pg_temp.shown(1) -> 'result', '{"key": "lionsecret12345", "none": null}', 'it is shown as it came');
select act(jsonb_build_array(pg_temp.redact(e.event_id))) from o join fleet_log.events e on e.stream_id = o.id and e.type = 'work_order_completed' where o.n = 1;
select is((answer(1)).result ->> 'redacted', '1', 'and erased');
select is(pg_temp.seen('lionsecret'), '{}', 'everywhere');
select is(jsonb_build_array(pg_temp.shown(1) -> 'result', pg_temp.shown(1) #> '{redacted,by}'), '[null, "ann"]', 'who looks is told');
select act(jsonb_build_array(pg_temp.complete(3, '{"key": "lionsecret12345", "none": null}'), ask('complete_orders', jsonb_build_object('orders', (
    select jsonb_agg(jsonb_build_object('work_order_id', o.id, 'token', o.token, 'result', case n when 4 then '{"key": "lionsecret12345", "none": null}' else '{"x": 1}'::jsonb end) order by n)
      from o where n in (3, 4)))))) ;
select is((select array_agg(code || field order by ord) from answers), '{forbidden/args/result,forbidden/args/orders/1/result}', 'this very result is not taken again');

-- A short text goes, but is nobody's to forbid.
select act(jsonb_build_array(pg_temp.redact(e.event_id))) from o join fleet_log.events e on e.stream_id = o.id and e.type = 'work_order_completed' where o.n = 2;
select is(jsonb_build_array((answer(1)).result -> 'redacted', pg_temp.shown(2) -> 'result'), '[1, null]', 'a short result is erased');
select act(jsonb_build_array(pg_temp.complete(3, '{"ok": true}'), ask('complete_orders', jsonb_build_object('orders', (
    select jsonb_agg(jsonb_build_object('work_order_id', o.id, 'token', o.token, 'result', '{"ok": true}'::jsonb)) from o where n in (4, 5))))));
select is((select array_agg(code) from answers where not ok), null, 'others may say the same');
select is((select array_agg(pg_temp.shown(n) -> 'result' order by n) from generate_series(2, 5) n), array_fill('{"ok": true}'::jsonb, '{4}'), 'and are read');
select is((select uses from fleet_log.bodies where body = '{"ok": true}'), 4, 'each use is counted');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'state is the fold of the log');
select is((select code from fleet.redact((select event_id from fleet.events where type = 'message_sent' and data ->> 'subject' = 'plain'), 'for the test')), null, 'fleet.redact');
select * from finish();
rollback;
