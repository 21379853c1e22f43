-- Waiting in line: by priority, then arrival; who frees files lets the next ones have them in the same call.

create function fleet_log.start_wait(
    w fleet_log.work, r fleet_state.reservation_requests, obstacles fleet_log.obstacle[])
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    detail jsonb := fleet_log.conflict_json(obstacles, w.at);
    deadline timestamptz := w.at + make_interval(secs => (w.args ->> 'wait_seconds')::int);
    circle text[];
begin
    w := fleet_log.put_all(w, array[
        fleet_log.conflict_draft(r, detail, 'waited'),
        (null, 'file_wait_started', 'reservation', r.reservation_id, jsonb_build_object(
            'holder', r.holder, 'patterns', r.patterns, 'mode', r.mode, 'purpose', r.purpose, 'reason', r.reason,
            'ttl_seconds', r.ttl_seconds, 'priority', r.priority, 'deadline', fleet_log.json_time(deadline)),
            null, null)::fleet_log.draft]);
    insert into fleet_live.waiters (reservation_id, host, epoch, sortie_id)
    values (r.reservation_id, case when w.epoch is not null then w.host end, w.epoch, w.args ->> 'sortie_id');
    circle := fleet_log.wait_circle(w, obstacles);
    if circle is not null then
        w := fleet_log.put(w, 'file_wait_ended', 'reservation', r.reservation_id, jsonb_build_object(
            'holder', r.holder, 'outcome', 'deadlock', 'waited_ms', 0));
        delete from fleet_live.waiters l where l.reservation_id = r.reservation_id;
        return fleet_log.refuse(w, 'deadlock', '/args/patterns',
            'waiting would close a circle: ' || circle[1] || ' waits for '
                || array_to_string(circle[2:], ', who waits for '),
            'release something that another of them waits for, then ask again',
            detail || jsonb_build_object('cycle', circle));
    end if;
    w.result := jsonb_build_object(
        'outcome', 'waiting', 'reservation_id', r.reservation_id, 'deadline', fleet_log.json_time(deadline),
        'conflicts', detail -> 'conflicts', 'count', detail -> 'count', 'ahead', detail -> 'waiters',
        'patterns', r.patterns, 'mode', r.mode, 'message', fleet_log.conflict_words(detail));
    return w;
end $$;
comment on function fleet_log.start_wait is
    'Puts a request in line, unless that closes a circle. Example, in reserve: return fleet_log.start_wait(w, r, obstacles)';

create function fleet_log.wait_circle(w fleet_log.work, obstacles fleet_log.obstacle[])
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    seen text[] := '{}';
    ways jsonb := '[]';   -- queue of ways, each from the actor to somebody it waits for
    way jsonb;
    next text;
    q fleet_state.reservation_requests;
begin
    -- Breadth first from the one who begins to wait: waiter to holder, and waiter to waiter ahead of it.
    for next in select distinct o.holder from unnest(obstacles) o loop
        seen := seen || next;
        ways := ways || jsonb_build_array(jsonb_build_array(w.actor, next));
    end loop;
    while jsonb_array_length(ways) > 0 loop
        way := ways -> 0;
        ways := ways - 0;
        for q in
            select y.* from fleet_state.reservation_requests y
             where y.project = w.project and y.holder = way ->> -1 and y.state = 'waiting'
               and fleet_log.wait_is_live(y, w.at)
             order by y.arrival
        loop
            for next in
                select distinct b.holder
                  from unnest(fleet_log.blocking(fleet_log.obstacles(q.project, q.holder, q.patterns,
                       q.mode = 'exclusive', fleet.wait_rank(q.priority, q.started_at, w.at), q.arrival, w.at))) b
                 order by 1
            loop
                if next = w.actor then
                    return array(select jsonb_array_elements_text(way)) || next;
                end if;
                if not next = any(seen) then
                    seen := seen || next;
                    ways := ways || jsonb_build_array(way || to_jsonb(next));
                end if;
            end loop;
        end loop;
    end loop;
    return null;
end $$;
comment on function fleet_log.wait_circle is
    'The circle that a wait of w.actor closes, as callsigns from it back to it; null if none. Example, in start_wait: circle := fleet_log.wait_circle(w, obstacles)';

