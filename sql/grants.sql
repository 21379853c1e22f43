-- Who may do what. Everything belongs to fleet_owner; the public face is schema fleet, the rest is for the owner only.

do $$
declare
    name text;
    item record;
begin
    foreach name in array array['fleet_owner', 'fleet_daemon', 'fleet_operator', 'fleet_reader'] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
    end loop;
    -- A role may only be set by its members; the daemon connects as the DSN's user and sets fleet_daemon.
    if not pg_has_role(session_user, 'fleet_daemon', 'usage') then
        execute format('grant fleet_daemon, fleet_operator, fleet_reader to %I', session_user);
    end if;

    for item in
        select format('alter schema %I owner to fleet_owner', n.nspname) as todo
          from pg_namespace n
         where n.nspname in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live')
           and n.nspowner <> 'fleet_owner'::regrole
        union all
        select format('alter %s %s owner to fleet_owner',
                      case c.relkind when 'v' then 'view' when 'c' then 'type' when 'S' then 'sequence' else 'table' end,
                      c.oid::regclass)
          from pg_class c
         where c.relnamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live')
           and c.relowner <> 'fleet_owner'::regrole
           -- The sequence of an identity column goes with its table.
           and (c.relkind in ('r', 'v', 'c') or (c.relkind = 'S' and not exists (
                select from pg_depend d where d.objid = c.oid and d.deptype in ('i', 'a'))))
        union all
        select format('alter routine %s owner to fleet_owner', p.oid::regprocedure)
          from pg_proc p
         where p.pronamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live')
           and p.proowner <> 'fleet_owner'::regrole
    loop
        execute item.todo;
    end loop;
end $$;

-- Replay builds its tables in a schema of its own; verify does so for the time of one call.
do $$
begin
    execute format('grant create, temporary on database %I to fleet_owner', current_database());
exception when insufficient_privilege then
    raise notice 'fleet.replay and fleet.verify_projections need: grant create on database % to fleet_owner', current_database();
end $$;
-- The bus view and the end of a frozen host's backends look at other sessions.
do $$
begin
    grant pg_monitor, pg_signal_backend to fleet_owner;
exception when insufficient_privilege then
    raise notice 'a superuser may: grant pg_monitor, pg_signal_backend to fleet_owner';
end $$;

revoke all on schema fleet, fleet_log, fleet_state, fleet_live from public;
revoke all on all tables in schema fleet, fleet_log, fleet_state, fleet_live from public;
revoke all on all functions in schema fleet, fleet_log, fleet_state, fleet_live from public;
grant usage on schema fleet to fleet_daemon, fleet_operator, fleet_reader;
grant select on all tables in schema fleet to fleet_daemon, fleet_operator, fleet_reader;

do $$
declare
    item record;
begin
    for item in
        select format('grant execute on routine %s to fleet_daemon, fleet_operator%s', p.oid::regprocedure,
                      -- Volatile functions act or lock; the others only look.
                      case when p.provolatile = 'v' then '' else ', fleet_reader' end) as todo
          from pg_proc p
         where p.pronamespace = 'fleet'::regnamespace
    loop
        execute item.todo;
    end loop;
end $$;

-- A view reads tables as its owner, but calls functions as who asks: what views call, their readers must be able to.
do $$
declare
    item record;
begin
    for item in
        select distinct p.oid::regprocedure as name
          from pg_class v
          join pg_rewrite r on r.ev_class = v.oid
          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_proc'::regclass
          join pg_proc p on p.oid = d.refobjid
         where v.relkind = 'v' and v.relnamespace::regnamespace::text in ('fleet', 'fleet_log')
           and p.pronamespace::regnamespace::text in ('fleet', 'fleet_log')
    loop
        execute format('grant execute on function %s to fleet_daemon, fleet_operator, fleet_reader', item.name);
    end loop;
    -- What such a function reads in its turn it reads as its owner; one that is immutable reads nothing.
    for item in
        select distinct p.oid::regprocedure as name
          from pg_class v
          join pg_rewrite r on r.ev_class = v.oid
          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_proc'::regclass
          join pg_proc p on p.oid = d.refobjid
         where v.relkind = 'v' and v.relnamespace = 'fleet'::regnamespace
           and p.pronamespace = 'fleet_log'::regnamespace and p.provolatile <> 'i' and not p.prosecdef
    loop
        execute format('alter function %s security definer', item.name);
    end loop;
end $$;

-- The daemon reads the log and the schema's version with statements of its own (sql/statements).
grant usage on schema fleet_log to fleet_daemon;
grant select on fleet_log.schema_versions, fleet_log.schema_repeatable, fleet_log.envelopes to fleet_daemon;
