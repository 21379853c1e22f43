-- Claims and completions that stand beside each other in a batch are done together; what comes of it is what comes of the
-- same requests one by one: completions first, then the claims, line by line. Random batches over random queues, each played both ways from one state.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act((select jsonb_agg(ask('register_pilot', jsonb_strip_nulls(jsonb_build_object('callsign', 'p' || i, 'program', 'x', 'model', 'm',
    'role', case i % 4 when 3 then 'coder' end)))) from generate_series(1, 12) i));

create temp table told (way text, ord int, ok boolean, code text, field text, message text, result jsonb, metadata jsonb);
create temp table stood (way text, id text, state text, holder text, attempts int);
create temp table wrong (round int, ord int, what text, together text, alone text);
-- What differs between any two runs: seqs, tokens, times.
create function pg_temp.plain(v jsonb) returns jsonb language sql as $$
    select case when v -> 'orders' is not null
                then jsonb_set(v, '{orders}', coalesce((select jsonb_agg(o - '{token,lease_until,timeout_at}'::text[] order by n)
                                                 from jsonb_array_elements(v -> 'orders') with ordinality x (o, n)), '[]'))
                else v - '{last_seq,token,lease_until,claimed_at,ended_at,completed_at,duration_ms}'::text[] end
$$;
create function pg_temp.keep(way text, batch jsonb) returns void language sql as $$
    insert into told select keep.way, (select x.n from jsonb_array_elements(batch) with ordinality x (v, n) where x.v ->> 'key' = e.v ->> 'key'),
           a.ok, a.code, a.field, a.message, pg_temp.plain(a.result),
           (select l.metadata || jsonb_build_object('actor', l.actor) from fleet_log.events l where l.seq = a.seq)
      from answers a join jsonb_array_elements(batch) with ordinality e (v, n) on e.n = a.ord
