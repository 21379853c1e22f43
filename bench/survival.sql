-- What survival costs: a mission of 100 sorties at work, 200 reservations, 1,000 unread messages. A database with the schema; see survival.py.
\set QUIET on
\pset format unaligned
\pset tuples_only on
create schema bench;
create function bench.must(op text, actor text, args jsonb default '{}', fence jsonb default null) returns jsonb language plpgsql as $$
declare a record;
begin
    select * into a from fleet.act(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('op', op, 'project', 'bench', 'actor', actor,
        'args', args, 'fence', fence, 'roles', '["operator"]'::jsonb))));
    if a.code is not null then
        raise exception '% of %: % %', op, actor, a.code, a.message;
    end if;
    return a.result;
end $$;
create table bench.taken (what text, ms numeric, cpu_ms numeric);
-- Time of the processor that this very backend has had, in ms: what is left of a figure on a busy machine. Ticks of 10 ms.
create function bench.cpu() returns numeric language sql volatile as $$
    select (f[12]::numeric + f[13]::numeric) * 10 from string_to_array(substr(pg_read_file('/proc/self/stat'), strpos(pg_read_file('/proc/self/stat'), ') ') + 2), ' ') f $$;
create procedure bench.scene() language plpgsql as $$
declare
    mission text;
    sortie jsonb;
    pilot text;
begin
    perform bench.must('register_project', 'op', '{"key": "bench"}');
    mission := bench.must('create_mission', 'op', '{"title": "A large mission", "on_failure": "continue"}') ->> 'mission_id';
    for n in 1 .. 100 loop
        perform bench.must('register_pilot', 'pilot-' || n, jsonb_build_object('callsign', 'pilot-' || n, 'program', 'bench', 'model', 'm'));
        perform bench.must('create_sortie', 'op', jsonb_build_object('mission_id', mission, 'title', 'Piece number ' || n || ' of the large mission',
            'description', 'What has to be done in piece ' || n, 'files', jsonb_build_array('src/m' || n || '/**', 'test/m' || n || '/**')));
    end loop;
    perform bench.must('start_mission', 'op', jsonb_build_object('mission_id', mission));
    for n in 1 .. 100 loop
        pilot := 'pilot-' || n;
        sortie := bench.must('claim_sortie', pilot);
        perform bench.must('start_sortie', pilot, jsonb_build_object('sortie_id', sortie -> 'sortie_id'),
            jsonb_build_object('kind', 'sortie', 'id', sortie -> 'sortie_id', 'token', sortie -> 'token'));
        perform bench.must('reserve', pilot, jsonb_build_object('patterns', jsonb_build_array('src/m' || n || '/**'), 'sortie_id', sortie -> 'sortie_id'));
        perform bench.must('reserve', pilot, jsonb_build_object('patterns', jsonb_build_array('test/m' || n || '/**')));
    end loop;
    for n in 1 .. 1000 loop
        perform bench.must('send_message', 'op', jsonb_build_object('to', jsonb_build_array('pilot-' || n % 100 + 1),
            'subject', 'Message ' || n || ' about piece ' || n % 100, 'body', 'text ' || n));
        if n % 100 = 0 then commit; end if;
    end loop;
end $$;
create procedure bench.creating(rounds int) language plpgsql as $$
declare
    began timestamptz;
    used numeric;
    s fleet_state.sorties;
begin
    for n in 1 .. rounds loop
        select * into s from fleet_state.sorties x order by x.sortie_id offset n % 100 limit 1;
        perform bench.must('progress', s.pilot, jsonb_build_object('sortie_id', s.sortie_id, 'percent', least(20, n / 60), 'message', 'step ' || n),
            jsonb_build_object('kind', 'sortie', 'id', s.sortie_id, 'token', s.token));
        commit;
        used := bench.cpu();
        began := clock_timestamp();
        perform bench.must('create_checkpoint', 'op', jsonb_build_object('mission_id', s.mission_id, 'summary', 'number ' || n));
        insert into bench.taken values ('create', extract(epoch from clock_timestamp() - began) * 1000, bench.cpu() - used);
        commit;
    end loop;
end $$;
create procedure bench.recovering(rounds int) language plpgsql as $$
declare
    began timestamptz;
    used numeric;
    done jsonb;
    epoch bigint := fleet.lead('sweep', 'bench');
begin
    update fleet_live.leaders set since = since - interval '1 day';
    for n in 1 .. rounds loop
        update fleet_live.pilots set seen_at = seen_at - interval '1 hour';
        perform bench.must('sweep', 'system', jsonb_build_object('duty_epoch', epoch));
        commit;
        perform bench.must('register_pilot', 'pilot-' || k, jsonb_build_object('callsign', 'pilot-' || k, 'program', 'bench', 'model', 'm', 'resume', true))
           from generate_series(1, 100) k;
        commit;
        used := bench.cpu();
        began := clock_timestamp();
        done := bench.must('recover', 'op');
        insert into bench.taken values ('recover', extract(epoch from clock_timestamp() - began) * 1000, bench.cpu() - used);
        commit;
        if jsonb_array_length(jsonb_path_query_array(done, '$.sorties[*] ? (@.action == "assigned")')) <> 100
           or jsonb_array_length(jsonb_path_query_array(done, '$.reservations[*] ? (@.action == "taken")')) <> 200 then
            raise exception 'not everything came back: %', left(done::text, 2000);
        end if;
    end loop;
end $$;
call bench.scene();
analyze;
create temp table before as select pg_total_relation_size('fleet_log.checkpoint_parts') + pg_total_relation_size('fleet_log.checkpoint_manifests')
    + pg_total_relation_size('fleet_state.checkpoints') as bytes;
call bench.creating(:creates);
create temp table after as select pg_total_relation_size('fleet_log.checkpoint_parts') + pg_total_relation_size('fleet_log.checkpoint_manifests')
    + pg_total_relation_size('fleet_state.checkpoints') as bytes;
call bench.recovering(:recovers);
select jsonb_build_object('checkpoints', :creates, 'checkpoints_bytes', (select a.bytes - b.bytes from after a, before b),
    'create_ms', (select jsonb_build_object('p50', round(percentile_cont(0.5) within group (order by ms)::numeric, 1),
        'p95', round(percentile_cont(0.95) within group (order by ms)::numeric, 1), 'max', round(max(ms), 1), 'cpu', round(avg(cpu_ms), 1)) from bench.taken where what = 'create'),
    'recover_ms', (select jsonb_build_object('p50', round(percentile_cont(0.5) within group (order by ms)::numeric, 1),
        'p95', round(percentile_cont(0.95) within group (order by ms)::numeric, 1), 'max', round(max(ms), 1), 'cpu', round(avg(cpu_ms), 1)) from bench.taken where what = 'recover'));
