-- The question of a commit or a push: whose are these files? Nothing is changed by it.

create function fleet_log.held_over(project text, path text)
returns setof fleet_state.reservation_patterns
language plpgsql stable
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off as $$
declare
    probes text[] := fleet_log.pattern_probes(path, 'file');
begin
    -- Not fleet_log.overlapping: the name of a file may hold * and ?, and means itself.
    return query
    select x.* from fleet_state.reservation_patterns x
     where x.project = held_over.project and x.prefix = any(probes) and not x.waiting
       and case x.kind when 'tree' then true when 'file' then x.prefix = held_over.path
                else held_over.path like x.likeness and held_over.path ~ fleet_log.pattern_regex(x.pattern) end;
end $$;
comment on function fleet_log.held_over is
    'Held patterns that match a path, in which no character is special. Example: select * from fleet_log.held_over(''demo'', ''src/a.c'')';

create function fleet_log.was_held(project text, path text, times jsonb)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- A commit is known by when it was written and when it was made (a rebase moves the second). Git counts in whole
    -- seconds and by its own clock: a minute to both sides is near enough.
    return not exists (
        select from jsonb_array_elements(times) asked(moments)
         where not exists (
             select from fleet_state.reservations r, jsonb_array_elements_text(asked.moments) m,
                    lateral (select to_timestamp(m::bigint) as at) t
              where r.project = was_held.project
                and r.reserved_at <= t.at + interval '1 min'
                and (r.ended_at is null or r.ended_at >= t.at - interval '1 min')
                and exists (select from unnest(r.patterns) p where was_held.path ~ fleet_log.pattern_regex(p))));
end $$;
comment on function fleet_log.was_held is
    'True if somebody held the path at a moment of each commit; times: a list of lists of seconds since 1970. Example: select fleet_log.was_held(''demo'', ''src/a.c'', ''[[1764000000]]'')';

create function fleet_log.guard_problem(project text, actor text, asked jsonb)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off as $$
declare
    path text := normalize(asked ->> 'path', nfc);
    other record;
    is_mine boolean;
begin
    select h.reservation_id, h.holder, h.mode, x.pattern, h.purpose, h.reason, h.expires_at
      into other
      from fleet_log.held_over(guard_problem.project, path) x
      join fleet_log.held_rows h on h.reservation_id = x.reservation_id
     -- What has lapsed is in nobody's way; what is shared leaves room for others who share.
     where h.status = 'active' and h.holder is distinct from guard_problem.actor
       and (x.exclusive or not exists (
               select from fleet_log.held_over(guard_problem.project, path) mine
                where mine.holder = guard_problem.actor))
     order by x.exclusive desc, h.token limit 1;
    if found then
        return jsonb_strip_nulls(jsonb_build_object('path', asked ->> 'path', 'problem', 'held', 'holder', other.holder,
            'reservation_id', other.reservation_id, 'pattern', other.pattern, 'mode', other.mode,
            'purpose', other.purpose, 'reason', other.reason, 'expires_at', fleet_log.json_time(other.expires_at)));
    end if;
    -- A person is no pilot and needs no reservation.
    if guard_problem.actor is null then
        return null;
    end if;
    select exists (select from fleet_log.held_over(guard_problem.project, path) x
                     join fleet_log.held_rows h on h.reservation_id = x.reservation_id
                    where h.holder = guard_problem.actor and h.status = 'active')
      into is_mine;
    if is_mine or asked ? 'times' and fleet_log.was_held(guard_problem.project, path, asked -> 'times') then
        return null;
    end if;
    return jsonb_build_object('path', asked ->> 'path',
        'problem', case when asked ? 'times' then 'never_held' else 'not_held' end);
end $$;
comment on function fleet_log.guard_problem is
    'Why a pilot may not commit or push a file, or null. Example: select fleet_log.guard_problem(''demo'', ''viper-1'', ''{"path":"src/a.c"}'')';

create function fleet.guard_files(asked jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Nothing can be held in what is no project.
    if not exists (select from fleet_state.projects p where p.project = asked ->> 'project') then
        return query select jsonb_build_object('ok', true, 'known', false, 'checked', 0, 'items', '[]'::jsonb)::text, '';
        return;
    end if;
    return query
    select jsonb_build_object(
               'ok', coalesce(bool_and(g.problem is null), true), 'known', true, 'checked', count(*),
               'items', coalesce(jsonb_agg(g.problem order by f.n) filter (where g.problem is not null), '[]'))::text, ''
      from jsonb_array_elements(asked -> 'files') with ordinality f(file, n)
     cross join lateral (select fleet_log.guard_problem(asked ->> 'project', nullif(asked ->> 'callsign', ''), f.file)
                         offset 0) g(problem);
end $$;
comment on function fleet.guard_files is
    'Which of these files a pilot may not commit or push, and why, as one JSON object. Example: select item from fleet.guard_files(''{"project":"demo","callsign":"viper-1","files":[{"path":"src/a.c"}]}'')';
