-- With 20,000 orders in the queue: how a claim finds its own, not only which.
begin;
set search_path = tap, public;
select no_plan();
select scene();
-- As it was seen once: autovacuum looked at tables that were empty and could not make them smaller, so they are thought to
-- have no row a page, however they grow. What is looked up by its key must be, all the same.
update pg_class c set relpages = case c.relkind when 'r' then 5 else 2 end, reltuples = 0
 where c.relnamespace = any(array['fleet_state', 'fleet_log', 'fleet_live']::regnamespace[]) and c.relkind in ('r', 'i');
-- 5,000 that are ready, 5,000 delayed, 5,000 that wait for others, 5,000 done, mixed; a few roles and kinds.
insert into fleet_log.events (seq, event_id, project, type, stream_type, stream_id, stream_version, actor, data, occurred_at, recorded_at)
select (select max(seq) from fleet_log.events) + i, 'evt_' || lpad(i::text, 26, '0'), 'demo', 'work_order_created', 'work_order', 'wo_' || lpad(i::text, 26, '0'), 1, 'viper-1',
       jsonb_strip_nulls(jsonb_build_object('kind', 'kind-' || i % 7, 'payload', '{}'::jsonb, 'priority', (array['low', 'medium', 'high', 'critical'])[1 + i % 3], 'max_attempts', 3,
           'role', case when i % 5 = 0 then 'role-' || i % 10 end, 'run_after', case when i % 4 = 1 then '2035-01-01T00:00:00Z' end,
           'depends_on', case when i % 4 = 2 then jsonb_build_array('wo_' || lpad((i - 1)::text, 26, '0')) else '[]' end)),
       now(), now()
  from generate_series(1, 20000) i;
update fleet_state.work_orders w set state = 'completed' where right(w.work_order_id, 5)::int % 4 = 3;
create function pg_temp.scans() returns bigint language sql as $$
    select coalesce(sum(seq_scan), 0)::bigint from pg_stat_xact_user_tables
     where schemaname in ('fleet_state', 'fleet_log', 'fleet_live') and relname in ('work_orders', 'work_order_dependencies', 'events', 'work_lines', 'pilots')
$$;
create function pg_temp.rows_read() returns bigint language sql as $$
    select coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::bigint from pg_stat_xact_user_tables where schemaname = 'fleet_state' and relname = 'work_orders'
$$;
create temp table before as select 0::bigint as scans, 0::bigint as rows;
create function pg_temp.mark() returns void language sql as $$ update before set scans = pg_temp.scans(), rows = pg_temp.rows_read() $$;
-- Plans are made before anything is counted.
select act(jsonb_build_array(ask('claim_work'), ask('claim_work', '{"role": "role-0"}', '{"actor": "ann"}'), ask('claim_work', '{"kinds": ["kind-1"]}'), ask('claim_work', '{"limit": 2}')));
select act(jsonb_build_array(ask('complete_work', jsonb_build_object('work_order_id', w.work_order_id), jsonb_build_object('fence', jsonb_build_object('kind', 'work_order', 'id', w.work_order_id, 'token', w.token)))))
  from fleet_state.work_orders w where w.state = 'claimed' and w.claimed_by = 'viper-1' limit 1;
select pg_temp.mark();
select act(jsonb_build_array(ask('claim_work')));
select is((answer(1)).result #>> '{orders,0,priority}', 'high', 'a claim among 20,000');
select is(pg_temp.scans() - scans, 0::bigint, 'reads no table through') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 30::bigint, 'and looks at a handful of rows') from before;
select pg_temp.mark();
select act(jsonb_build_array(ask('claim_work', '{"role": "role-5", "limit": 3}', '{"actor": "ann"}'), ask('claim_work', '{"kinds": ["kind-5", "kind-6"], "limit": 3}')));
select is((select array_agg(jsonb_array_length(result -> 'orders') order by ord) from answers), '{3,3}', 'by role and by kind');
select is(pg_temp.scans() - scans, 0::bigint, 'no scan either') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 150::bigint, 'and rows by the index') from before;
select pg_temp.mark();
select act(jsonb_build_array(ask('claim_work', '{"kinds": ["no such kind"]}')));
select cmp_ok(pg_temp.rows_read() - rows, '<=', 20::bigint, 'nothing to do costs nothing, whatever waits or is delayed') from before;

