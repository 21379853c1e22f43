-- Command reserve: all patterns or none, decided while nobody else decides.

create function fleet_log.do_reserve(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    r fleet_state.reservation_requests;
    obstacles fleet_log.obstacle[];
    mine fleet_state.reservations;
    pattern text;
    problem text;
    pilot_state text;
    subject text;
begin
    -- A daemon speaks for pilots, and frees what they hold when they or their host go: so it must know them. A person
    -- at psql who never registered speaks for himself.
    pilot_state := (select p.state from fleet_state.pilots p where p.project = w.project and p.callsign = w.actor);
    if pilot_state = 'deregistered' then
        return fleet_log.refuse(w, 'not_found', '/actor', format('%s is deregistered in %s', w.actor, w.project),
                                format('register again: fleet pilots register %s --program NAME --model NAME', w.actor));
    elsif pilot_state is null and w.host is not null then
        return fleet_log.refuse(w, 'not_found', '/actor', format('no pilot %s is registered in %s', w.actor, w.project),
                                format('fleet pilots register %s --program NAME --model NAME', w.actor));
    end if;
    r.patterns := '{}';
    for place in 0 .. jsonb_array_length(w.args -> 'patterns') - 1 loop
        pattern := fleet_log.pattern_canonical(w.args -> 'patterns' ->> place);
        problem := fleet_log.pattern_problem(pattern);
        if problem is not null then
            return fleet_log.refuse(w, 'invalid_field', '/args/patterns/' || place, 'the pattern ' || problem,
                                    'patterns are project-relative: literals, *, ?, and ** as a whole segment');
        end if;
        if not pattern = any(r.patterns) then
            r.patterns := r.patterns || pattern;
        end if;
    end loop;
    if w.args ->> 'sortie_id' is not null then
        w := fleet_log.with_subject(w);
        if w.code is not null then
            return w;
        end if;
        -- Files are free when their sortie ends: one that has ended would never let go of them.
        subject := (fleet_log.find_sortie(w)).state;
        if subject in ('completed', 'failed', 'cancelled', 'skipped') then
            return fleet_log.refuse(w, 'transition_refused', '/args/sortie_id', format('sortie %s is %s', w.args ->> 'sortie_id', subject),
                                    'reserve for a sortie that is open, or for none', jsonb_build_object('found', subject));
        end if;
    end if;
    r.reservation_id := w.args ->> 'reservation_id';
    if r.reservation_id is null then
        r.reservation_id := fleet.new_id('rsv');
    elsif fleet_log.reservation_is_known(r.reservation_id) then
        return fleet_log.refuse(w, 'version_conflict', '/args/reservation_id', 'this id is in use', 'draw a new id');
    end if;
    r.project := w.project;
    r.holder := w.actor;
    r.purpose := coalesce(w.args ->> 'purpose', 'edit');
    r.mode := coalesce(w.args ->> 'mode', case when r.purpose in ('read', 'review') then 'shared' else 'exclusive' end);
    r.reason := w.args ->> 'reason';
    r.ttl_seconds := coalesce((w.args ->> 'ttl_seconds')::int, 3600);
    r.priority := coalesce(w.args ->> 'priority', 'medium');

    obstacles := fleet_log.obstacles(w.project, w.actor, r.patterns, r.mode = 'exclusive',
                                     fleet.wait_rank(r.priority, w.at, w.at), 9223372036854775807, w.at);
    if obstacles is null then
        return fleet_log.grant_files(w, r, null, null);
    end if;
    mine := fleet_log.same_reservation(obstacles, r);
    if mine.reservation_id is not null then
        return fleet_log.reserve_again(w, r, mine);
    end if;
    if fleet_log.blocking(obstacles) is null or fleet_log.switched('no_conflict_check') then
        return fleet_log.grant_files(w, r, obstacles, null);
    end if;
    if coalesce((w.args ->> 'dry_run')::boolean, false) then
        w.result := fleet_log.conflict_json(obstacles, w.at)
                    || jsonb_build_object('outcome', 'held', 'dry_run', true, 'patterns', r.patterns, 'mode', r.mode);
        return w;
    end if;
    if coalesce((w.args ->> 'wait_seconds')::int, 0) = 0 then
        return fleet_log.refuse_files(w, r, fleet_log.blocking(obstacles));
    end if;
    return fleet_log.start_wait(w, r, fleet_log.blocking(obstacles));
end $$;
comment on function fleet_log.do_reserve is
    'Command reserve. Example: select * from fleet.reserve(''demo'', ''viper-1'', array[''src/**''])';

create function fleet_log.reservation_is_known(id text)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return exists (select from fleet_state.reservations r where r.reservation_id = id)
        or exists (select from fleet_state.reservation_requests q where q.reservation_id = id);
end $$;
comment on function fleet_log.reservation_is_known is
    'True if a reservation or a wait has this id. Example: select fleet_log.reservation_is_known(''rsv_01…'')';

create function fleet_log.same_reservation(obstacles fleet_log.obstacle[], r fleet_state.reservation_requests)
returns fleet_state.reservations
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    mine fleet_state.reservations;
    id text;
begin
    for id in select distinct o.reservation_id from unnest(obstacles) o where o.own loop
        select * into mine from fleet_state.reservations y
         where y.reservation_id = id and y.mode = r.mode and y.patterns @> r.patterns and y.patterns <@ r.patterns;
        if found then
            return mine;
        end if;
    end loop;
    return null;
end $$;
comment on function fleet_log.same_reservation is
    'The holder''s own reservation of just these patterns in this mode, or nulls. Example, in reserve: mine := fleet_log.same_reservation(obstacles, r)';

create function fleet_log.reserve_again(
    w fleet_log.work, r fleet_state.reservation_requests, mine fleet_state.reservations)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    w := fleet_log.extend_lease(w, mine, r.ttl_seconds, coalesce((w.args ->> 'dry_run')::boolean, false));
    if w.code is not null then
        -- It had lapsed, and who waited for it has it now: this is a request like any other.
        w.code := null;
        return fleet_log.do_reserve(w);
    end if;
    w.result := jsonb_strip_nulls(jsonb_build_object(
        'outcome', 'granted', 'dry_run', (w.args ->> 'dry_run')::boolean, 'reservation_id', mine.reservation_id,
        'token', mine.token, 'expires_at', w.result ->> 'expires_at', 'extended', true, 'patterns', mine.patterns,
        'mode', mine.mode, 'displaced', '[]'::jsonb));
    return w;
end $$;
comment on function fleet_log.reserve_again is
    'Reserving what one holds extends it and keeps the token. Example, in reserve: return fleet_log.reserve_again(w, r, mine)';

create function fleet_log.grant_files(
    w fleet_log.work, r fleet_state.reservation_requests, obstacles fleet_log.obstacle[], causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[] := '{}';
    displaced jsonb := '[]';
    expires text := fleet_log.json_time(w.at + make_interval(secs => r.ttl_seconds));
    data jsonb := jsonb_build_object(
        'holder', r.holder, 'patterns', r.patterns, 'mode', r.mode, 'purpose', r.purpose, 'reason', r.reason,
        'ttl_seconds', r.ttl_seconds, 'expires_at', expires, 'sortie_id', w.args ->> 'sortie_id');
begin
    if obstacles is not null and not fleet_log.switched('no_displacement') then
        -- Lapsed reservations in the way end first, so that at no seq two have one path.
        select coalesce(array_agg((null, 'file_released', 'reservation', o.reservation_id, jsonb_build_object(
                   'holder', o.holder, 'cause', 'expired',
                   'held_ms', fleet_log.elapsed_ms(o.reserved_at, w.at)), null, null)::fleet_log.draft), '{}'),
               coalesce(jsonb_agg(jsonb_build_object('reservation_id', o.reservation_id, 'holder', o.holder)), '[]')
          into drafts, displaced
          from (select distinct x.reservation_id, x.holder, x.reserved_at from unnest(obstacles) x
                 where x.lapsed and not x.own order by x.reservation_id) o;
    end if;
    if coalesce((w.args ->> 'dry_run')::boolean, false) then
        w.result := jsonb_build_object('outcome', 'granted', 'dry_run', true, 'patterns', r.patterns, 'mode', r.mode,
                                       'displaced', displaced);
        return w;
    end if;
    if r.state = 'waiting' then
        data := data || jsonb_build_object('sortie_id', (
            select l.sortie_id from fleet_live.waiters l where l.reservation_id = r.reservation_id));
        drafts := drafts || (null, 'file_wait_ended', 'reservation', r.reservation_id, jsonb_build_object(
            'holder', r.holder, 'outcome', 'granted', 'waited_ms', fleet_log.elapsed_ms(r.started_at, w.at)),
            causation_id, r.holder)::fleet_log.draft;
        delete from fleet_live.waiters l where l.reservation_id = r.reservation_id;
    end if;
    if cardinality(drafts) = 0 then
        w := fleet_log.put(w, 'file_reserved', 'reservation', r.reservation_id, data, causation_id);
    else
        w := fleet_log.put_all(w, drafts || (null, 'file_reserved', 'reservation', r.reservation_id, data,
                                             causation_id, r.holder)::fleet_log.draft);
    end if;
    w.result := jsonb_build_object(
        'outcome', 'granted', 'reservation_id', r.reservation_id, 'token', w.head, 'expires_at', expires,
        'extended', false, 'patterns', r.patterns, 'mode', r.mode, 'displaced', displaced);
    return w;
end $$;
comment on function fleet_log.grant_files is
    'Gives files to who asked or waited for them; the token is w.head. Example, in reserve: return fleet_log.grant_files(w, r, obstacles, null)';

create function fleet_log.elapsed_ms(since timestamptz, until timestamptz)
returns bigint
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return greatest(0, round(extract(epoch from until - since) * 1000))::bigint;
end $$;
comment on function fleet_log.elapsed_ms is
    'Milliseconds between two times, never negative. Example: select fleet_log.elapsed_ms(now() - interval ''1 s'', now())';
