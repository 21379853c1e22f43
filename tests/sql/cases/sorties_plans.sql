-- With 20,000 sorties, 2,000 of them pending: how they are found, not only what is found.
begin;
set search_path = tap, public;
select no_plan();
-- The planner believes what it was told on the first day, and a session that began then keeps its plans.
analyze fleet_state.sorties, fleet_state.sortie_dependencies, fleet_state.missions;
select scene();
select act(jsonb_build_array(ask('create_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1", "title": "m"}'), ask('start_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}'), make('pattern')));
insert into fleet_state.sorties
select (jsonb_populate_record(s, jsonb_build_object('sortie_id', 'srt_' || lpad(i::text, 26, '0'), 'name', null, 'mission_id', case when i % 4 <> 0 then 'msn_' || lpad((i % 200)::text, 26, '0') end,
    'state', case when i <= 2000 then 'pending' else 'completed' end, 'ready', i <= 2000 and i % 3 = 0, 'gate', case when i % 3 = 0 then 'open' else 'waiting' end,
    'role', case when i % 5 = 0 then 'tester' end, 'rank', i % 4, 'created_seq', i, 'priority', (array['critical', 'high', 'medium', 'low'])[1 + i % 4]))).*
  from fleet_state.sorties s, generate_series(1, 20000) i where s.name = 'pattern';
insert into fleet_state.sortie_dependencies
select 'srt_' || lpad(i::text, 26, '0'), 1, 'demo', 'srt_' || lpad((i + 2000)::text, 26, '0'), 'success', 1 from generate_series(1, 2000) i where i % 3 <> 0;
-- The counters of this transaction say what was read.
create function pg_temp.scans() returns bigint language sql as $$
    select coalesce(sum(seq_scan), 0)::bigint from pg_stat_xact_user_tables
     where schemaname in ('fleet_state', 'fleet_log', 'fleet_live') and relname in ('sorties', 'sortie_dependencies', 'missions', 'events', 'reservations', 'pilots', 'bodies')
$$;
create function pg_temp.rows_read() returns bigint language sql as $$
    select coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::bigint from pg_stat_xact_user_tables where schemaname = 'fleet_state' and relname = 'sorties'
$$;
create temp table before as select 0::bigint as scans, 0::bigint as rows;
create function pg_temp.mark() returns void language sql as $$ update before set scans = pg_temp.scans(), rows = pg_temp.rows_read() $$;
create function pg_temp.claim(who text, args jsonb default '{}') returns jsonb language sql as $$ select ask('claim_sortie', args, jsonb_build_object('actor', who)) $$;

