-- Roles belong to the cluster. `fleet db migrate` makes the same ones where it may; here a superuser makes them
-- before the first daemon connects, so that a login without that right can be given them.
do $$
declare
    name text;
begin
    foreach name in array array['fleet_owner', 'fleet_daemon', 'fleet_operator', 'fleet_reader'] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
    end loop;
    -- The bus view looks at other sessions, and the leader ends those of a frozen host.
    grant pg_monitor, pg_signal_backend to fleet_owner;
    execute format('grant create, temporary on database %I to fleet_owner', current_database());
end $$;
