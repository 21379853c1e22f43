-- When a host is lost, and what follows, all in one transaction.

create function fleet_log.let_go(w fleet_log.work, project text, callsigns text[], cause text, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    found jsonb := '{}';
begin
    -- Work goes back before files are free: whoever gets the files next finds the sortie waiting for somebody.
    w := fleet_log.return_sorties(w, let_go.project, callsigns, 'pilot_lost', let_go.causation_id);
    found := found || jsonb_build_object('returned_sorties', coalesce(w.result, '[]'));
    w := fleet_log.return_orders(w, let_go.project, callsigns, 'pilot_lost', let_go.causation_id);
    found := found || jsonb_build_object('returned_orders', coalesce(w.result, '[]'));
    w := fleet_log.free_files(w, let_go.project, callsigns, cause, let_go.causation_id);
    found := found || jsonb_build_object('freed', coalesce(w.result, '[]'));
    w := fleet_log.bounce_mail(w, let_go.project, callsigns, case cause when 'deregistered' then cause else 'stale' end,
                               let_go.causation_id);
    w.result := found || jsonb_build_object('bounced', coalesce(w.result, '[]'));
    return w;
end $$;
comment on function fleet_log.let_go is
    'Everything that pilots who have gone held: sorties and orders go back, files are free, mail bounces or stays. Example, in a command: w := fleet_log.let_go(w, w.project, array[name], ''deregistered'', w.event_id)';

create function fleet_log.drop_pilots(w fleet_log.work, lost jsonb, cause text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    why text := w.event_id;
    before bigint := w.head;
    drafts fleet_log.draft[];
    total jsonb := '{"returned_sorties": [], "returned_orders": [], "freed": [], "bounced": []}';
    group_of record;
begin
    -- lost: [{project, callsign, pilot_id, seen_at, lease_seconds}], sorted here so that all take one order.
    select array_agg((l ->> 'project', 'pilot_stale', 'pilot', l ->> 'pilot_id', jsonb_build_object(
                          'last_seen_at', l ->> 'seen_at', 'lease_seconds', l -> 'lease_seconds'),
                      why, 'system')::fleet_log.draft order by l ->> 'project', l ->> 'callsign')
      into drafts from jsonb_array_elements(lost) l;
    if drafts is not null then
        w := fleet_log.put_all(w, drafts);
    end if;
    -- Before anything goes back: one checkpoint a mission remembers what all of them had.
    for group_of in
        select l ->> 'project' as project, array_agg(l ->> 'callsign' order by l ->> 'callsign') as callsigns
          from jsonb_array_elements(lost) l group by 1 order by 1
    loop
        w := fleet_log.checkpoint_lost(w, group_of.project, group_of.callsigns, coalesce(why, w.event_id));
    end loop;
    -- A lost host is one cause for all its pilots; who fell silent by itself is the cause of what follows for it.
    for group_of in
        select e.project, coalesce(why, e.event_id) as cause_id, array_agg(p.callsign order by p.callsign) as callsigns
          from fleet_log.events e
          join fleet_state.pilots p on p.pilot_id = e.stream_id
         where drafts is not null and e.seq between before + 1 and before + cardinality(drafts)
         group by 1, 2 order by 1, min(e.seq)
    loop
        w := fleet_log.let_go(w, group_of.project, group_of.callsigns, cause, group_of.cause_id);
        total := (select jsonb_object_agg(t.key, t.value || (w.result -> t.key)) from jsonb_each(total) t);
    end loop;
    w.result := total || jsonb_build_object('pilots', (
        select coalesce(jsonb_agg(jsonb_build_object('project', l -> 'project', 'callsign', l -> 'callsign')
                                  order by l ->> 'project', l ->> 'callsign'), '[]')
          from jsonb_array_elements(lost) l));
    return w;
end $$;
comment on function fleet_log.drop_pilots is
    'Turns pilots stale and takes back what they had. Example, in a command: w := fleet_log.drop_pilots(w, lost, ''holder_lost'')';

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
            -- A superuser's session. Its commands are refused all the same, by their epoch; the daemon that declared
            -- the host lost ends it with the rights of its own DSN.
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
begin
    -- Whoever leads says so; whoever does not may declare the leader itself lost, by the same rules.
    if w.args ? 'duty_epoch' then
        w := fleet_log.check_duty(w, 'sweep', (w.args ->> 'duty_epoch')::bigint);
        if w.code is not null then
            return w;
        end if;
    end if;
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
    -- Its beacon may be free while other sessions of it are still there: none of them may go on as if it were a member.
    w.result := w.result || jsonb_build_object('lost', true, 'epoch', (
        select h.epoch from fleet_live.hosts h where h.host_id = id)) || fleet_log.end_backends(id, live.number);
    return w;
end $$;
comment on function fleet_log.do_declare_host_lost is
    'Command declare_host_lost: 10 s past the deadline with a free beacon, or 30 s past it. Example: select * from fleet.act(''[{"op":"declare_host_lost","args":{"host_id":"host_01…"}}]'')';
