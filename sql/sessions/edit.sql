-- Before an edit: may this pilot change these files? What is free becomes its own in the same transaction.

create function fleet_log.edit_held(w fleet_log.work, conflicts jsonb)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Who holds what, and what for: reason and purpose are the holder's words, shown as such.
    return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'path', coalesce((select f from jsonb_array_elements_text(w.args -> 'paths') f
                                          where fleet_log.edit_pattern(f) = c ->> 'requested_pattern' limit 1),
                                        c ->> 'requested_pattern'), 'pattern', c ->> 'pattern', 'holder', c ->> 'holder',
                       'reservation_id', c ->> 'reservation_id', 'purpose', r.purpose, 'reason', r.reason,
                       'sortie_id', r.sortie_id, 'expires_at', c ->> 'expires_at',
                       'seconds_left', (c -> 'for_another_seconds'))) order by n), '[]')
              from jsonb_array_elements(conflicts) with ordinality x(c, n)
              left join lateral (select y.purpose, y.reason, y.sortie_id from fleet_state.reservations y
                                  where y.reservation_id = c ->> 'reservation_id' limit 1) r on true);
end $$;
comment on function fleet_log.edit_held is
    'The holders of a conflict with what they hold it for. Example, in edit_files: held := fleet_log.edit_held(w, w.detail -> ''conflicts'')';

create function fleet_log.edit_words(held jsonb, otherwise text)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    first constant jsonb := held -> 0;
    more constant int := jsonb_array_length(held) - 1;
