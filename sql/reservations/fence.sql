-- Tokens: valid if and only if the reservation is active; and questions about files that change nothing.

create function fleet_log.reservation_fence_problem(project text, id text, token bigint)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    r fleet_state.reservations;
begin
    select * into r from fleet_state.reservations y where y.reservation_id = reservation_fence_problem.id;
    if r.reservation_id is null and length(id) < 30 then
        select * into r from fleet_state.reservations y
         where y.reservation_id = fleet_log.reservation_id_of(reservation_fence_problem.project, id);
    end if;
    return case
        when r.project is distinct from reservation_fence_problem.project then 'there is no reservation ' || id
        when r.token <> reservation_fence_problem.token then format('%s is not the token of %s', token, id)
        when r.state <> 'active' then fleet_log.end_words(r) end;
end $$;
comment on function fleet_log.reservation_fence_problem is
    'Why a reservation''s token is not valid, or null. Example: select fleet_log.reservation_fence_problem(''demo'', ''rsv_01…'', 42)';

create function fleet_log.end_words(r fleet_state.reservations)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return format('the reservation %s of %s %s at %s', r.reservation_id, r.holder, case r.end_cause
        when 'explicit' then 'was released'
        when 'expired' then 'had lapsed and was taken over'
        when 'forced' then 'was taken away by ' || r.ended_by || ' (' || r.end_reason || ')'
        when 'holder_lost' then 'ended because its host was lost'
        when 'pilot_stale' then 'ended because its holder gave no sign of life'
        when 'deregistered' then 'ended because its holder was deregistered'
        else 'ended (' || coalesce(r.end_cause, r.state) || ')' end, fleet_log.json_time(r.ended_at));
end $$;
comment on function fleet_log.end_words is
    'How a reservation ended, in one sentence. Example: select fleet_log.end_words(r) from fleet_state.reservations r where r.state <> ''active''';

create function fleet.check_fence(project text, path text, token bigint)
returns table (valid boolean, words text, reservation_id text, holder text, pattern text, state text, expires_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare
    r fleet_state.reservations;
    problem text := fleet_log.path_problem(check_fence.path);
    until timestamptz;
begin
    if problem is not null then
        perform fleet.refuse('invalid_field', 'the path ' || problem, '/path');
    end if;
    -- The token is the place of the grant in the log, so the log is the index.
    select y.* into r
      from fleet_log.events e
      join fleet_state.reservations y on y.reservation_id = e.stream_id
     where e.seq = check_fence.token and e.project = check_fence.project and e.type = 'file_reserved';
    reservation_id := r.reservation_id;
    holder := r.holder;
    state := r.state;
    select fleet.lease_until(r.expires_at, r.extended_at, r.ttl_seconds, (
               select l.seen_at from fleet_live.pilots l where l.project = r.project and l.callsign = r.holder))
      into until;
    expires_at := until;
    pattern := (select p from unnest(r.patterns) with ordinality u(p, n)
                 where check_fence.path ~ fleet_log.pattern_regex(p) order by n limit 1);
    valid := coalesce(r.state = 'active' and pattern is not null, false) or fleet_log.switched('no_token_check');
    words := case
        when r.reservation_id is null then format('no reservation of this project ever had the token %s', token)
        when r.state <> 'active' then fleet_log.end_words(r)
        when pattern is null then format('the reservation of %s covers %s, not %s', r.holder,
                                         array_to_string(r.patterns, ', '), path)
        when until <= clock_timestamp() then format('%s holds %s still, but it has lapsed: extend it', r.holder, pattern)
        else format('%s holds %s for another %s', r.holder, pattern,
                    fleet.time_words(extract(epoch from until - clock_timestamp()))) end;
    return next;
end $$;
comment on function fleet.check_fence is
    'Whether a token still protects a path, and if not, why. Example: select * from fleet.check_fence(''demo'', ''src/a.c'', 42)';

create function fleet_log.asked_patterns(asked text, field text)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    pattern text := fleet_log.pattern_canonical(asked);
    problem text;
begin
    -- Without a wildcard it is a path, in which no character is special.
    problem := case when strpos(pattern, '*') = 0 and strpos(pattern, '?') = 0 then fleet_log.path_problem(pattern)
                    else fleet_log.pattern_problem(pattern) end;
    if problem is not null then
        perform fleet.refuse('invalid_field', 'the path ' || problem, field);
    end if;
    return array[pattern];
end $$;
comment on function fleet_log.asked_patterns is
    'A path or pattern from outside, checked. Example: select fleet_log.asked_patterns(''src/'', ''/path'')';

create function fleet.who_has(project text, path text)
returns table (holder text, mode text, pattern text, reservation_id text, status text, for_another text,
               purpose text, reason text, token bigint, expires_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare
    met fleet_log.overlap[] := fleet_log.overlapping(
        who_has.project, fleet_log.asked_patterns(who_has.path, '/path'), null, null, 1000);
    ids text[] := array(select m.reservation_id from unnest(met) m);
begin
    return query
    select v.holder, v.mode, m.pattern, v.reservation_id, v.status, v.for_another, v.purpose, v.reason, v.token,
           v.expires_at
      from fleet_log.reservation_rows v
      join unnest(met) m on m.reservation_id = v.reservation_id
     where v.reservation_id = any(ids)
     order by v.status = 'waiting', v.token, m.pattern;
end $$;
comment on function fleet.who_has is
    'Who holds or waits for a path, or for anything that a pattern overlaps. Example: select * from fleet.who_has(''demo'', ''src/a.c'')';

create function fleet.can_reserve(project text, actor text, patterns text[], mode text default 'exclusive')
returns table (pattern text, free boolean, holder text, held_pattern text, status text, for_another text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare
    asked text[];
    met fleet_log.obstacle[];
begin
    asked := array(select (fleet_log.asked_patterns(p, '/patterns/' || n - 1))[1]
                     from unnest(patterns) with ordinality u(p, n) order by n);
    met := fleet_log.blocking(fleet_log.obstacles(can_reserve.project, can_reserve.actor, asked,
               can_reserve.mode = 'exclusive', fleet.wait_rank('medium', now(), now()), 9223372036854775807,
               clock_timestamp()));
    return query
    select a.p, o.requested is null, o.holder, o.pattern,
           case when o.waiting then 'waiting' when o.requested is not null then 'active' end,
           fleet.time_words(extract(epoch from o.expires_at - clock_timestamp()))
      from unnest(asked) with ordinality a(p, n)
      left join unnest(met) o on o.requested = a.p
     order by a.n, o.expires_at;
end $$;
comment on function fleet.can_reserve is
    'The answer that reserve would give, a row a pattern and obstacle; nothing is taken. Example: select * from fleet.can_reserve(''demo'', ''viper-1'', ''{src/**}'')';
