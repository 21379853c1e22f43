-- The state machine of an order, driven by its table: what it has is done, what it has not is refused.
begin;
set search_path = tap, public;
select no_plan();
select scene();
create temp sequence kinds;
create function pg_temp.make(state text) returns text language plpgsql as $$
declare id text; drawn text; o fleet_state.work_orders;
begin
    drawn := 'k' || nextval('kinds');
    perform act(jsonb_build_array(ask('enqueue', jsonb_build_object('kind', drawn, 'max_attempts', 2))));
    id := (answer(1)).result ->> 'work_order_id';
    if state in ('claimed', 'completed', 'dead') then
        perform act(jsonb_build_array(ask('claim_work', jsonb_build_object('kinds', array[drawn]))));
        if (answer(1)).result #>> '{orders,0,work_order_id}' <> id then
            raise 'claimed another one';
        end if;
        select * into o from fleet_state.work_orders w where w.work_order_id = id;
    end if;
    if state = 'completed' then
        perform act(jsonb_build_array(ask('complete_work', jsonb_build_object('work_order_id', id), jsonb_build_object('fence', jsonb_build_object('kind', 'work_order', 'id', id, 'token', o.token)))));
    elsif state = 'dead' then
        perform act(jsonb_build_array(ask('fail_work', jsonb_build_object('work_order_id', id, 'retry', false, 'error', '{"kind": "k", "message": "m"}'::jsonb),
            jsonb_build_object('fence', jsonb_build_object('kind', 'work_order', 'id', id, 'token', o.token)))));
    elsif state = 'cancelled' then
        perform act(jsonb_build_array(ask('cancel_work', jsonb_build_object('work_order_id', id))));
    end if;
    return id;
end $$;
create function pg_temp.try(id text, op text) returns text language plpgsql as $$
declare o fleet_state.work_orders; found text;
begin
    select * into o from fleet_state.work_orders w where w.work_order_id = id;
    perform act(jsonb_build_array(ask(op, case op when 'claim_work' then jsonb_build_object('kinds', array[o.kind])
        else jsonb_build_object('work_order_id', id) end || case op when 'fail_work' then '{"error": {"kind": "k", "message": "m"}}'::jsonb else '{}' end,
        case when op in ('complete_work', 'fail_work') then jsonb_build_object('fence', jsonb_build_object('kind', 'work_order', 'id', id, 'token', coalesce(o.token, 1))) else '{}' end)));
    if (answer(1)).code is null and op = 'claim_work' and (answer(1)).result = '{"orders": []}' then
        return 'refused';
    end if;
    found := case when (answer(1)).code is null then (select w.state from fleet_state.work_orders w where w.work_order_id = id) else 'refused' end;
    if (answer(1)).code not in ('transition_refused', 'stale_token') then
        raise '% of %: %', op, o.state, (answer(1)).code;
    end if;
    return found;
end $$;
create temp table events_of (op text, event text, lands text) on commit drop;
-- A failed attempt is requeued at once: the state failed is never seen outside.
insert into events_of values ('claim_work', 'work_order_claimed', 'claimed'), ('complete_work', 'work_order_completed', 'completed'),
    ('fail_work', 'work_order_failed', 'pending'), ('retry_work', 'work_order_requeued', 'pending'), ('cancel_work', 'work_order_cancelled', 'cancelled');
select is((select array_agg(distinct t.event order by t.event) from fleet_log.transitions t where t.entity = 'work order'),
    (select array_agg(distinct x order by x) from (select event as x from events_of union select 'work_order_created') y), 'every event of the table has a command');
select is(pg_temp.try(pg_temp.make(s.state), c.op),
    -- A claimed order is requeued by losing its lease, not by asking.
    case when not (c.op = 'retry_work' and s.state = 'claimed')
          and exists (select from fleet_log.transitions t where t.entity = 'work order' and t.from_state = s.state and t.event = c.event) then c.lands else 'refused' end,
    format('%s of an order that is %s', c.op, s.state))
  from (values ('pending'), ('claimed'), ('completed'), ('dead'), ('cancelled')) s (state) cross join events_of c;
select is((select array_agg(distinct w.state order by w.state) from fleet_state.work_orders w), '{cancelled,claimed,completed,dead,pending}', 'no other state is left standing');
-- Every event of an order is one that the table has from where it stood.
create temp table walked as
    select e.stream_id, e.seq, e.type, case e.type when 'work_order_created' then 'pending' when 'work_order_claimed' then 'claimed' when 'work_order_completed' then 'completed'
           when 'work_order_cancelled' then 'cancelled' when 'work_order_requeued' then 'pending' else case when e.data -> 'dead' = 'true' then 'dead' else 'failed' end end as to_state
      from fleet_log.events e where e.stream_type = 'work_order';
select is((select count(*) from (select w.*, coalesce(lag(w.to_state) over (partition by w.stream_id order by w.seq), 'none') as from_state from walked w) s
            where not exists (select from fleet_log.transitions t where t.entity = 'work order' and (t.from_state, t.event, t.to_state) = (s.from_state, s.type, s.to_state))), 0::bigint, 'the log holds only steps of the table');
select * from finish();
rollback;
