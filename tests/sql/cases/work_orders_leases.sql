-- A claimer that dies loses its lease and nothing else; an attempt that takes too long has failed.
begin;
set search_path = tap, public;
select no_plan();
select scene();
create function pg_temp.one(op text, args jsonb, more jsonb default '{}') returns answers language sql as $$
    select act(jsonb_build_array(ask(op, args, more))); select answer(1);
$$;
-- Time cannot be moved, so the rows are: claimed that much earlier, and the claimer silent since.
create function pg_temp.age(wanted text, by interval, silent boolean default true) returns void language sql as $$
    update fleet_state.work_orders w set claimed_at = w.claimed_at - by, due_at = w.due_at - by where w.kind = wanted and w.state = 'claimed';
    update fleet_live.pilots l set seen_at = case when silent then l.seen_at - by else clock_timestamp() end where l.callsign = 'viper-1';
$$;
create function pg_temp.state_of(wanted text) returns text language sql as $$
    select concat_ws(' ', w.state, w.attempts, w.lost) from fleet_state.work_orders w where w.kind = wanted
$$;
create function pg_temp.sweep() returns jsonb language plpgsql as $$
declare w fleet_log.work;
begin
    w.op := 'sweep'; w.actor := 'system'; w.metadata := '{}'; w.at := date_trunc('milliseconds', clock_timestamp());
    w.head := (select max(e.seq) from fleet_log.events e);
    return (fleet_log.sweep_orders(w)).result;
end $$;

