-- The question of a commit or a push: whose are these files? Nothing is changed by it.

create function fleet_log.held_over(project text, path text)
returns setof fleet_state.reservation_patterns
language plpgsql stable
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
begin
    -- Not fleet_log.overlapping: the name of a file may hold * and ?, and means itself. Each prefix is looked up by itself:
    -- of a table that was never analysed the planner would read all that the project holds, for each file.
    return query
    select x.*
      from unnest(fleet_log.pattern_probes(held_over.path, 'file')) probe(prefix)
     cross join lateral (select y.* from fleet_state.reservation_patterns y
                          where y.project = held_over.project and y.prefix = probe.prefix offset 0) x
     where not x.waiting
       and case x.kind when 'tree' then true when 'file' then x.prefix = held_over.path
                else held_over.path like x.likeness and held_over.path ~ fleet_log.pattern_regex(x.pattern) end;
end $$;
comment on function fleet_log.held_over is
    'Held patterns that match a path, in which no character is special. Example: select * from fleet_log.held_over(''demo'', ''src/a.c'')';

create function fleet_log.held_when_made(project text, files jsonb)
returns table (n bigint)
language plpgsql stable
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
#variable_conflict use_column
declare
    first timestamptz;
    last timestamptz;
begin
    select to_timestamp(min(m.at::bigint)), to_timestamp(max(m.at::bigint)) into first, last
      from jsonb_array_elements(files) f(file), jsonb_array_elements(f.file -> 'times') asked(moments),
           jsonb_array_elements_text(asked.moments) m(at);
    if first is null then   -- no commit, no question
        return query select f.n from jsonb_array_elements(files) with ordinality f(file, n) where f.file -> 'times' = '[]';
        return;
    end if;
    -- A commit is known by when it was written and when it was made (a rebase moves the second). Git counts in whole
    -- seconds and by its own clock: a minute to both sides is near enough. What was ever held is read once, however
    -- many files and commits are asked about.
    return query
    with held as materialized (
        select p.pattern, fleet_log.pattern_kind(p.pattern) as kind, fleet_log.pattern_prefix(p.pattern) as prefix,
               tstzrange(x.reserved_at - interval '1 min', x.ended_at + interval '1 min', '[]') as span
          from fleet_state.reservations x cross join unnest(x.patterns) p(pattern)
         where x.project = held_when_made.project and x.reserved_at <= last + interval '1 min'
           and (x.ended_at is null or x.ended_at >= first - interval '1 min')),
    met as materialized (
        select f.n, range_agg(h.span) as spans
          from jsonb_array_elements(files) with ordinality f(file, n)
         cross join lateral (select normalize(f.file ->> 'path', nfc) as path) g
         cross join lateral unnest(fleet_log.pattern_probes(g.path, 'file')) probe(prefix)
          join held h on h.prefix = probe.prefix
         where case h.kind when 'tree' then true when 'file' then h.prefix = g.path
                    else g.path like fleet_log.pattern_likeness(h.pattern) and g.path ~ fleet_log.pattern_regex(h.pattern) end
         group by f.n)
    select f.n from jsonb_array_elements(files) with ordinality f(file, n) left join met m on m.n = f.n
     where f.file ? 'times' and not exists (
           select from jsonb_array_elements(f.file -> 'times') asked(moments)
            where not exists (select from jsonb_array_elements_text(asked.moments) s(at)
                               where m.spans @> to_timestamp(s.at::bigint)));
end $$;
comment on function fleet_log.held_when_made is
    'The files, by their place in the list, that somebody held at a moment of each commit; times: a list of lists of seconds since 1970. Example: select * from fleet_log.held_when_made(''demo'', ''[{"path":"src/a.c","times":[[1764000000]]}]'')';

create function fleet_log.guard_problems(project text, actor text, files jsonb)
returns table (n bigint, problem jsonb)
language plpgsql stable
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off as $$
#variable_conflict use_column
declare
    ids text[];
