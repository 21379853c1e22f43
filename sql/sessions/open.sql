-- A session of an agent program takes its pilot, or comes back to it.

create view fleet_log.session_items as
select s.client, s.session_id, s.project, s.callsign, s.started_at, s.ended_at, p.pilot_id,
       jsonb_strip_nulls(jsonb_build_object(
           'client', s.client, 'session_id', s.session_id, 'project', s.project, 'callsign', s.callsign,
           'status', case when s.ended_at is not null then 'ended' when p.state in ('active', 'idle') then 'open' else 'silent' end,
           'is_own', s.is_own, 'host', s.host, 'cwd', s.cwd, 'worktree', s.worktree, 'source', s.source,
           'started_at', fleet_log.json_time(s.started_at), 'opened_at', fleet_log.json_time(s.opened_at),
           'seen_at', fleet_log.json_time(l.seen_at), 'ended_at', fleet_log.json_time(s.ended_at), 'end_reason', s.end_reason,
           'edits', s.edits, 'refusals', s.refusals, 'injections', s.injections, 'injected_bytes', s.injected_bytes)) as item
  from fleet_live.agent_sessions s
  left join fleet_state.pilots p on p.project = s.project and p.callsign = s.callsign
  left join fleet_live.pilots l on l.project = s.project and l.callsign = s.callsign;
comment on view fleet_log.session_items is 'Sessions as JSON.';
comment on column fleet_log.session_items.item is 'The JSON object.';

create function fleet_log.session_of(w fleet_log.work)
returns fleet_live.agent_sessions
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_live.agent_sessions;
begin
    select * into s from fleet_live.agent_sessions x
     where x.client = w.args ->> 'client' and x.session_id = w.args ->> 'session_id';
    return s;
end $$;
comment on function fleet_log.session_of is
    'The session that a command names, or nulls. Example, in a command: s := fleet_log.session_of(w)';

create function fleet_log.own_session(w fleet_log.work, project text, callsign text)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The token of a pilot is good for that pilot alone, whichever session it names.
    if starts_with(w.caller, 'pilot:') and w.caller is distinct from 'pilot:' || (
        select p.pilot_id from fleet_state.pilots p
         where p.project = own_session.project and p.callsign = own_session.callsign) then
        return fleet_log.refuse(w, 'forbidden', '/args/session_id', format('this session is %s''s, the token another pilot''s',
            own_session.callsign));
    end if;
    return w;
end $$;
comment on function fleet_log.own_session is
    'Refuses what a pilot''s token asks for another pilot''s session. Example, in a command: w := fleet_log.own_session(w, s.project, s.callsign)';

create function fleet_log.no_session(w fleet_log.work)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return fleet_log.refuse(w, 'not_found', '/args/session_id', format('no session %s of %s is open in %s',
        w.args ->> 'session_id', w.args ->> 'client', w.project), 'fleet sessions open begins it');
end $$;
comment on function fleet_log.no_session is
    'Refuses a command that names a session which is not open. Example, in a command: return fleet_log.no_session(w)';

create function fleet_log.callsign_of_session(w fleet_log.work, old fleet_live.agent_sessions)
returns text
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    name text;
begin
    if w.args ->> 'callsign' is not null then
        return w.args ->> 'callsign';
    elsif old.project = w.project then
        return old.callsign;
    end if;
    -- A cleared session goes on under a new id in the same directory: whoever sits there is the same pilot.
    if w.args ->> 'source' = 'clear' then
        select s.callsign into name from fleet_live.agent_sessions s
         where s.project = w.project and s.client = w.args ->> 'client' and s.cwd = w.args ->> 'cwd'
           and s.host is not distinct from w.host and s.end_reason = 'clear' and s.ended_at > w.at - interval '60 s'
           and not exists (select from fleet_live.agent_sessions o
                            where o.project = s.project and o.callsign = s.callsign and o.ended_at is null)
         order by s.ended_at desc limit 1;
    end if;
    return coalesce(name, fleet_log.free_callsign(w.project));
