-- verify_projections names every altered column of every projection, missing rows and extra ones, and leaves nothing behind.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(
    '{"op": "host_join", "args": {"host_id": "host_01m7y4xbh5t2qgekpjg6t2qgek", "hostname": "a", "version": "1", "pid": 1, "lease_seconds": 30}}'::jsonb,
    ask('change_capabilities', '{"added": ["sql"]}'), ask('set_pilot_status', '{"to": "idle"}'),
    ask('deregister_pilot', '{"callsign": "viper-1"}')));
-- Families whose commands are not used above still get a row each: what matters here is that a column is compared.
do $$
declare
    item record;
begin
    for item in
        select c.relname, (select string_agg(format('%L', s.v), ', ') from (
                   select case when a.atttypid in ('int4'::regtype, 'int8'::regtype) then '1' when a.atttypid = 'bool'::regtype then 'true'
                               when a.atttypid = 'text[]'::regtype then '{a}' when a.atttypid = 'timestamptz'::regtype then '2026-01-01Z'
                               else coalesce((select substring(pg_get_constraintdef(k.oid) from '''([^'']*)''::text') from pg_constraint k
                                               where k.conrelid = c.oid and k.contype = 'c' and k.conkey = array[a.attnum]), 'a') end as v
                     from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum) s) as row
          from pg_class c where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r'
    loop
        if not (select x from (select (xpath('/row/n/text()', query_to_xml(format('select count(*) > 0 as n from fleet_state.%I',
                item.relname), false, true, '')))[1]::text::boolean as x) y) then
            execute format('insert into fleet_state.%I values (%s)', item.relname, item.row);
        end if;
    end loop;
end $$;
create temp table base as select * from fleet.verify_projections();
select is((select count(*) from base where column_name <> '(row)'), 0::bigint, 'nothing differs but rows no event made');
select is((select count(*) from base where found = 'present' and expected = 'absent'), (select count(*) from base), 'which are named as extra');

-- Every column in turn is altered in a copy of the tables, inside a savepoint.
create function pg_temp.try(t text, c text, type regtype) returns text language plpgsql as $$
declare
    named text;
begin
    begin
        execute format('alter table fleet_state.%I drop constraint if exists %I', t, t || '_' || c || '_check');
        execute format('update fleet_state.%I set %I = %s', t, c, case
            when type in ('int4'::regtype, 'int8'::regtype) then format('coalesce(%I, 0) + 1', c)
            when type = 'bool'::regtype then format('not %I', c)
            when type = 'text[]'::regtype then format('coalesce(%I, ''{}'') || ''zz''::text', c)
            when type = 'timestamptz'::regtype then format('coalesce(%I, ''2026-01-01Z'') + interval ''1 ms''', c)
            else format('coalesce(%I, '''') || ''z''', c) end);
        named := (select string_agg(distinct v.column_name, ',' order by v.column_name) from fleet.verify_projections() v
                   where v.table_name = t and not exists (select from base b
                          where (b.table_name, b.key, b.column_name) = (v.table_name, v.key, v.column_name)));
        raise exception 'back' using errcode = 'ZZ001';
    exception when sqlstate 'ZZ001' then
        return named;
    end;
end $$;
select is(pg_temp.try(c.relname, a.attname, a.atttypid::regtype),
          case when exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey))
               then '(row)' else a.attname::text end,
          format('an altered %s.%s is named', c.relname, a.attname))
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r'
   -- A row no event made differs as a row, whatever stands in it: its columns need one that an event made.
   and c.relname not in (select b.table_name from base b)
 order by c.relname, a.attnum;
savepoint gone;
delete from fleet_state.pilots where callsign = 'raven-1';
select is((select string_agg(v.key || ' ' || v.expected || ' ' || v.found, ',') from fleet.verify_projections() v where v.table_name = 'pilots'),
          'demo raven-1 present absent', 'a missing row is named');
rollback to gone;
select is((select count(*) from pg_namespace where nspname like 'fleet\_verify%'), 0::bigint, 'nothing is left behind');
select * from finish();
rollback;