begin
    ids := array(select distinct x.reservation_id
                   from jsonb_array_elements(files) f(file)
                  cross join lateral fleet_log.held_over(guard_problems.project, normalize(f.file ->> 'path', nfc)) x);
    return query
    -- What has lapsed is in nobody's way. The ids go into the view as a list: a join would make it look at all there is.
    with live as materialized (
        select h.* from fleet_log.held_rows h where h.reservation_id = any(ids) and h.status = 'active'),
    met as materialized (
        select f.n, x.reservation_id, x.pattern, x.exclusive, x.holder is not distinct from guard_problems.actor as is_mine
          from jsonb_array_elements(files) with ordinality f(file, n)
         cross join lateral fleet_log.held_over(guard_problems.project, normalize(f.file ->> 'path', nfc)) x
         where x.reservation_id in (select l.reservation_id from live l)),
    mine as materialized (select distinct m.n from met m where m.is_mine),
    before as materialized (select h.n from fleet_log.held_when_made(guard_problems.project, files) h),
    theirs as (
        select distinct on (m.n) m.n, jsonb_strip_nulls(jsonb_build_object('problem', 'held', 'holder', l.holder,
                   'reservation_id', l.reservation_id, 'pattern', m.pattern, 'mode', l.mode, 'purpose', l.purpose,
                   'reason', l.reason, 'expires_at', fleet_log.json_time(l.expires_at))) as problem
          from met m join live l on l.reservation_id = m.reservation_id
         -- What is shared leaves room for others who share.
         where not m.is_mine and (m.exclusive or m.n not in (select s.n from mine s))
         order by m.n, m.exclusive desc, l.token)
    select f.n, jsonb_build_object('path', f.file ->> 'path') || coalesce(t.problem,
               jsonb_build_object('problem', case when f.file ? 'times' then 'never_held' else 'not_held' end))
      from jsonb_array_elements(files) with ordinality f(file, n)
      left join theirs t on t.n = f.n
     where t.n is not null
        -- A person is no pilot and needs no reservation.
        or guard_problems.actor is not null and f.n not in (select s.n from mine s)
           and f.n not in (select b.n from before b);
end $$;
comment on function fleet_log.guard_problems is
    'The files that a pilot may not commit or push, by their place in the list, and why. Example: select * from fleet_log.guard_problems(''demo'', ''viper-1'', ''[{"path":"src/a.c"}]'')';

create function fleet_log.are_times(times jsonb)
returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
    select jsonb_typeof(times) = 'array' and not times @? 'strict $[*] ? (@.type() != "array")'
           and not times @? 'strict $[*][*] ? (@.type() != "number")'
           and not times @? 'lax $[*][*] ? (@ < 0 || @ > 253402300799 || @ != @.floor())'
$$;
comment on function fleet_log.are_times is
    'True for a list of lists of whole seconds since 1970. Example: select fleet_log.are_times(''[[1764000000]]'')';

create function fleet.guard_files(asked jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    perform fleet.refuse('invalid_field', 'must be a list, for each commit, of a list of whole seconds since 1970',
                         format('/files/%s/times', f.n - 1))
       from jsonb_array_elements(asked -> 'files') with ordinality f(file, n)
      where f.file ? 'times' and not fleet_log.are_times(f.file -> 'times') limit 1;
    -- Nothing can be held in what is no project.
    if not exists (select from fleet_state.projects p where p.project = asked ->> 'project') then
        return query select jsonb_build_object('ok', true, 'known', false, 'checked', 0, 'items', '[]'::jsonb)::text, '';
        return;
    end if;
    return query
    select jsonb_build_object('ok', count(*) = 0, 'known', true, 'checked', jsonb_array_length(asked -> 'files'),
                              'items', coalesce(jsonb_agg(g.problem order by g.n), '[]'))::text, ''
      from fleet_log.guard_problems(asked ->> 'project', nullif(asked ->> 'callsign', ''), asked -> 'files') g;
end $$;
comment on function fleet.guard_files is
    'Which of these files a pilot may not commit or push, and why, as one JSON object. Example: select item from fleet.guard_files(''{"project":"demo","callsign":"viper-1","files":[{"path":"src/a.c"}]}'')';
