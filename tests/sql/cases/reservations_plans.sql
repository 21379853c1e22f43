-- With 10,000 files held: how they are found, not only what is found.
begin;
set search_path = tap, public;
select plan(15);
select scene();
insert into fleet_state.reservations (reservation_id, project, holder, patterns, mode, purpose, ttl_seconds, state, token, reserved_at, extended_at, expires_at, version, last_seq)
select 'rsv_' || lpad(i::text, 26, '0'), 'demo', 'h' || i % 100, array[x.pattern], 'exclusive', 'edit', 3600, 'active', i, now(), now(), now() + interval '1 hour', 1, i
  from generate_series(1, 10000) i
 cross join lateral (select case when i % 10 = 0 then 'src/mod' || i || '/gen/**' when i % 10 = 1 then 'src/*/m' || i || '/*.ts'
                                 else 'src/mod' || i % 97 || '/lib/file' || i || '.ts' end as pattern) x;
insert into fleet_state.reservation_patterns
select r.reservation_id, 1, r.project, r.holder, p, fleet_log.pattern_kind(p), fleet_log.pattern_prefix(p), fleet_log.pattern_tail(p),
       fleet_log.pattern_likeness(p), true, false, r.token
  from fleet_state.reservations r cross join unnest(r.patterns) p;
-- No ANALYZE: the planner knows nothing yet, as after a busy minute. The counters of this transaction say what was read.
create function pg_temp.scans() returns bigint language sql as $$
    select coalesce(sum(seq_scan), 0)::bigint from pg_stat_xact_user_tables
     where schemaname in ('fleet_state', 'fleet_log', 'fleet_live') and relname in ('reservations', 'reservation_patterns', 'reservation_requests', 'events', 'waiters')
$$;
create function pg_temp.rows_read() returns bigint language sql as $$
    select coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::bigint from pg_stat_xact_user_tables where schemaname = 'fleet_state' and relname = 'reservation_patterns'
$$;
create temp table before as select 0::bigint as scans, 0::bigint as rows;
create function pg_temp.mark() returns void language sql as $$ update before set scans = pg_temp.scans(), rows = pg_temp.rows_read() $$;

-- Plans are made before anything is counted: the planner may look at the ends of an index, which is not the search.
select act(jsonb_build_array(want('first', '{first/of/all.ts}', '{"dry_run": true}')));
select pg_temp.mark();
select act(jsonb_build_array(want('me', '{lib/new.ts}')));
select is(pg_temp.scans() - scans, 0::bigint, 'a free file: no table is read through') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 0::bigint, 'and no row is looked at') from before;
select pg_temp.mark();
select act(jsonb_build_array(want('me', '{src/mod3/lib/new.ts}')));
select is((answer(1)).code, null, 'a free file among a thousand broad globs');
select is(pg_temp.scans() - scans, 0::bigint, 'is found free by the index') from before;
select cmp_ok(pg_temp.rows_read() - rows, '<=', 1001::bigint, 'looking only at what may cover it') from before;
select pg_temp.mark();
select act(jsonb_build_array(want('me', '{docs/}'), want('me', '{src/mod5/lib/}'), want('me', '{**/*.ts}'), want('me', '{src/*/x?.zig}'), want('me', '{src/mod7/lib/file2.ts}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{ok,reservation_held,reservation_held,ok,ok}', 'directories, repository-wide globs, files');
select is(pg_temp.scans() - scans, 0::bigint, 'all by the index') from before;
create temp table asked as select give_back(r.reservation_id) as release from fleet_state.reservations r where r.holder = 'me' and r.patterns = '{lib/new.ts}';
select pg_temp.mark();
select act(jsonb_build_array((select release from asked),
    want('me', '{docs/**}'), want('you', '{docs/x}', '{"wait_seconds": 5}'), ask('release_all', '{}', '{"actor": "me"}'), ask('release_all', '{}', '{"actor": "you"}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{ok,ok,ok,ok,ok}', 'release, extend, wait, release all');
select is(pg_temp.scans() - scans, 0::bigint, 'none reads a table through') from before;
select pg_temp.mark();
select count(*) from fleet.who_has('demo', 'src/mod3/lib/file3.ts');
select valid from fleet.check_fence('demo', 'src/mod3/lib/file3.ts', 3);
select is(pg_temp.scans() - scans, 0::bigint, 'nor does asking who has a file, or whether a token is good') from before;

-- The same as plans, now that statistics exist.
analyze fleet_state.reservations, fleet_state.reservation_patterns;
create function pg_temp.nodes(query text) returns text[] language plpgsql as $$
declare plan json;
begin
    execute 'explain (format json) ' || query into plan;
    return (select array_agg(distinct n #>> '{}') from jsonb_path_query(plan::jsonb, '$.**."Node Type"') n);
end $$;
select ok(not 'Seq Scan' = any(pg_temp.nodes($$select * from fleet_state.reservation_patterns x where x.project = 'demo' and x.prefix = any('{"",src,src/,src/mod3,src/mod3/}')$$)), 'probes use the index');
select ok(not 'Seq Scan' = any(pg_temp.nodes($$select * from fleet_state.reservation_patterns x where x.project = 'demo' and x.prefix > 'src/mod3/' and x.prefix < 'src/mod3/' || chr(1114111)$$)), 'so does the range below');
select ok(not 'Seq Scan' = any(pg_temp.nodes($$select * from fleet_state.reservations r where r.project = 'demo' and r.holder = any('{h1,h2}') and r.state = 'active'$$)), 'so does what a pilot holds');
select is((select array_agg(distinct a.attname) from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)
            where i.indrelid = 'fleet_state.reservations'::regclass and a.attname in ('expires_at', 'extended_at', 'version', 'last_seq')), null,
          'no index holds what an extension changes');
select ok((select pg_get_expr(i.indpred, i.indrelid) !~ 'expires' from pg_index i where i.indexrelid = 'fleet_state.reservations_active'::regclass), 'nor does a condition of one');
select * from finish();
rollback;