create function fleet_log.grant_waiters(w fleet_log.work, project text, freed text[], causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    granted jsonb := '[]';
    touched text[];
    q fleet_state.reservation_requests;
    obstacles fleet_log.obstacle[];
    outside text := w.project;
    args jsonb := w.args;
begin
    w.result := granted;
    if not exists (select from fleet_state.reservation_requests y
                    where y.project = grant_waiters.project and y.state = 'waiting') then
        return w;   -- nearly always
    end if;
    if freed is not null then
        -- Only who waits for something of it can be let in.
        select array_agg(o.reservation_id) into touched
          from unnest(fleet_log.overlapping(grant_waiters.project, freed, null, null, null)) o where o.waiting;
    end if;
    w.project := grant_waiters.project;
    w.args := '{}';
    -- One pass in order is enough: a grant frees nothing, and who comes later met the waiter as it meets the holder.
    for q in
        select y.* from fleet_state.reservation_requests y
         where y.project = grant_waiters.project and y.state = 'waiting' and (freed is null or y.reservation_id = any(touched))
           and fleet_log.wait_is_live(y, w.at)
         order by fleet.wait_rank(y.priority, y.started_at, w.at), y.arrival
    loop
        obstacles := fleet_log.obstacles(q.project, q.holder, q.patterns, q.mode = 'exclusive',
            fleet.wait_rank(q.priority, q.started_at, w.at), q.arrival, w.at);
        continue when fleet_log.blocking(obstacles) is not null;
        -- Who may begin nothing now keeps the place in the line; lifting the halt looks at the line again.
        continue when fleet_log.wait_is_halted(q);
        w := fleet_log.grant_files(w, q, obstacles, causation_id);
        granted := granted || (w.result - 'outcome' - 'extended' || jsonb_build_object('holder', q.holder));
    end loop;
    w.project := outside;
    w.args := args;
    w.result := granted;
    return w;
end $$;
comment on function fleet_log.grant_waiters is
    'Lets in, in order, everyone in line who meets nobody earlier; w.result lists them. With freed patterns, only who waits for some of them. Example: w := fleet_log.grant_waiters(w, w.project, null, null)';

create function fleet_log.do_grant_waiters(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    w := fleet_log.grant_waiters(w, w.project, null, null);
    w.result := jsonb_build_object('granted', w.result);
    return w;
end $$;
comment on function fleet_log.do_grant_waiters is
    'Command grant_waiters: looks at the whole line again, when a reservation lapsed. Example: select * from fleet.act(''[{"op":"grant_waiters","project":"demo"}]'')';

create function fleet_log.do_end_wait(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id text := fleet_log.reservation_id_of(w.project, w.args ->> 'reservation_id');
    outcome text := coalesce(w.args ->> 'outcome', 'cancelled');
    q fleet_state.reservation_requests;
    mine fleet_state.reservations;
    granted jsonb;
begin
    select * into q from fleet_state.reservation_requests y where y.reservation_id = id and y.project = w.project;
    if q.reservation_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/reservation_id', 'nobody waits or waited as ' || id);
    end if;
    if q.holder <> w.actor and not 'operator' = any(w.roles) then
        return fleet_log.refuse(w, 'forbidden', '/args/reservation_id', 'this wait is ' || q.holder || '''s');
    end if;
    if q.state = 'waiting' and outcome = 'timeout' then
        -- What blocked it may have lapsed at this very moment.
        w := fleet_log.grant_waiters(w, w.project, q.patterns, null);
        select * into q from fleet_state.reservation_requests y where y.reservation_id = id;
    end if;
    if q.state = 'waiting' then
        w := fleet_log.put(w, 'file_wait_ended', 'reservation', id, jsonb_build_object(
            'holder', q.holder, 'outcome', outcome, 'waited_ms', fleet_log.elapsed_ms(q.started_at, w.at)));
        delete from fleet_live.waiters l where l.reservation_id = id;
        w := fleet_log.grant_waiters(w, w.project, q.patterns, w.event_id);
        granted := w.result;
        w.result := jsonb_build_object('ended', true, 'reservation_id', id, 'outcome', outcome, 'let_in', granted);
        return w;
    end if;
    select * into mine from fleet_state.reservations y where y.reservation_id = id;
    w.result := jsonb_strip_nulls(jsonb_build_object(
        'ended', false, 'reservation_id', id, 'outcome', q.state, 'granted', case when mine.state = 'active' then
            jsonb_build_object('outcome', 'granted', 'reservation_id', id, 'token', mine.token,
                'expires_at', fleet_log.json_time(mine.expires_at), 'extended', false, 'patterns', mine.patterns,
                'mode', mine.mode, 'displaced', '[]'::jsonb) end));
    return w;
end $$;
comment on function fleet_log.do_end_wait is
    'Command end_wait: leaves the line; says so if it was granted meanwhile. Example: select * from fleet.act(''[{"op":"end_wait","project":"demo","actor":"viper-1","args":{"reservation_id":"rsv_01…"}}]'')';
