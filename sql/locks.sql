-- Advisory locks, two-int form: the class says what is locked, the number which one. No other code knows the numbers.

create function fleet.lock_class(name text)
returns int
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- 1179403589 is "FLEE" in ASCII; the classes follow it.
    return case name
        when 'order' then 1179403589 when 'duty' then 1179403590 when 'beacon' then 1179403591
        when 'migration' then 1179403592 when 'project' then 1179403593 end;
end $$;
comment on function fleet.lock_class is
    'Class number of an advisory lock by name. Example: select fleet.lock_class(''project'')';

create function fleet.lock_name(classid bigint, objid bigint)
returns text
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- pg_locks shows the numbers as oids: unsigned.
    return case lock_name.classid
        when fleet.lock_class('order') then 'order of the log'
        when fleet.lock_class('duty') then 'duty ' || coalesce(
            (select l.duty from fleet_live.leaders l where l.number = lock_name.objid), '?')
        when fleet.lock_class('beacon') then 'beacon of ' || coalesce(
            (select h.host_id from fleet_live.hosts h where h.number = lock_name.objid), '?')
        when fleet.lock_class('migration') then 'migration'
        when fleet.lock_class('project') then 'project ' || coalesce(
            (select string_agg(p.project, ' or ' order by p.project) from fleet_state.projects p
              where (fleet_log.project_number(p.project)::bigint & 4294967295) = (lock_name.objid & 4294967295)), '?')
        end;
end $$;
comment on function fleet.lock_name is
    'What an advisory lock in pg_locks is. Example: select pid, fleet.lock_name(classid::bigint, objid::bigint) from pg_locks where locktype = ''advisory''';

create function fleet_log.project_number(project text)
returns int
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Two keys with one number only share a lock.
    return hashtext(project);
end $$;
comment on function fleet_log.project_number is
    'Number of a project''s lock. Example: select fleet_log.project_number(''demo'')';

create function fleet_log.lock_projects(commands jsonb)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Sorted, so that two calls never wait for each other in a circle; the order lock comes after, always last.
    perform pg_advisory_xact_lock(1179403593, p.number)
       from (select distinct hashtext(v ->> 'project') as number from jsonb_array_elements(commands) v
              where jsonb_typeof(v) = 'object' and jsonb_typeof(v -> 'project') = 'string' order by 1) p;
end $$;
comment on function fleet_log.lock_projects is
    'Takes the locks of all projects of a batch. Example: select fleet_log.lock_projects(''[{"project":"demo"}]'')';
