-- Commands of the family host.

create function fleet_log.host_json(host_id text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select i.item from fleet_log.host_items i where i.host_id = host_json.host_id);
end $$;
comment on function fleet_log.host_json is
    'A host as commands and lists answer it. Example: select fleet_log.host_json(host_id) from fleet.hosts';

create function fleet_log.beacon_is_free(number int)
returns boolean
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Got it: the session that held it is gone. It is given back with this transaction.
    return pg_try_advisory_xact_lock(fleet.lock_class('beacon'), beacon_is_free.number);
end $$;
comment on function fleet_log.beacon_is_free is
    'True if no session holds the beacon. Example: select fleet_log.beacon_is_free(number) from fleet_live.hosts';

create function fleet_log.do_host_join(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id text := w.args ->> 'host_id';
    old fleet_state.hosts;
    live fleet_live.hosts;
begin
    select * into old from fleet_state.hosts h where h.host_id = id;
    select * into live from fleet_live.hosts h where h.host_id = id;
    -- The same process may join again (its database was away); another one only when the first is gone.
    if old.state = 'joined' and live.deadline > w.at
       and (old.hostname, old.pid) is distinct from (w.args ->> 'hostname', (w.args ->> 'pid')::bigint)
       and not fleet_log.beacon_is_free(live.number) then
        return fleet_log.refuse(w, 'already_running_elsewhere', '/args/host_id',
            format('a fleetd of this host runs on %s as process %s', old.hostname, old.pid),
            'stop it, or give this one a state directory of its own',
            jsonb_build_object('hostname', old.hostname, 'pid', old.pid, 'deadline', fleet_log.json_time(live.deadline)));
    end if;
    w := fleet_log.put(w, 'host_joined', 'host', id, jsonb_build_object(
        'hostname', w.args ->> 'hostname', 'version', w.args ->> 'version', 'pid', w.args -> 'pid'));
    insert into fleet_live.hosts as h (host_id, epoch, lease_seconds, deadline, seen_at)
    values (id, w.head, (w.args ->> 'lease_seconds')::int,
            w.at + make_interval(secs => (w.args ->> 'lease_seconds')::int), w.at)
        on conflict on constraint hosts_pkey do update
       set epoch = excluded.epoch, lease_seconds = excluded.lease_seconds, deadline = excluded.deadline,
           seen_at = excluded.seen_at;
    w.result := fleet_log.host_json(id);
    return w;
end $$;
comment on function fleet_log.do_host_join is
    'Command host_join; its epoch is the seq of the event. Example: select * from fleet.act(''[{"op":"host_join","args":{"host_id":"host_01…","hostname":"a","version":"0.1","pid":1,"lease_seconds":30}}]'')';

create function fleet_log.do_host_leave(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id text := w.args ->> 'host_id';
    old fleet_state.hosts;
begin
    select * into old from fleet_state.hosts h where h.host_id = id;
    if old.host_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/host_id', 'no host ' || id);
    end if;
    w := fleet_log.check_transition(w, 'host', old.state, 'host_left', 'left');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.checkpoint_host(w, id);
    -- Its pilots are not told to stop: a daemon that comes back within their lease finds their files still held.
    w := fleet_log.put(w, 'host_left', 'host', id, '{"reason": "shutdown"}');
    update fleet_live.hosts h set epoch = w.head, deadline = null, seen_at = w.at where h.host_id = id;
    w.result := fleet_log.host_json(id);
    return w;
end $$;
comment on function fleet_log.do_host_leave is
    'Command host_leave. Example: select * from fleet.act(''[{"op":"host_leave","args":{"host_id":"host_01…"}}]'')';

create function fleet.hold_beacon(host_id text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    class int := fleet.lock_class('beacon');
    number int := (select h.number from fleet_live.hosts h where h.host_id = hold_beacon.host_id);
begin
    if number is null then
        perform fleet.refuse('not_found', 'no host ' || hold_beacon.host_id, '/host_id');
    end if;
    -- Session locks stack: asking again on the same connection must not count twice.
    if exists (select from pg_locks l where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.granted
                 and l.classid::bigint = class and l.objid::bigint = number and l.objsubid = 2) then
        return true;
    end if;
    return pg_try_advisory_lock(class, number);
end $$;
comment on function fleet.hold_beacon is
    'Holds the host''s proof of life on this very connection until it ends. Example: select fleet.hold_beacon(''host_01…'')';

create function fleet.late_hosts(but_not text, all_of_them boolean)
returns table (host_id text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
#variable_conflict use_column
begin
    -- The leader looks after all hosts. Who looks after the leader? Everybody: a leader that is frozen keeps its lock, and
    -- nobody else could lead until it was declared lost.
    return query
    select h.host_id from fleet_live.hosts h
     where h.deadline < clock_timestamp() - interval '10 seconds' and h.host_id <> late_hosts.but_not
       and (late_hosts.all_of_them or exists (select from fleet_live.leaders l where l.holder = h.host_id))
     order by h.host_id;
end $$;
comment on function fleet.late_hosts is
    'Hosts whose deadline passed 10 s ago, but for one: all, or those that lead. Example: select * from fleet.late_hosts(''host_01…'', true)';

create function fleet.schema()
returns table (version int, breaking_since int, build text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Older daemons ask for this while a newer one migrates: it stays in every later version, whatever else changes.
    return query
    select coalesce(max(v.version), 0), coalesce(max(v.version) filter (where v.breaking), 0),
           coalesce((select r.build from fleet_log.schema_repeatable r order by r.applied_at desc limit 1), '')
      from fleet_log.schema_versions v;
end $$;
comment on function fleet.schema is
    'Version of the schema, the last version that older programs cannot use, and the build of the functions. Example: select * from fleet.schema()';