-- Plans are made before anything is counted.
select does(pg_temp.claim('viper-1'));
create temp table had as select (answer(1)).result as item;
select does(ask(op, jsonb_build_object('sortie_id', item ->> 'sortie_id') || args, jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', item ->> 'sortie_id', 'token', item -> 'token'))))
  from had, (values ('start_sortie', '{}'::jsonb), ('progress', '{"percent": 10, "files_touched": ["a"]}'), ('complete_sortie', '{"summary": "x", "result": {"a": 1}}')) o(op, args);

select pg_temp.mark();
select is(run(pg_temp.claim('viper-1')), 'ok', 'a claim among 2,000 pending sorties');
select is(pg_temp.scans() - scans, 0::bigint, 'reads no table through') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 12::bigint, 'and a few rows') from before;
truncate had;
insert into had select (answer(1)).result;
select is(item ->> 'priority', 'critical', 'the first in line') from had;
select pg_temp.mark();
select is((select string_agg(run(ask(op, jsonb_build_object('sortie_id', item ->> 'sortie_id') || args, jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', item ->> 'sortie_id', 'token', item -> 'token')))), ',')
  from had, (values ('start_sortie', '{}'::jsonb), ('progress', '{"percent": 10, "files_touched": ["a"]}'), ('block', '{"reason": "r"}'), ('unblock', '{"resolution": "r"}'), ('complete_sortie', '{"summary": "y", "result": {"a": 1}}')) o(op, args)),
  'ok,ok,ok,ok,ok', 'start, progress, block, unblock, complete');
select is(pg_temp.scans() - scans, 0::bigint, 'read no table through') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 60::bigint, 'and a few rows each') from before;
select pg_temp.mark();
select is(run(make('new', jsonb_build_object('mission_id', 'msn_01m7y4xbh5t2qgekpjg6t2qge1', 'depends_on', '[{"id": "srt_00000000000000000000000007"}]'::jsonb))), 'ok', 'making one');
select is(run(ask('cancel_sortie', jsonb_build_object('sortie_id', (answer(1)).result ->> 'sortie_id'))), 'ok', 'cancelling it');
select is(pg_temp.scans() - scans, 0::bigint, 'read no table through') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 60::bigint, 'and a few rows') from before;
select pg_temp.mark();
select is((select count(*) from fleet.list_ready('{"project": "demo", "limit": 5}')), 5::bigint, 'the list of what is ready');
select is((select count(*) from fleet.show_sortie('{"project": "demo", "sortie_id": "srt_00000000000000000000000007"}')), 1::bigint, 'showing one');
select is(pg_temp.scans() - scans, 0::bigint, 'read no table through') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 2500::bigint, 'and what is pending') from before;

-- The same as plans, now that statistics exist.
analyze fleet_state.sorties, fleet_state.sortie_dependencies;
create function pg_temp.indexes(query text) returns text[] language plpgsql as $$
declare plan json;
begin
    execute 'explain (format json) ' || query into plan;
    return (select array_agg(distinct n #>> '{}') from jsonb_path_query(plan::jsonb, '$.**."Index Name"') n);
end $$;
create function pg_temp.nodes(query text) returns text[] language plpgsql as $$
declare plan json;
begin
    execute 'explain (format json) ' || query into plan;
    return (select array_agg(distinct n #>> '{}' order by n #>> '{}') from jsonb_path_query(plan::jsonb, '$.**."Node Type"') n);
end $$;
select is(pg_temp.nodes($$select * from fleet_state.sorties s where s.project = 'demo' and s.ready and coalesce(s.role, '') = 'tester' and s.capabilities <@ '{}' order by s.rank, s.created_seq limit 1$$),
          '{"Index Scan",Limit}', 'the claim order is the index: nothing is sorted');
select is(pg_temp.indexes($$select * from fleet_state.sorties s where s.project = 'demo' and s.ready and coalesce(s.role, '') = 'tester' order by s.rank, s.created_seq limit 1$$), '{sorties_ready}', 'of what is ready');
select is(pg_temp.indexes($$select * from fleet_state.sorties s where s.mission_id = 'msn_x' and s.state in ('pending', 'assigned', 'in_progress', 'blocked', 'review')$$), '{sorties_mission}', 'whether a mission has open ones is asked by its index');
select is(pg_temp.indexes($$select * from fleet_state.sorties s where s.project = 'demo' and s.state = 'pending' order by s.rank, s.created_seq limit 1000$$), '{sorties_pending}', 'what is pending, too');
select is(pg_temp.indexes($$select * from fleet_state.sortie_dependencies d where d.needs = any('{srt_x}')$$), '{sortie_dependencies_needs}', 'and who waits for whom');
-- A few letters of an id.
select pg_temp.mark();
select is(array[fleet_log.sortie_id_of('demo', '000777'), fleet_log.sortie_id_of('demo', 'srt_0000000000000000000002000')],
    array['srt_00000000000000000000000777', 'srt_00000000000000000000020000'], 'the end of an id, and a start');
select cmp_ok(pg_temp.rows_read() - rows, '<=', 20::bigint, 'are looked up, not looked for') from before;
select * from finish();
rollback;