end $$;
comment on function fleet_log.callsign_of_session is
    'Which pilot a session is: the one that was named, the one it was, the one it goes on as, or a new one. Example, in open_session: name := fleet_log.callsign_of_session(w, old)';

create function fleet_log.pilot_of_session(w fleet_log.work, name text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    asked constant jsonb := w.args;
    pilot constant fleet_state.pilots := fleet_log.find_pilot(w, name);
    program constant text := coalesce(asked ->> 'program', pilot.program, asked ->> 'client');
    model constant text := coalesce(asked ->> 'model', pilot.model, 'unknown');
    role constant text := coalesce(asked ->> 'role', pilot.role);
    task constant text := coalesce(asked ->> 'task_description', pilot.task_description);
begin
    -- Who is at work under this name already, and says nothing new, need not be registered again.
    if pilot.state in ('active', 'idle') and (pilot.program, pilot.model) = (program, model)
       and (pilot.role, pilot.task_description) is not distinct from (role, task) then
        update fleet_live.pilots l set seen_at = greatest(l.seen_at, w.at) where l.project = w.project and l.callsign = name;
        w.result := '{"resumed": true}';
        return w;
    end if;
    w.args := jsonb_build_object('callsign', name, 'program', program, 'model', model, 'role', role,
        'task_description', task, 'capabilities', to_jsonb(coalesce(pilot.capabilities, '{}')), 'resume', true,
        'pilot_id', asked -> 'pilot_id', 'token_hash', case when pilot.pilot_id is null then asked -> 'token_hash' end);
    w := fleet_log.do_register_pilot(w);
    w.args := asked;
    return w;
end $$;
comment on function fleet_log.pilot_of_session is
    'Registers the pilot of a session, or makes it active again; w.result says resumed. Example, in open_session: w := fleet_log.pilot_of_session(w, name)';

create function fleet_log.part_from_pilot(w fleet_log.work, s fleet_live.agent_sessions, name text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    asked constant jsonb := w.args;
    opened constant jsonb := w.result;
    pilot constant fleet_state.pilots := fleet_log.find_pilot(w, s.callsign);
begin
    -- A pilot that was drawn for a session which goes on as another would keep its files from the very same agent.
    if s.client is null or s.ended_at is not null or not s.is_own or s.project <> w.project or s.callsign = name
       or pilot.state is null or pilot.state not in ('active', 'idle')
       or exists (select from fleet_live.agent_sessions o
                   where o.project = s.project and o.callsign = s.callsign and o.ended_at is null
                     and (o.client, o.session_id) <> (s.client, s.session_id)) then
        return w;
    end if;
    w.args := jsonb_build_object('callsign', s.callsign, 'reason', 'completed', 'final_status', 'its session goes on as ' || name);
    w := fleet_log.do_deregister_pilot(w);
    w.args := asked;
    w.result := case when w.code is null then opened else w.result end;
    return w;
end $$;
comment on function fleet_log.part_from_pilot is
    'Lets the pilot go that was drawn for a session which goes on as another. Example, in open_session: w := fleet_log.part_from_pilot(w, old, name)';

create function fleet_log.do_open_session(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    old constant fleet_live.agent_sessions := fleet_log.session_of(w);
    name constant text := fleet_log.callsign_of_session(w, old);
    was_here constant boolean := coalesce(old.callsign = name and old.project = w.project, false);
    is_open constant boolean := was_here and old.ended_at is null;
    was_alive constant boolean := coalesce((fleet_log.find_pilot(w, name)).state in ('active', 'idle'), false);
    is_own boolean;
    is_new boolean;
    before constant bigint := w.head;
begin
    w := fleet_log.own_session(w, w.project, name);
    if w.code is null and old.client is not null and old.ended_at is null then
        w := fleet_log.own_session(w, old.project, old.callsign);
    end if;
    if w.code is not null then
        return w;
    end if;
    w.actor := name;
    w := fleet_log.pilot_of_session(w, name);
    if w.code is null then
        w := fleet_log.part_from_pilot(w, old, name);
    end if;
    if w.code is not null then
        return w;
    end if;
    if not was_alive then
        -- Who was gone worked nowhere: a session that never told its end must not keep what the next one leaves.
        with gone as (
            update fleet_live.agent_sessions o set ended_at = w.at, end_reason = 'silent'
             where o.project = w.project and o.callsign = name and o.ended_at is null
               and (o.client, o.session_id) <> (w.args ->> 'client', w.args ->> 'session_id')
            returning o.client, o.session_id)
        delete from fleet_live.told_mail t using gone g where t.client = g.client and t.session_id = g.session_id;
    end if;
    -- A pilot that a person named stays when the session ends; one that was drawn for it does not.
    is_own := case when w.args ->> 'callsign' is not null then was_here and old.is_own
                   else not exists (select from fleet_live.agent_sessions s
                                     where s.project = w.project and s.callsign = name and not s.is_own) end;
    is_new := not coalesce((w.result ->> 'resumed')::boolean, false);
    insert into fleet_live.agent_sessions as t (client, session_id, project, callsign, is_own, host, cwd, worktree, source,
        started_at, opened_at, edits, refusals, injections, injected_bytes)
    values (w.args ->> 'client', w.args ->> 'session_id', w.project, name, is_own, w.host, w.args ->> 'cwd', w.args ->> 'worktree',
            w.args ->> 'source', w.at, w.at, 0, 0, 0, 0)
        on conflict on constraint agent_sessions_pkey do update
       set project = excluded.project, callsign = excluded.callsign, is_own = excluded.is_own, host = excluded.host,
           cwd = coalesce(excluded.cwd, t.cwd), worktree = coalesce(excluded.worktree, t.worktree),
           source = coalesce(excluded.source, t.source), opened_at = excluded.opened_at, ended_at = null, end_reason = null,
           reminded = null;
    -- What ended a month ago is of no interest, nor what its pilot touched; one that broke off ended with its pilot's last
    -- sign of life. A few at a time, for this is under a lock.
    with gone as (
        delete from fleet_live.agent_sessions s
         where (s.client, s.session_id) in (select x.client, x.session_id from fleet_live.agent_sessions x
                                             where coalesce(x.ended_at, x.opened_at) < w.at - interval '30 days'
                                               and (x.ended_at is not null or not exists (
                                                    select from fleet_live.pilots p where p.project = x.project
                                                       and p.callsign = x.callsign and p.seen_at >= w.at - interval '30 days'))
                                             order by coalesce(x.ended_at, x.opened_at) limit 20)
        returning s.project, s.callsign, s.client, s.session_id)
    delete from fleet_live.touched_files t using gone g
     where t.project = g.project and t.callsign = g.callsign
       and not exists (select from fleet_live.agent_sessions o where o.project = t.project and o.callsign = t.callsign
                          and (o.client, o.session_id) not in (select g.client, g.session_id from gone g));
    w.result := jsonb_strip_nulls(jsonb_build_object(
        'project', w.project, 'callsign', name,
        'outcome', case when is_new then 'registered' when is_open and w.head = before then 'again' else 'resumed' end,
        'session', (select i.item from fleet_log.session_items i
                     where i.client = w.args ->> 'client' and i.session_id = w.args ->> 'session_id'),
        'recovery', w.result -> 'recovery')) || jsonb_build_object('pilot', fleet_log.pilot_json(w.project, name));
    return w;
end $$;
comment on function fleet_log.do_open_session is
    'Command open_session: registers the pilot of a session, or makes it active again. Example: select * from fleet.act(''[{"op":"open_session","project":"demo","args":{"client":"codex","session_id":"s-1"}}]'')';
