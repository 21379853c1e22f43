-- Who may do what: nobody writes raw, only a daemon says who is asking, readers read.
begin;
set search_path = tap, public;
select plan(22);
select scene();

select throws_ok('update fleet_log.events set actor = ''x''', 'FL403', null, 'the log takes no update, not even from the owner');
select throws_ok('delete from fleet_log.events', 'FL403', null, 'no delete');
select throws_ok('truncate fleet_log.events', 'FL403', null, 'no truncate');
set local session_replication_role = replica;
select throws_ok('delete from fleet_log.events', 'FL403', null, 'no delete behind the triggers'' back');
set local session_replication_role = origin;

create role sql_case_operator;
create role sql_case_reader;
create role sql_case_daemon;
grant fleet_operator to sql_case_operator;
grant fleet_reader to sql_case_reader;
grant fleet_daemon to sql_case_daemon;

set session authorization sql_case_operator;
create temp table got as select * from fleet.act(jsonb_build_array(
    '{"op": "append", "project": "demo", "actor": "viper-1", "caller": "uid:0", "args": {"events": [{"type": "x.a"}]}}'::jsonb,
    '{"op": "archive_project", "args": {"key": "demo"}}'::jsonb));
create temp table said as select * from fleet.append('demo', 'x.b', '{"n": 1}', null, 'viper-1');
create temp table refused as
select c.oid, (select string_agg(privilege, ',')
                 from unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'SELECT']) privilege
                where has_table_privilege(c.oid, privilege)) as may
  from pg_class c
 where c.relnamespace::regnamespace::text in ('fleet_log', 'fleet_state', 'fleet_live') and c.relkind in ('r', 'v');
create temp table callable as
select p.oid, p.provolatile from pg_proc p
 where p.pronamespace::regnamespace::text in ('fleet_log', 'fleet_state', 'fleet_live') and has_function_privilege(p.oid, 'execute');
grant all on got, said, refused, callable to public;
reset session authorization;
select is((select array_agg(ok order by ord) from got), array[true, true], 'an operator at psql acts, with the operator''s role');
select is((select array_agg(distinct actor) from fleet.events where seq > 3), array['sql_case_operator'],
          'as who he is, whatever the request says');
select is((select code from said), 'transition_refused', 'a wrapper gives the refusal as a row');
select is((select count(*) from refused where may is not null), 0::bigint, 'he reads and writes no table directly');
select is((select count(*) from callable where provolatile = 'v'), 0::bigint, 'and calls nothing but the public face that acts');

set session authorization sql_case_reader;
create temp table read as select count(*) as n from (select e::text from fleet.events e) x;
do $$
declare
    item record;
    n bigint;
begin
    for item in select c.relname from pg_class c where c.relnamespace = 'fleet'::regnamespace and c.relkind = 'v' loop
        execute format('select count(v::text) from fleet.%I v', item.relname) into n;
    end loop;
end $$;
create temp table may as select p.proname, p.provolatile from pg_proc p
 where p.pronamespace = 'fleet'::regnamespace and has_function_privilege(p.oid, 'execute');
grant all on read, may to public;
reset session authorization;
select is((select n > 3 from read), true, 'a reader reads');
select is((select count(*) from may where provolatile = 'v'), 0::bigint, 'and may call nothing that changes anything');
select ok((select count(*) from may) > 5, 'but what only looks');

set session authorization sql_case_daemon;
create temp table did as select * from fleet.act(jsonb_build_array(
    '{"op": "register_project", "actor": "falcon-1", "args": {"key": "demo"}}'::jsonb,
    '{"op": "append", "project": "demo", "actor": "viper-1", "caller": "uid:0", "args": {"events": [{"type": "x.a"}]}}'::jsonb,
    '{"op": "archive_project", "args": {"key": "demo"}}'::jsonb));
create temp table versions as select version from fleet_log.schema_versions;
grant all on did, versions to public;
reset session authorization;
select is((select array_agg(coalesce(code, 'ok') order by ord) from did), array['ok', 'ok', 'forbidden'],
          'a daemon acts for its callers, with the roles it says they have');
select is((select actor from fleet.events order by seq desc limit 1), 'viper-1', 'and in their name');
select ok((select count(*) from versions) > 0, 'a daemon reads the schema''s version');
select is((select count(*) from pg_roles where rolname = 'fleet_owner' and rolcanlogin), 0::bigint, 'nobody logs in as the owner');
select is((select array_agg(p.proname) from pg_proc p where p.pronamespace::regnamespace::text in ('fleet', 'fleet_live')
              and not coalesce('search_path=pg_catalog, fleet_state, pg_temp' = any(p.proconfig), false)), null,
          'every function of the public face pins its search_path');
select is((select array_agg(distinct p.proname) from pg_proc p where p.pronamespace::regnamespace::text in ('fleet_log', 'fleet_state')
              and not coalesce('search_path=pg_catalog, fleet_state, pg_temp' = any(p.proconfig), false)
              and (p.prosecdef or (p.provolatile = 'v' and has_function_privilege('fleet_operator', p.oid, 'execute')))), null,
          'what does not (sql/unpinned.sql) has its caller''s rights, and only act calls what of it writes');
select is((select array_agg(p.proname) from pg_proc p where p.pronamespace = 'fleet'::regnamespace and not p.prosecdef
              and p.provolatile <> 'i' and p.proname not in ('refuse', 'new_id')), null,
          'the public face runs as the owner');
select is((select count(*) from pg_class c where c.relnamespace::regnamespace::text like 'fleet%'
              and c.relowner <> 'fleet_owner'::regrole), 0::bigint, 'the owner owns all tables and views');
select is((select count(*) from pg_proc p where p.pronamespace::regnamespace::text like 'fleet%'
              and p.proowner <> 'fleet_owner'::regrole), 0::bigint, 'and all functions');
select ok((select 'lock_timeout=2s' = any(p.proconfig) from pg_proc p where p.oid = 'fleet.act'::regproc),
          'who acts waits two seconds for a lock at most, whoever it is');
select * from finish();
rollback;
