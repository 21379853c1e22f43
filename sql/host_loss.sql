-- When a host is lost, and what follows, all in one transaction.

create function fleet_log.drop_pilots(w fleet_log.work, lost jsonb, cause text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    why text := w.event_id;
    drafts fleet_log.draft[];
    freed jsonb := '[]';
    each_project record;
begin
    -- lost: [{project, callsign, pilot_id, seen_at, lease_seconds}], sorted here so that all take one order.
    select array_agg((l ->> 'project', 'pilot_stale', 'pilot', l ->> 'pilot_id', jsonb_build_object(
                          'last_seen_at', l ->> 'seen_at', 'lease_seconds', l -> 'lease_seconds'),
                      why, 'system')::fleet_log.draft order by l ->> 'project', l ->> 'callsign')
      into drafts from jsonb_array_elements(lost) l;
    if drafts is null then
        w.result := jsonb_build_object('pilots', '[]'::jsonb, 'freed', freed);
        return w;
    end if;
    w := fleet_log.put_all(w, drafts);
    for each_project in
        select l ->> 'project' as project, array_agg(l ->> 'callsign' order by l ->> 'callsign') as callsigns
          from jsonb_array_elements(lost) l group by 1 order by 1
    loop
        w := fleet_log.free_files(w, each_project.project, each_project.callsigns, cause, coalesce(why, w.event_id));
        freed := freed || coalesce(w.result, '[]');
    end loop;
    w.result := jsonb_build_object('freed', freed, 'pilots', (
        select jsonb_agg(jsonb_build_object('project', l -> 'project', 'callsign', l -> 'callsign'))
          from jsonb_array_elements(lost) l));
    return w;
end $$;
comment on function fleet_log.drop_pilots is
    'Turns pilots stale and frees their files. Example, in a command: w := fleet_log.drop_pilots(w, lost, ''holder_lost'')';

create function fleet_log.end_backends(host_id text, number int)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    other int;
    ended int := 0;
    spared int[] := '{}';
begin
    for other in
        select a.pid from pg_stat_activity a
         where a.pid <> pg_backend_pid() and a.datname = current_database()
           and (starts_with(a.application_name, 'fleetd/' || end_backends.host_id || '/')
                or a.pid in (select l.pid from pg_locks l where l.locktype = 'advisory' and l.granted and l.objsubid = 2
                                and l.classid::bigint = fleet.lock_class('beacon')
                                and l.objid::bigint = end_backends.number))
    loop
        begin
            ended := ended + pg_terminate_backend(other)::int;
        exception when insufficient_privilege then
            -- A superuser's session. Its commands are refused all the same, by their epoch; who declared the host
            -- lost may be a superuser, too, and end it.
            spared := spared || other;
        end;
    end loop;
    return jsonb_build_object('backends_ended', ended, 'backends_spared', spared);
end $$;
comment on function fleet_log.end_backends is
    'Ends the sessions of a frozen host. Example, in a command: ended := fleet_log.end_backends(id, live.number)';

create function fleet_log.do_declare_host_lost(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id text := w.args ->> 'host_id';
    live fleet_live.hosts;
    state text := (select h.state from fleet_state.hosts h where h.host_id = id);
    late interval;
    is_free boolean;
    lost jsonb;
    ended jsonb := '{"backends_ended": 0, "backends_spared": []}';
begin
    select * into live from fleet_live.hosts h where h.host_id = id;
    if live.host_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/host_id', 'no host ' || id);
    end if;
    late := w.at - live.deadline;
    if state <> 'joined' or late is null or late < interval '10 seconds' then
        w.result := jsonb_build_object('lost', false, 'state', state, 'deadline', fleet_log.json_time(live.deadline));
        return w;
    end if;
    -- A frozen process keeps its lock: 30 s past the deadline the lock says nothing any more.
    is_free := fleet_log.beacon_is_free(live.number);
    if not is_free and late < interval '30 seconds' then
        w.result := jsonb_build_object('lost', false, 'state', state, 'beacon', 'held',
                                       'deadline', fleet_log.json_time(live.deadline));
        return w;
    end if;
    w := fleet_log.put(w, 'host_left', 'host', id, '{"reason": "lost"}');
    update fleet_live.hosts h set epoch = w.head, deadline = null where h.host_id = id;
    select coalesce(jsonb_agg(jsonb_build_object('project', p.project, 'callsign', p.callsign, 'pilot_id', p.pilot_id,
               'seen_at', fleet_log.json_time(l.seen_at), 'lease_seconds', live.lease_seconds)), '[]')
      into lost
      from fleet_state.pilots p
      join fleet_live.pilots l on l.project = p.project and l.callsign = p.callsign
     where p.host = id and p.state in ('active', 'idle');
    w := fleet_log.drop_pilots(w, lost, 'holder_lost');
    if not is_free then
        ended := fleet_log.end_backends(id, live.number);
    end if;
    w.result := w.result || jsonb_build_object('lost', true, 'epoch', (
        select h.epoch from fleet_live.hosts h where h.host_id = id)) || ended;
    return w;
end $$;
comment on function fleet_log.do_declare_host_lost is
    'Command declare_host_lost: 10 s past the deadline with a free beacon, or 30 s past it. Example: select * from fleet.act(''[{"op":"declare_host_lost","args":{"host_id":"host_01…"}}]'')';
