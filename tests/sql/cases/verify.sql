-- verify_projections names every altered column of every projection, missing rows and extra ones, and leaves nothing behind.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(
    '{"op": "host_join", "args": {"host_id": "host_01m7y4xbh5t2qgekpjg6t2qgek", "hostname": "a", "version": "1", "pid": 1, "lease_seconds": 30}}'::jsonb,
    ask('change_capabilities', '{"added": ["sql"]}'), ask('set_pilot_status', '{"to": "idle"}'),
    ask('register_pilot', '{"callsign": "lynx-1", "program": "p", "model": "m"}'), ask('deregister_pilot', '{"callsign": "lynx-1"}'),
    ask('reserve', '{"patterns": ["src/**"]}'),
    ask('send_message', '{"to": ["raven-1"], "subject": "Hi", "body": "text", "ack_required": true, "attachments": [{"name": "a", "uri": "b"}]}'),
    ask('reserve', '{"patterns": ["src/a.c"], "wait_seconds": 60}', '{"actor": "raven-1"}'),
    ask('set_notification_rule', '{"name": "built", "on": {"types": ["x.built"], "contains": {"ok": false}}, "to": ["operator"]}', '{"roles": ["operator"]}'),
    ask('create_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "title": "Speed up"}'),
    ask('create_sortie', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "title": "One", "name": "one"}'),
    ask('create_sortie', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "title": "Two", "depends_on": [{"id": "one"}]}'),
    ask('enqueue', '{"work_order_id": "wo_01m7y4xbh5t2qgekpjg6t2qgek", "kind": "build"}'),
    ask('enqueue', '{"kind": "test", "depends_on": ["wo_01m7y4xbh5t2qgekpjg6t2qgek"]}'),
    ask('create_checkpoint', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "name": "n", "summary": "s"}'),
    ask('record_ruling', '{"text": "never"}', '{"roles": ["operator"]}'),
    ask('set_price', '{"model": "own", "input_micros": 1000000, "output_micros": 2000000}', '{"roles": ["operator"]}'),
    ask('set_budget', '{"scope_kind": "pilot", "scope_id": "viper-1", "period": "day", "limit_tokens": 1000}', '{"roles": ["operator"]}'),
    ask('record_usage', '{"model": "own", "input_tokens": 10, "output_tokens": 5, "call_id": "c"}'),
    ask('halt', '{"scope_kind": "pilot", "scope_id": "lynx-1", "reason": "it loops"}', '{"roles": ["operator"]}')));
select is((select count(*) from answers where not ok), 0::bigint, 'a scene with every kind of row');
do $$
declare
    item record;
    n bigint;
begin
    for item in select c.relname from pg_class c where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r' loop
        execute format('select count(*) from fleet_state.%I', item.relname) into n;
        if n = 0 then
            raise exception 'the scene makes no row of fleet_state.%: add a command that does', item.relname;
        end if;
    end loop;
end $$;
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'nothing differs at first');

-- Every column in turn is altered inside a savepoint. What verify_projections does in one call (rebuild, compare table by
-- table) is done in its two steps here, so that one rebuilding serves all columns; the first column of each table asks it whole.
select fleet_log.clone_state('rebuilt');
select fleet_log.fold_range('rebuilt', 1, (select max(seq) from fleet_log.events));
create function pg_temp.try(t text, c text, type regtype, whole boolean) returns text language plpgsql as $$
declare
    named text;
begin
    begin
        execute format('alter table fleet_state.%I drop constraint if exists %I', t, t || '_' || c || '_check');
        execute format('update fleet_state.%I set %I = %s', t, c, case
            when type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then format('coalesce(%I, 0) + 1', c)
            when type = 'bool'::regtype then format('not %I', c)
            when type = 'date'::regtype then format('coalesce(%I, current_date) + 1', c)
            when type = 'jsonb'::regtype then format('coalesce(%I, ''{}'') || ''{"zz": 1}''', c)
            when type = 'text[]'::regtype then format('coalesce(%I, ''{}'') || ''zz''::text', c)
            when type = 'timestamptz'::regtype then format('coalesce(%I, ''2026-01-01Z'') + interval ''1 ms''', c)
            else format('coalesce(%I, '''') || ''z''', c) end);
        if whole then
            named := (select string_agg(distinct v.column_name, ',' order by v.column_name)
                        from fleet.verify_projections() v where v.table_name = t);
        else
            named := (select string_agg(distinct v.column_name, ',' order by v.column_name)
                        from fleet_log.compare_table(t, 'rebuilt') v);
        end if;
        raise exception 'back' using errcode = 'ZZ001';
    exception when sqlstate 'ZZ001' then
        return named;
    end;
end $$;
select is(pg_temp.try(c.relname, a.attname, a.atttypid::regtype, a.attnum = 1),
          case when exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey))
               then '(row)' else a.attname::text end,
          format('an altered %s.%s is named', c.relname, a.attname))
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r'
 order by c.relname, a.attnum;
savepoint extra;
insert into fleet_state.projects (project, project_id, name, state, registered_at, version, last_seq)
values ('forged', 'prj_x', 'x', 'active', now(), 1, 1);
select is((select string_agg(v.table_name || ' ' || v.key || ' ' || v.expected || ' ' || v.found, ',') from fleet.verify_projections() v),
          'projects forged absent present', 'a row no event made is named');
rollback to extra;
savepoint gone;
delete from fleet_state.pilots where callsign = 'raven-1';
select is((select string_agg(v.key || ' ' || v.expected || ' ' || v.found, ',') from fleet.verify_projections() v where v.table_name = 'pilots'),
          'demo raven-1 present absent', 'a missing row is named');
rollback to gone;
select is((select count(*) from pg_namespace where nspname like 'fleet\_verify%'), 0::bigint, 'nothing is left behind');
select * from finish();
rollback;