-- A thousand claims later the head of the index is full of dead entries; they are not walked over.
do $$ begin for i in 1..10 loop perform act(jsonb_build_array(ask('claim_work', '{"limit": 100}'))); end loop; end $$;
select act(jsonb_build_array(ask('claim_work')));
select pg_temp.mark();
select act(jsonb_build_array(ask('claim_work')));
select is(jsonb_array_length((answer(1)).result -> 'orders'), 1, 'a claim after a thousand');
select cmp_ok(pg_temp.rows_read() - rows, '<=', 60::bigint, 'begins where the line begins') from before;
create function pg_temp.too_late() returns bigint language sql as $$
    select count(*) from fleet_live.work_lines l cross join generate_series(1, 4) r
      join fleet_state.work_orders w on w.project = l.project and w.rank = r - 1 and w.state = 'pending' and w.blocked_by = 0
       and (l.scope = 'role ' || w.role or l.scope = 'kind ' || w.kind || ' for ' or l.scope = '*') and (w.ready_at, w.created_seq) < (l.front_at[r], l.front_seq[r])
$$;
select is(pg_temp.too_late(), 0::bigint, 'and no line begins behind an order that could be claimed');
create temp table held as
    select ask('complete_work', jsonb_build_object('work_order_id', w.work_order_id), jsonb_build_object('fence', jsonb_build_object('kind', 'work_order', 'id', w.work_order_id, 'token', w.token))) as request
      from fleet_state.work_orders w where w.state = 'claimed' and w.claimed_by = 'viper-1' limit 2;
select act(jsonb_build_array(request)) from held limit 1;
select pg_temp.mark();
select act(jsonb_build_array(request)) from held offset 1;
select is((answer(1)).code, null, 'completing');
select is(pg_temp.scans() - scans, 0::bigint, 'reads no table through') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 30::bigint, 'and its own row') from before;

-- A few letters of an id.
select pg_temp.mark();
select is(array[fleet_log.order_id_of('demo', '000777'), fleet_log.order_id_of('demo', '00000000778'), fleet_log.order_id_of('demo', 'wo_0000000000000000000001999')],
    array['wo_00000000000000000000000777', 'wo_00000000000000000000000778', 'wo_0000000000000000000001999'], 'the end of an id, a longer one, a start that several have');
select cmp_ok(pg_temp.rows_read() - rows, '<=', 20::bigint, 'are looked up, not looked for') from before;
select is(fleet_log.order_id_of('demo', 'wo_0000000000000000000002000'), 'wo_00000000000000000000020000', 'a start that one has');

-- The indexes, as they are: a claim takes orders out of them and an end writes to none of them.
select is((select array_agg(distinct pg_get_expr(i.indpred, i.indrelid)) from pg_index i join pg_class c on c.oid = i.indexrelid where c.relname like 'work_orders\_line%'),
    array['((state = ''pending''::text) AND (blocked_by = 0))'], 'only what could be claimed is in the line');
analyze fleet_state.work_orders;
create function pg_temp.nodes(query text) returns text[] language plpgsql as $$
declare plan json;
begin
    execute 'explain (format json) ' || query into plan;
    return (select array_agg(distinct n #>> '{}' order by n #>> '{}') from jsonb_path_query(plan::jsonb, '$.**."Index Name"') n);
end $$;
set local enable_seqscan = off;
select is(pg_temp.nodes($$select o.work_order_id from fleet_state.work_orders o where o.project = 'demo' and o.rank = 1 and o.state = 'pending' and o.blocked_by = 0 and o.ready_at <= now() and (o.ready_at, o.created_seq) >= ('-infinity', 0) order by o.ready_at, o.created_seq limit 1$$), '{work_orders_line}', 'the line');
select is(pg_temp.nodes($$select o.work_order_id from fleet_state.work_orders o where o.project = 'demo' and o.role = 'r' and o.rank = 1 and o.state = 'pending' and o.blocked_by = 0 and o.ready_at <= now() order by o.ready_at, o.created_seq limit 1$$), '{work_orders_line_role}', 'the line of a role');
select is(pg_temp.nodes($$select o.work_order_id from fleet_state.work_orders o where o.project = 'demo' and o.kind = 'k' and o.rank = 1 and o.state = 'pending' and o.blocked_by = 0 and o.ready_at <= now() order by o.ready_at, o.created_seq limit 1$$), '{work_orders_line_kind}', 'the line of a kind');
select is(pg_temp.nodes($$select * from fleet_state.work_orders o where o.state = 'claimed' and o.due_at <= now() order by o.due_at limit 1000$$), '{work_orders_due}', 'what may be due');
select * from finish();
rollback;