select act(jsonb_build_array(ask('enqueue', '{"kind": "a"}'), ask('enqueue', '{"kind": "b"}'), ask('claim_work', '{"lease_seconds": 300}')));
select is(pg_temp.state_of('a'), 'claimed 1 0', 'the older one is claimed');
select pg_temp.age('a', '299 s');
select is(pg_temp.sweep(), '{"lapsed": 0, "timeouts": 0, "dead": 0, "cancelled": 0}', 'a lease that runs is left alone');
select pg_temp.age('a', '10 s', false);
select is(pg_temp.sweep() -> 'lapsed', '0', 'past its promise, but its claimer lives');
select is((pg_temp.one('claim_work', '{"kinds": ["a"]}', '{"actor": "raven-1"}')).result, '{"orders": []}', 'nobody else gets it');
select pg_temp.age('a', '24 hours', false);
select is(pg_temp.sweep() -> 'lapsed', '1', 'a day is the most, whoever lives');
select is(pg_temp.state_of('a'), 'pending 0 1', 'the attempt is not used up, the loss is counted');
select is((pg_temp.one('claim_work', '{}', '{"actor": "raven-1"}')).result #>> '{orders,0,kind}', 'a', 'and its place in the line is what it was');
select is((answer(1)).result #>> '{orders,0,attempt}', '1', 'the same attempt again');
select is((select e.data - 'run_after' from fleet_log.events e where e.type = 'work_order_requeued'), '{"cause": "lease_expired", "attempt": 0, "lost": 1}', 'as the event says');
select is((select e.actor from fleet_log.events e where e.type = 'work_order_requeued'), 'system', 'by the system');

-- With nothing else to do a claim takes lapsed ones itself.
select pg_temp.one('claim_work', '{}', '{"actor": "viper-1"}');
select pg_temp.age('b', '301 s');
select is((pg_temp.one('claim_work', '{}', '{"actor": "raven-1"}')).result #>> '{orders,0,kind}', 'b', 'an idle claimer gets what another lost');
select is((select array_agg(e.type order by e.seq) from fleet_log.events e where e.seq > (answer(1)).seq - 2), '{work_order_requeued,work_order_claimed}', 'in one request');
select is((pg_temp.one('complete_work', jsonb_build_object('work_order_id', w.work_order_id), jsonb_build_object('fence', jsonb_build_object('kind', 'work_order', 'id', w.work_order_id, 'token', e.seq)))).code, 'stale_token', 'who lost it cannot complete it')
  from fleet_state.work_orders w join fleet_log.events e on e.stream_id = w.work_order_id and e.type = 'work_order_claimed' and e.data ->> 'by' = 'viper-1' where w.kind = 'b';
select is((answer(1)).message, (select format('raven-1 has the order %s now, with token %s', w.work_order_id, w.token) from fleet_state.work_orders w where w.kind = 'b'), 'and hears who has it');

-- A lapsed lease that nobody took is still its claimer's.
select act(jsonb_build_array(ask('enqueue', '{"kind": "c"}'), ask('claim_work', '{"kinds": ["c"]}')));
select pg_temp.age('c', '301 s');
select is((pg_temp.one('complete_work', jsonb_build_object('work_order_id', w.work_order_id), jsonb_build_object('fence', jsonb_build_object('kind', 'work_order', 'id', w.work_order_id, 'token', w.token)))).result ->> 'status', 'completed', 'late, but before anybody')
  from fleet_state.work_orders w where w.kind = 'c';

-- Time-outs count as attempts.
select act(jsonb_build_array(ask('enqueue', '{"kind": "t", "timeout_seconds": 60, "max_attempts": 2}'), ask('enqueue', '{"kind": "u", "timeout_seconds": 60, "max_attempts": 1}')));
select pg_temp.one('enqueue', jsonb_build_object('kind', 'v', 'depends_on', jsonb_build_array((answer(2)).result ->> 'work_order_id')));
select pg_temp.one('claim_work', '{"kinds": ["t", "u"], "limit": 2}');
select pg_temp.age('t', '61 s', false), pg_temp.age('u', '61 s', false);
select is(pg_temp.sweep(), '{"lapsed": 0, "timeouts": 2, "dead": 1, "cancelled": 1}', 'an attempt that takes too long has failed, however alive its claimer is');
select is(array[pg_temp.state_of('t'), pg_temp.state_of('u'), pg_temp.state_of('v')], '{pending 1 0,dead 1 0,cancelled 0 0}', 'again later, dead, and cancelled what waits for it');
select is((select e.data #>> '{error,kind}' from fleet_log.events e join fleet_state.work_orders w on w.failed_seq = e.seq and w.kind = 't'), 'timeout', 'the error says so');

-- Whoever takes it dies of it.
select act(jsonb_build_array(ask('enqueue', '{"kind": "poison"}')));
do $$
begin
    for i in 1..10 loop
        perform pg_temp.one('claim_work', '{"kinds": ["poison"]}');
        perform pg_temp.age('poison', '25 hours');
        perform pg_temp.sweep();
        if i = 9 and pg_temp.state_of('poison') <> 'pending 0 9' then raise '%', pg_temp.state_of('poison'); end if;
    end loop;
end $$;
select is(pg_temp.state_of('poison'), 'dead 1 9', 'ten lost leases in a row make a dead letter');
select is((select e.data #>> '{error,kind}' from fleet_log.events e join fleet_state.work_orders w on w.failed_seq = e.seq and w.kind = 'poison'), 'abandoned', 'that says why');
select is((pg_temp.one('retry_work', jsonb_build_object('work_order_id', w.work_order_id))).result -> 'lost', '0', 'sent again it begins anew') from fleet_state.work_orders w where w.kind = 'poison';

-- The hook for pilots that are gone.
create function pg_temp.give_back(callsigns text[]) returns jsonb language plpgsql as $$
declare w fleet_log.work;
begin
    w.op := 'deregister_pilot'; w.project := 'other'; w.actor := 'viper-1'; w.metadata := '{}'; w.at := date_trunc('milliseconds', clock_timestamp());
    w.head := (select max(e.seq) from fleet_log.events e);
    return (fleet_log.return_orders(w, 'demo', callsigns, 'pilot_lost', 'evt_why')).result;
end $$;
select act(jsonb_build_array(ask('enqueue', '{"orders": [{"kind": "r"}, {"kind": "r"}, {"kind": "r"}]}'), ask('claim_work', '{"kinds": ["r"], "limit": 2}'), ask('claim_work', '{"kinds": ["r"]}', '{"actor": "raven-1"}')));
select is(pg_temp.give_back('{nobody}'), '[]', 'nothing to give back');
create temp table given as select pg_temp.give_back('{viper-1}') as ids;
select is((select ids from given), (select jsonb_agg(w.work_order_id order by w.work_order_id) from fleet_state.work_orders w where w.kind = 'r' and w.state = 'pending'), 'what a lost pilot had is back');
select is((select array_agg(w.state order by w.created_seq) from fleet_state.work_orders w where w.kind = 'r'), '{pending,pending,claimed}', 'and nobody else''s');
select is((select array_agg(distinct e.project || ' ' || (e.data ->> 'cause') || ' ' || e.causation_id) from fleet_log.events e where e.data ->> 'cause' = 'pilot_lost'), '{demo pilot_lost evt_why}', 'in its project, with cause and causation');
select is((pg_temp.one('claim_work', '{"kinds": ["r"], "limit": 5}', '{"actor": "raven-1"}')).result #>> '{orders,0,work_order_id}', (select w.work_order_id from fleet_state.work_orders w where w.kind = 'r' order by w.created_seq limit 1), 'the oldest first, as before');
select * from finish();
rollback;