$$;
create function pg_temp.round(turn int) returns void language plpgsql as $$
declare batch jsonb; v jsonb; first jsonb; second jsonb; place int;
begin
    perform act((select jsonb_agg(ask('enqueue', jsonb_strip_nulls(jsonb_build_object('kind', (array['a', 'b'])[1 + floor(random() * 2)::int],
        'role', case when random() < 0.3 then 'coder' end, 'priority', (array['low', 'medium', 'high'])[1 + floor(random() * 3)::int], 'payload', jsonb_build_object('i', i),
        'depends_on', case when random() < 0.2 then (select jsonb_build_array(w.work_order_id) from fleet_state.work_orders w where w.state in ('pending', 'claimed') order by random() limit 1) end))))
        from generate_series(1, 1 + floor(random() * 12)::int) i));
    -- Good claims and completions, and now and then one that has to be refused, asks for several, or has a key of before.
    select jsonb_agg(x.v || jsonb_build_object('key', format('r%s-%s', turn, x.n), 'digest', repeat('a', 64), 'metadata', jsonb_build_object('n', x.n))) into batch from (
        select y.v, row_number() over (order by random()) as n from (
            select ask('claim_work', jsonb_strip_nulls(jsonb_build_object('limit', case when random() < 0.15 then 2 end, 'lease_seconds', case when random() < 0.2 then 60 end,
                       'role', case when random() < 0.1 then 'coder' end, 'kinds', case when random() < 0.25 then '["a"]'::jsonb end)),
                       jsonb_build_object('actor', case when random() < 0.05 then 'nobody' else 'p' || 1 + floor(random() * 12)::int end)) as v
              from generate_series(1, floor(random() * 14)::int)
            union all
            select ask('complete_work', jsonb_strip_nulls(jsonb_build_object('work_order_id', w.work_order_id, 'result', case when random() < 0.5 then jsonb_build_object('of', w.work_order_id) end)),
                       jsonb_build_object('actor', case when random() < 0.05 then 'raven-1' else w.claimed_by end, 'fence', jsonb_build_object('kind', 'work_order', 'id', w.work_order_id,
                           'token', w.token + case when random() < 0.05 then 1 else 0 end)))
              from fleet_state.work_orders w cross join generate_series(1, 2) twice where w.state = 'claimed' and random() < 0.4) y) x;
    if batch is null then return; end if;
    delete from told; delete from stood;
    begin
        perform act(batch);
        perform pg_temp.keep('together', batch);
        select jsonb_agg(to_jsonb(t)) into first from told t;
        select jsonb_agg(jsonb_build_object('id', w.work_order_id, 'state', w.state, 'holder', w.claimed_by, 'attempts', w.attempts, 'lost', w.lost)) into second from fleet_state.work_orders w;
        raise exception 'back';
    exception when raise_exception then null;
    end;
    insert into told select (jsonb_populate_record(null::told, t)).* from jsonb_array_elements(first) t;
    for v in select y.v from (
                 select x.v, x.n, x.v -> 'args' -> 'limit' is null and (p.callsign is null or p.role is not null or x.v -> 'args' -> 'role' is null) as plain,
                        concat(coalesce(p.role, x.v -> 'args' ->> 'role'), ' ', x.v -> 'args' ->> 'kinds') as line
                   from jsonb_array_elements(batch) with ordinality x (v, n) left join fleet_state.pilots p on p.callsign = x.v ->> 'actor') y
             window one as (partition by y.v ->> 'op', y.plain, y.line)
              order by y.v ->> 'op' desc, case when y.v ->> 'op' = 'complete_work' then y.n when y.plain and count(*) over one > 1 then min(y.n) over one else 1000 end, y.n loop
        perform act(jsonb_build_array(v));
        insert into told select 'alone', (v #>> '{metadata,n}')::int, a.ok, a.code, a.field, a.message, pg_temp.plain(a.result),
               (select l.metadata || jsonb_build_object('actor', l.actor) from fleet_log.events l where l.seq = a.seq) from answers a;
    end loop;
    insert into wrong select turn, coalesce(x.ord, y.ord), 'answer', (to_jsonb(x) - 'way')::text, (to_jsonb(y) - 'way')::text
      from (select * from told where way = 'together') x full join (select * from told where way = 'alone') y using (ord)
     where (to_jsonb(x) - '{way,ord}'::text[]) is distinct from (to_jsonb(y) - '{way,ord}'::text[]);
    insert into wrong select turn, null, 'order', a::text, to_jsonb(w)::text
      from jsonb_array_elements(second) a full join fleet_state.work_orders w on w.work_order_id = a ->> 'id'
     where (a ->> 'state', a ->> 'holder', (a ->> 'attempts')::int, (a ->> 'lost')::int) is distinct from (w.state, w.claimed_by, w.attempts, w.lost);
end $$;
select setseed(coalesce(nullif(current_setting('model.seed', true), '')::float8, 0.42));
select count(pg_temp.round(n)) from generate_series(1, coalesce(nullif(current_setting('model.steps', true), '')::int, 60)) n;
select is((select count(*)::int from wrong), 0, 'together and one by one give the same');
select diag(format('round %s, request %s, %s: together %s, alone %s', w.round, w.ord, w.what, w.together, w.alone)) from wrong w limit 6;
select cmp_ok((select count(*)::int from fleet_state.work_orders w where w.state = 'completed'), '>', 50, 'many were completed');
select is((select count(*)::int from fleet.verify_projections()), 0, 'and the projections are the fold of the log');

-- One insert for neighbours of one kind.
select act((select jsonb_agg(ask('cancel_work', jsonb_build_object('work_order_id', w.work_order_id))) from fleet_state.work_orders w where w.state in ('pending', 'claimed')));
select act((select jsonb_agg(ask('enqueue', '{"kind": "z"}')) from generate_series(1, 10)));
create temp table statements (n int);
create function pg_temp.count_statement() returns trigger language plpgsql security definer as $$ begin insert into statements values (1); return null; end $$;
create trigger counted after insert on fleet_log.events for each statement execute function pg_temp.count_statement();
select act((select jsonb_agg(ask('claim_work', '{}', jsonb_build_object('actor', 'p' || i))) from generate_series(1, 10) i));
select is((select count(*)::int from statements), 2, 'ten claims of two lines, of anybody and of coders, are two inserts');
select is((select count(distinct a.seq)::int from answers a), 10, 'with an event each');
select ok((select bool_and((a.result #>> '{orders,0,token}')::bigint = a.seq) from answers a), 'and its seq as the token');
select is((select count(distinct a.result #>> '{orders,0,work_order_id}')::int from answers a), 10, 'each gets another order');
delete from statements;
select act((select jsonb_agg(ask('complete_work', jsonb_build_object('work_order_id', w.work_order_id), jsonb_build_object('actor', w.claimed_by,
    'fence', jsonb_build_object('kind', 'work_order', 'id', w.work_order_id, 'token', w.token)))) from fleet_state.work_orders w where w.state = 'claimed'));
select is((select array_agg(distinct a.ok) from answers a), '{true}', 'ten completions');
select is((select count(*)::int from statements), 1, 'are one insert');
select * from finish();
rollback;
