-- Pilots that go: silent, with their host, or by saying so. Sorties, orders, files and mail follow in the same transaction.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array('{"op": "host_join", "args": {"host_id": "host_01m7y4xbh5t2qgekpjg6t2qgek", "hostname": "a", "version": "1", "pid": 1, "lease_seconds": 30}}'::jsonb,
    '{"op": "register_project", "args": {"key": "two"}}'::jsonb, ask('register_pilot', '{"callsign": "watch-1", "program": "p", "model": "m"}', '{"project": "two"}')));

create function pg_temp.who(callsign text) returns jsonb language sql as $$ select jsonb_build_object('actor', callsign) $$;
-- A pilot with a sortie at work, an order, a file, a waiting request and two unread messages, one of which wants to come back from who is stale.
create function pg_temp.busy(callsign text, host text default null) returns void language plpgsql as $$
declare
    s text;
    t bigint;
begin
    perform act(jsonb_build_array(
        ask('register_pilot', jsonb_build_object('callsign', callsign, 'program', 'p', 'model', 'm', 'host', host)),
        ask('create_sortie', jsonb_build_object('title', 'work of ' || callsign)), ask('enqueue', jsonb_build_object('kind', callsign)),
        want(callsign, array[callsign || '/**']),
        ask('send_message', jsonb_build_object('to', jsonb_build_array(callsign), 'subject', 'stay', 'body', 'b'), pg_temp.who('raven-1')),
        ask('send_message', jsonb_build_object('to', jsonb_build_array(callsign), 'subject', 'come back', 'body', 'b', 'bounce_stale', true), pg_temp.who('raven-1'))));
    s := (answer(2)).result ->> 'sortie_id';
    perform act(jsonb_build_array(ask('claim_sortie', jsonb_build_object('sortie_id', s), pg_temp.who(callsign)), ask('claim_work', jsonb_build_object('kinds', jsonb_build_array(callsign)), pg_temp.who(callsign)),
        ask('reserve', jsonb_build_object('patterns', jsonb_build_array('shared.c'), 'wait_seconds', 600), pg_temp.who(callsign))));
    if exists (select from answers where not ok) then
        raise exception 'the scene failed: %', (select string_agg(code || ' ' || message, '; ') from answers where not ok);
    end if;
    t := ((answer(1)).result ->> 'token')::bigint;
    perform act(jsonb_build_array(
        ask('start_sortie', jsonb_build_object('sortie_id', s), pg_temp.who(callsign) || jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', s, 'token', t))),
        ask('progress', jsonb_build_object('sortie_id', s, 'percent', 40), pg_temp.who(callsign) || jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', s, 'token', t)))));
end $$;
select act(jsonb_build_array(want('viper-1', '{shared.c}')));

-- Silent.
select pg_temp.busy('mute-1');
select pg_temp.busy('mute-2');
update fleet_live.pilots set seen_at = seen_at - interval '301 seconds' where callsign like 'mute-%';
create temp table head as select max(seq) as seq from fleet_log.events;
select act(jsonb_build_array(ask('sweep', '{}', '{"roles": ["operator"]}')));
create temp table swept as select a.* from answers a;
select is((select result -> 'stale' from swept), '[{"project": "demo", "callsign": "mute-1"}, {"project": "demo", "callsign": "mute-2"}]', 'who is silent is stale');
select is((select array_agg(jsonb_array_length(result -> k)) from swept, unnest('{returned_sorties,returned_orders,freed,bounced}'::text[]) k), '{2,2,2,2}', 'two sorties, two orders, two reservations, two messages of theirs');
select is((select array_agg(s.state || s.progress || coalesce(s.pilot, '-') order by s.title) from fleet_state.sorties s where s.title like 'work of mute%' and s.state = 'pending'), (select array_agg(x) from (select 'pending' || s.progress || coalesce(s.pilot, '-') as x from fleet_state.sorties s where s.title like 'work of mute%' order by s.title) y), 'the sorties wait again');
select is((select array_agg(progress) from fleet_state.sorties where title like 'work of mute%'), '{40,40}', 'with their last progress');
select is((select array_agg(distinct state) from fleet_state.work_orders where kind like 'mute%'), '{pending}', 'so do the orders');
select is((select array_agg(x order by x) from unnest(held()) x), '{"viper-1 shared.c"}', 'the files are free');
select is((select count(*) from fleet_state.reservation_requests where state = 'waiting'), 0::bigint, 'nobody of them waits');
select is((select array_agg(m.subject || ' ' || r.state order by m.subject) from fleet_state.message_recipients r join fleet_state.messages m using (message_id) where r.recipient = 'mute-1'), '{"come back bounced","stay unread"}', 'mail stays, but for what wants to come back');
-- The cause: each of the events that followed leads back to the pilot's own silence.
create temp table chain as
select e.*, (select p.callsign from fleet_state.pilots p where p.pilot_id = (select c.stream_id from fleet_log.events c where c.event_id = e.causation_id and c.type = 'pilot_stale')) as because
  from fleet_log.events e where e.seq > (select seq from head);
select is((select array_agg(distinct type) from chain where because is null and type not in ('pilot_stale', 'thread_created', 'message_sent')), null, 'everything that follows has a pilot''s silence as its cause');
select is((select array_agg(distinct because || ' ' || (data ->> 'holder')) from chain where type in ('file_released', 'file_wait_ended')), '{"mute-1 mute-1","mute-2 mute-2"}', 'each its own');
select is((select array_agg(type order by seq) from chain where because = 'mute-1' and type in ('sortie_requeued', 'work_order_requeued', 'file_wait_ended', 'file_released', 'message_bounced')),
          '{sortie_requeued,work_order_requeued,file_wait_ended,file_released,message_bounced}', 'sorties, then orders, files, mail');
select is((select array_agg(distinct data ->> 'cause' order by data ->> 'cause') from chain where type in ('file_released', 'sortie_requeued', 'work_order_requeued')), '{pilot_lost,pilot_stale}', 'the causes are said');
select act(jsonb_build_array(ask('sweep', '{}', '{"roles": ["operator"]}')));
select is((select result -> 'stale' || (result -> 'freed') from answers), '[]', 'once');

-- Whoever claims next gets what was returned, the old token is worth nothing.
select act(jsonb_build_array(ask('claim_work', '{"kinds": ["mute-1"]}', pg_temp.who('raven-1'))));
select is(jsonb_array_length((answer(1)).result -> 'orders'), 1, 'the order can be claimed by others');

-- With the host.
select pg_temp.busy('rider-1', 'host_01m7y4xbh5t2qgekpjg6t2qgek');
select pg_temp.busy('rider-2', 'host_01m7y4xbh5t2qgekpjg6t2qgek');
update fleet_live.hosts set deadline = clock_timestamp() - interval '11 seconds';
update head set seq = (select max(seq) from fleet_log.events);
select act(jsonb_build_array('{"op": "declare_host_lost", "args": {"host_id": "host_01m7y4xbh5t2qgekpjg6t2qgek"}}'::jsonb));
select is((select array_agg(jsonb_array_length((answer(1)).result -> k)) from unnest('{pilots,returned_sorties,returned_orders,freed,bounced}'::text[]) k), '{2,2,2,2,2}', 'a lost host gives back what its pilots had');
select is((select array_agg(distinct c.type order by c.type) from fleet_log.events e join fleet_log.events c on c.event_id = e.causation_id
            where e.seq > (select seq from head) and e.type in ('pilot_stale', 'file_released', 'file_wait_ended', 'sortie_requeued', 'work_order_requeued', 'message_bounced')), '{host_left}', 'because of the host');
select is((select array_agg(distinct data ->> 'cause') from fleet_log.events where seq > (select seq from head) and type = 'file_released'), '{holder_lost}', 'and the files say so');

-- By saying so.
select pg_temp.busy('bye-1');
update head set seq = (select max(seq) from fleet_log.events);
select act(jsonb_build_array(ask('deregister_pilot', '{"reason": "completed", "final_status": "done"}', pg_temp.who('bye-1'))));
select is((answer(1)).result ->> 'status', 'deregistered', 'a pilot that leaves');
select is((select array_agg(jsonb_array_length((answer(1)).result -> k)) from unnest('{returned_sorties,returned_orders,freed,bounced}'::text[]) k), '{1,1,1,2}', 'gives everything back; all its mail bounces');
select is((select array_agg(distinct c.type) from fleet_log.events e join fleet_log.events c on c.event_id = e.causation_id where e.seq > (select seq from head) and e.type in ('file_released', 'sortie_requeued', 'work_order_requeued', 'message_bounced')), '{pilot_deregistered}', 'because it left');
select is((select array_agg(distinct r.bounce_reason) from fleet_state.message_recipients r where r.recipient = 'bye-1'), '{deregistered}', 'mail says why');
select is((select array_agg(state) from fleet.pilots where project = 'two'), '{active}', 'nothing of this touches another project');
-- In one batch with what it does next.
select act(jsonb_build_array(ask('deregister_pilot', '{}', pg_temp.who('raven-1')), ask('register_pilot', '{"callsign": "raven-1", "program": "p", "model": "m"}'), want('raven-1', '{bye-1/a}'), ask('deregister_pilot', '{}', pg_temp.who('raven-1')), ask('deregister_pilot', '{}', pg_temp.who('raven-1'))));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{ok,ok,ok,ok,transition_refused}', 'leaving, coming back, holding, leaving, and not twice');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'the projections are the fold of the log');
select * from finish();
rollback;