begin
    if first is null then
        return otherwise;
    end if;
    return format('%s is held by %s (%s) for another %s', first ->> 'path', first ->> 'holder',
                  coalesce(first ->> 'purpose', 'edit'), fleet.time_words((first ->> 'seconds_left')::numeric))
        -- On one line: it is read as a sentence of ours.
        || case when first ->> 'reason' <> '' then format('; %s says: "%s"', first ->> 'holder', replace(regexp_replace(
                    left(first ->> 'reason', 200), '[[:cntrl:][:space:]]+', ' ', 'g'), '"', '''')) else '' end
        || case when more > 0 then format('; and %s more', more) else '' end;
end $$;
comment on function fleet_log.edit_words is
    'One sentence about who holds what was to be edited. Example, in edit_files: fleet_log.edit_words(held, w.message)';

create function fleet_log.edit_pattern(path text)
returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    -- A name may hold what a pattern cannot: there ? stands for it, which covers a little more, never less. So does NFC.
    pattern text := translate(normalize(path, nfc), '[!{\*', '?????');
begin
    pattern := regexp_replace(pattern, '[\u0001-\u001f\u007f]', '?', 'g');
    -- What is too deep or too long is covered by a directory above it.
    while octet_length(pattern) > 256 or pattern ~ '(?:/.*){16}' loop
        pattern := case when strpos(rtrim(pattern, '/*'), '/') = 0 then '**'
                        else regexp_replace(rtrim(pattern, '/*'), '/[^/]*$', '') || '/**' end;
    end loop;
    return pattern;
end $$;
comment on function fleet_log.edit_pattern is
    'The pattern by which a file is reserved, whatever its name holds. Example: select fleet_log.edit_pattern(''app/[id].tsx'')';

create function fleet_log.is_covered(w fleet_log.work, pattern text, ttl int)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    is_file constant boolean := fleet_log.pattern_kind(pattern) = 'file';
begin
    return exists (
        select from unnest(fleet_log.overlapping(w.project, array[is_covered.pattern], null, true, 101)) m
          join fleet_state.reservations r on r.reservation_id = m.reservation_id
          left join fleet_live.pilots v on v.project = r.project and v.callsign = r.holder
         where m.holder = w.actor and m.exclusive and not m.waiting
           -- What meets a file covers it; of a glob only the same one is sure to.
           and (is_file or m.pattern = is_covered.pattern)
           -- Renewed while there is still a good part of it left, so that work in hand is never lost to time.
           and fleet.lease_until(r.expires_at, r.extended_at, r.ttl_seconds, v.seen_at)
               > w.at + make_interval(secs => least(ttl, r.ttl_seconds) / 3.0));
end $$;
comment on function fleet_log.is_covered is
    'True if the pilot holds this exclusively already, and for long enough. Example, in edit_files: fleet_log.is_covered(w, ''src/a.c'', 1800)';

create function fleet_log.edit_uncovered(w fleet_log.work, ttl int, is_off boolean, out paths text[], out problem text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    path text;
    pattern text;
begin
    paths := '{}';
    for path in select distinct p from jsonb_array_elements_text(w.args -> 'paths') p order by p loop
        problem := coalesce(fleet_log.segments_problem(path), fleet_log.pattern_problem(fleet_log.edit_pattern(path)));
        if problem is not null then
            problem := format('%s %s', path, problem);
            return;
        end if;
        pattern := fleet_log.edit_pattern(path);
        if not is_off and not pattern = any(paths) and not fleet_log.is_covered(w, pattern, ttl) then
            paths := paths || pattern;
        end if;
    end loop;
end $$;
comment on function fleet_log.edit_uncovered is
    'Which of the paths the pilot does not hold yet, as patterns. Example, in edit_files: more := fleet_log.edit_uncovered(w, 1800, false)';

create function fleet_log.count_edit(w fleet_log.work, s fleet_live.agent_sessions, refusal text, is_told boolean)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    update fleet_live.agent_sessions t
       set edits = t.edits + 1, refusals = t.refusals + (refusal is not null)::int,
           refused = case when is_told then refusal else t.refused end,
           refused_at = case when is_told then w.at else t.refused_at end
     where t.client = s.client and t.session_id = s.session_id;
    update fleet_live.pilots l set seen_at = greatest(l.seen_at, w.at) where l.project = s.project and l.callsign = s.callsign;
end $$;
comment on function fleet_log.count_edit is
    'Counts a question about an edit, which is a sign of life, too. Example, in edit_files: perform fleet_log.count_edit(w, s, null, false)';

create function fleet_log.reserve_edit(w fleet_log.work, s fleet_live.agent_sessions, paths text[], policy text, ttl int)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    asked constant jsonb := w.args;
    digest constant text := md5(array_to_string(paths, E'\n'));
    -- The same refused edit again and again is one conflict; with policy warn nothing is refused.
    is_quiet constant boolean := policy = 'warn' or coalesce(s.refused = digest and s.refused_at > w.at - interval '60 s', false);
begin
    w.args := jsonb_strip_nulls(jsonb_build_object('patterns', to_jsonb(paths), 'purpose', 'edit', 'ttl_seconds', ttl,
        'reason', asked -> 'reason', 'sortie_id', (
            select y.sortie_id from fleet_state.sorties y
             where y.project = w.project and y.pilot = w.actor and y.state = 'in_progress'
             order by y.assigned_at desc limit 1),
        'dry_run', case when is_quiet then true end));
    w := fleet_log.do_reserve(w);
    if is_quiet and w.code is null and w.result ->> 'outcome' = 'granted' then
        w.args := w.args - 'dry_run';
        w := fleet_log.do_reserve(w);
    elsif is_quiet and w.code is null then
        w := fleet_log.refuse(w, 'reservation_held', '', fleet_log.conflict_words(w.result), null, w.result);
    end if;
    w.args := asked;
    perform fleet_log.count_edit(w, s, case when w.code is not null then digest end, w.code is not null and not is_quiet);
    return w;
end $$;
comment on function fleet_log.reserve_edit is
    'Takes the files of an edit, or says who has them. Example, in edit_files: w := fleet_log.reserve_edit(w, s, paths, policy, 1800)';

create function fleet_log.may_begin(w fleet_log.work)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    op constant text := w.op;
begin
    if exists (select from fleet_state.halts h where h.halted) then
        w.op := 'reserve';   -- the very question that a reservation would be asked
        w := fleet_log.halt_problem(w);
        w.op := op;
    end if;
    if w.code is null then
        w := fleet_log.budget_problem(w);
    end if;
    return w;
end $$;
comment on function fleet_log.may_begin is
    'Refuses an edit while its scope is halted or its budget is spent. Example, in edit_files: w := fleet_log.may_begin(w)';

create function fleet_log.do_edit_files(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s constant fleet_live.agent_sessions := fleet_log.session_of(w);
    policy constant text := coalesce(w.args ->> 'policy', 'enforce');
    ttl constant int := coalesce((w.args ->> 'ttl_seconds')::int, 1800);
    uncovered record;
    held jsonb := '[]';
    answer jsonb;
begin
    -- The answer is a decision, whichever it is: who asks a question is not refused.
    if s.client is null or s.ended_at is not null or s.project <> w.project then
        return fleet_log.no_session(w);
    end if;
    w := fleet_log.own_session(w, s.project, s.callsign);
    if w.code is not null then
        return w;
    end if;
    w.actor := s.callsign;
    w := fleet_log.may_begin(w);
    if w.code is null then
        -- Policy off leaves the files alone; a halt and a spent budget hold nevertheless.
        uncovered := fleet_log.edit_uncovered(w, ttl, policy = 'off');
        if uncovered.problem is not null then
            return fleet_log.refuse(w, 'invalid_field', '/args/paths', uncovered.problem);
        elsif uncovered.paths = '{}' then
            perform fleet_log.count_edit(w, s, null, false);
        else
            w := fleet_log.reserve_edit(w, s, uncovered.paths, policy, ttl);
        end if;
    else
        perform fleet_log.count_edit(w, s, w.code, false);
    end if;
    if w.code = 'not_found' then
        return w;   -- the pilot is gone: open the session again
    end if;
    if w.code = 'reservation_held' then
        held := fleet_log.edit_held(w, w.detail -> 'conflicts');
    end if;
    answer := jsonb_strip_nulls(jsonb_build_object(
        'project', w.project, 'callsign', s.callsign, 'policy', policy,
        'decision', case when w.code is null then 'allow' when policy = 'enforce' or w.code <> 'reservation_held' then 'deny'
                         else 'warn' end,
        'code', w.code, 'reason', case when w.code is not null then fleet_log.edit_words(held, w.message) end,
        'hint', case when w.code <> 'reservation_held' then w.hint end, 'held', held,
        'reserved', case when w.code is null and uncovered.paths <> '{}' then jsonb_build_array(jsonb_build_object(
            'reservation_id', w.result -> 'reservation_id', 'token', w.result -> 'token', 'patterns', w.result -> 'patterns',
            'expires_at', w.result -> 'expires_at')) else '[]' end));
    w.code := null;
    w.field := null;
    w.message := null;
    w.hint := null;
    w.detail := null;
    w.result := answer;
    return w;
end $$;
comment on function fleet_log.do_edit_files is
    'Command edit_files: allow, warn or deny, with holder, purpose and time left; what is free is reserved. Example: select * from fleet.act(''[{"op":"edit_files","project":"demo","args":{"client":"codex","session_id":"s-1","paths":["src/a.c"]}}]'')';
