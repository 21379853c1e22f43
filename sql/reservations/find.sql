-- Finding what overlaps, and what of it stands in the way.

create function fleet_log.counts(
    x fleet_state.reservation_patterns, pattern text, holder text, exclusive boolean)
returns boolean
language sql immutable parallel safe as $$
    -- Of the pilot's own only an equal pattern matters; for the rest: two shared ones go together. Without a holder
    -- everything counts. (No pinned path, so that it is inlined; it names nothing but operators.)
    select case when $3 is null then true
                when x.holder = $3 then x.pattern = $2 and not x.waiting
                else $4 or x.exclusive end
$$;
comment on function fleet_log.counts is
    'True if a row that shares a path is of interest to a request. Example, in overlapping: where fleet_log.counts(x, pattern, holder, exclusive)';

create function fleet_log.overlap_of(requested text, x fleet_state.reservation_patterns)
returns fleet_log.overlap
language sql immutable parallel safe as $$
    select ($1, x.reservation_id, x.holder, x.pattern, x.exclusive, x.waiting)::fleet_log.overlap
$$;
comment on function fleet_log.overlap_of is 'A row as an answer. Example, in overlapping: fleet_log.overlap_of(pattern, x)';

-- What lies above a pattern is found by equality probes, what lies below by a range; chr(1114111) sorts after every text.
-- A tree that a probe finds lies above, a file only if it is the very place; a glob above must be asked.

create function fleet_log.overlapping_file(project text, path text, holder text, exclusive boolean, most int)
returns fleet_log.overlap[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    probes text[] := fleet_log.pattern_probes(path, 'file');
begin
    return (
        select array_agg(o.item)
          from (select fleet_log.overlap_of(overlapping_file.path, x) as item
                  from fleet_state.reservation_patterns x
                 where x.project = overlapping_file.project and x.prefix = any(probes)
                   and fleet_log.counts(x, overlapping_file.path, overlapping_file.holder, overlapping_file.exclusive)
                   and case x.kind when 'tree' then true when 'file' then x.prefix = path
                            -- LIKE decides nearly always; a regular expression would be compiled for each row.
                            else path like x.likeness and fleet_log.globs_overlap(path, x.pattern) end
                 limit most) o);
end $$;
comment on function fleet_log.overlapping_file is
    'fleet_log.overlapping for one path. Example: select fleet_log.overlapping_file(''demo'', ''src/a.c'', null, null, 20)';

create function fleet_log.overlapping_tree(project text, pattern text, holder text, exclusive boolean, most int)
returns fleet_log.overlap[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    top text := fleet_log.pattern_prefix(pattern);
    probes text[] := fleet_log.pattern_probes(top, 'tree');
    inside text := case when top = '' then '' else top || '/' end;
begin
    return (
        select array_agg(o.item)
          from (select fleet_log.overlap_of(overlapping_tree.pattern, x) as item
                  from fleet_state.reservation_patterns x
                 where x.project = overlapping_tree.project and x.prefix = any(probes)
                   and fleet_log.counts(x, overlapping_tree.pattern, overlapping_tree.holder, overlapping_tree.exclusive)
                   and case x.kind when 'tree' then true when 'file' then x.prefix = top
                            else fleet_log.globs_overlap(overlapping_tree.pattern, x.pattern) end
                 union all
                select fleet_log.overlap_of(overlapping_tree.pattern, x)
                  from fleet_state.reservation_patterns x
                 where x.project = overlapping_tree.project and x.prefix > inside and x.prefix < inside || chr(1114111)
                   and fleet_log.counts(x, overlapping_tree.pattern, overlapping_tree.holder, overlapping_tree.exclusive)
                 limit most) o);
end $$;
comment on function fleet_log.overlapping_tree is
    'fleet_log.overlapping for a directory and all below it. Example: select fleet_log.overlapping_tree(''demo'', ''src/**'', null, null, 20)';

create function fleet_log.overlapping_glob(project text, pattern text, holder text, exclusive boolean, most int)
returns fleet_log.overlap[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    top text := fleet_log.pattern_prefix(pattern);
    probes text[] := fleet_log.pattern_probes(top, 'glob');
    ending text := fleet_log.pattern_tail(pattern);
    whole text := fleet_log.pattern_regex(pattern);
    below text := fleet_log.pattern_below_regex(pattern);
begin
    return (
        select array_agg(o.item)
          from (select fleet_log.overlap_of(overlapping_glob.pattern, x) as item
                  from (select above.* from fleet_state.reservation_patterns above
                         where above.project = overlapping_glob.project and above.prefix = any(probes)
                         union all
                        select under.* from fleet_state.reservation_patterns under
                         where under.project = overlapping_glob.project
                           and under.prefix > top and under.prefix < top || chr(1114111)) x
                 where fleet_log.counts(x, overlapping_glob.pattern, overlapping_glob.holder, overlapping_glob.exclusive)
                   -- The literal tails first: they decide nearly always.
                   and case x.kind
                       when 'file' then right(x.prefix, length(ending)) = ending and x.prefix ~ whole
                       when 'tree' then x.prefix ~ below
                       else right(x.tail, length(ending)) = right(ending, length(x.tail))
                            and fleet_log.globs_overlap(overlapping_glob.pattern, x.pattern) end
                 limit most) o);
end $$;
comment on function fleet_log.overlapping_glob is
    'fleet_log.overlapping for any other pattern. Example: select fleet_log.overlapping_glob(''demo'', ''**/*.ts'', null, null, 20)';

create function fleet_log.overlapping(project text, patterns text[], holder text, exclusive boolean, most int)
returns fleet_log.overlap[]
language plpgsql stable
set search_path = pg_catalog, fleet_state, pg_temp
-- The index is right however small the statistics say the table is.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan as $$
declare
    met fleet_log.overlap[];
    pattern text;
begin
    foreach pattern in array patterns loop
        met := met || case fleet_log.pattern_kind(pattern)
            when 'file' then fleet_log.overlapping_file(project, pattern, holder, exclusive, most)
            when 'tree' then fleet_log.overlapping_tree(project, pattern, holder, exclusive, most)
            else fleet_log.overlapping_glob(project, pattern, holder, exclusive, most) end;
        exit when cardinality(met) >= most;
    end loop;
    return met;
end $$;
comment on function fleet_log.overlapping is
    'Held and waited-for patterns that share a path with the given canonical ones; null if none. Example: select * from unnest(fleet_log.overlapping(''demo'', ''{src/**}'', null, null, 100))';

create function fleet.lease_until(
    expires_at timestamptz, extended_at timestamptz, ttl_seconds int, seen_at timestamptz)
returns timestamptz
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- A sign of life of the holder is worth as much as an extension, until four times the ttl after the last one
    -- that was asked for: who is alive but forgot its files gives them up in the end.
    -- least() passes over nulls: a holder that was never seen must not count as seen for ever.
    return greatest(expires_at, case when seen_at is not null
        then least(seen_at + make_interval(secs => ttl_seconds),
                   extended_at + make_interval(secs => 4.0 * ttl_seconds)) end);
end $$;
comment on function fleet.lease_until is
    'When a reservation lapses. Example: select fleet.lease_until(now() + ''1h'', now(), 3600, null)';

create function fleet.wait_rank(priority text, started_at timestamptz, at timestamptz)
returns int
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The bound against starvation: a minute in line counts as one step, so after three nobody new goes first.
    return greatest(0, case priority when 'critical' then 0 when 'high' then 1 when 'medium' then 2 else 3 end
                       - floor(extract(epoch from at - started_at) / 60)::int);
end $$;
comment on function fleet.wait_rank is
    'Place of a priority in the line, 0 first; equal ranks by arrival. Example: select fleet.wait_rank(''low'', now() - interval ''2 min'', now())';

create function fleet_log.wait_is_live(q fleet_state.reservation_requests, at timestamptz)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return q.state = 'waiting' and q.deadline > at and exists (
        select from fleet_live.waiters l
          left join fleet_live.hosts h on h.host_id = l.host
         where l.reservation_id = q.reservation_id and (l.host is null or h.epoch = l.epoch));
end $$;
comment on function fleet_log.wait_is_live is
    'True while somebody is there to take what it waits for. Example: select fleet_log.wait_is_live(q, now()) from fleet_state.reservation_requests q';

create function fleet_log.wait_is_halted(q fleet_state.reservation_requests)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    w fleet_log.work;
begin
    if not exists (select from fleet_state.halts h where h.halted) then
        return false;   -- nearly always
    end if;
    -- The very question that a new request would be asked.
    w.op := 'reserve';
    w.actor := q.holder;
    w.project := q.project;
    w.args := jsonb_strip_nulls(jsonb_build_object('sortie_id', (
        select l.sortie_id from fleet_live.waiters l where l.reservation_id = q.reservation_id)));
    return (fleet_log.halt_problem(w)).code is not null;
end $$;
comment on function fleet_log.wait_is_halted is
    'True if who waits for files may begin nothing now: passed over, with its place kept. Example: select fleet_log.wait_is_halted(q) from fleet_state.reservation_requests q';

create function fleet_log.classify(
    met fleet_log.overlap[], project text, holder text, rank int, arrival bigint, at timestamptz)
returns fleet_log.obstacle[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- LIMIT keeps each look-up an index probe, whatever the planner thinks of the tables.
    return (
        select array_agg((f.requested, f.reservation_id, f.holder, f.pattern, f.exclusive, f.waiting,
                          coalesce(f.holder = classify.holder, false), coalesce(r.until <= classify.at, false),
                          r.until, r.reserved_at)::fleet_log.obstacle
                         order by f.waiting, r.until, q.arrival, f.reservation_id, f.pattern)
          from unnest(met) f
          left join lateral (
               select fleet.lease_until(y.expires_at, y.extended_at, y.ttl_seconds, v.seen_at) as until, y.reserved_at
                 from fleet_state.reservations y
                 left join fleet_live.pilots v on v.project = y.project and v.callsign = y.holder
                where not f.waiting and y.reservation_id = f.reservation_id limit 1) r on true
          left join lateral (
               select y.arrival, fleet.wait_rank(y.priority, y.started_at, classify.at) as rank,
                      fleet_log.wait_is_live(y, classify.at) and not fleet_log.wait_is_halted(y) as live
                 from fleet_state.reservation_requests y
                where f.waiting and y.reservation_id = f.reservation_id limit 1) q on true
         where not f.waiting or (q.live and (q.rank, q.arrival) < (classify.rank, classify.arrival)));
end $$;
comment on function fleet_log.classify is
    'Overlaps with what decides whether they stand in the way; waiters that come later are left out. Example: see fleet_log.obstacles';

create function fleet_log.obstacles(
    project text, holder text, patterns text[], exclusive boolean, rank int, arrival bigint, at timestamptz)
returns fleet_log.obstacle[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    most constant int := 101;
    met fleet_log.overlap[] := fleet_log.overlapping(project, patterns, holder, exclusive, most);
    obstacles fleet_log.obstacle[];
begin
    if met is null then
        return null;   -- nearly always
    end if;
    obstacles := fleet_log.classify(met, project, holder, rank, arrival, at);
    if cardinality(met) >= most and fleet_log.blocking(obstacles) is null then
        -- A crowd in which nobody stands in the way: then all of it must be known.
        met := fleet_log.overlapping(project, patterns, holder, exclusive, null);
        obstacles := fleet_log.classify(met, project, holder, rank, arrival, at);
    end if;
    return obstacles;
end $$;
comment on function fleet_log.obstacles is
    'What a request of this holder meets, its own equal patterns and lapsed ones included; null if nothing; at least one that blocks, or all. Example: select * from unnest(fleet_log.obstacles(''demo'', ''viper-1'', ''{src/**}'', true, 2, 1, now()))';

create function fleet_log.blocking(obstacles fleet_log.obstacle[])
returns fleet_log.obstacle[]
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select array_agg(o) from unnest(obstacles) o where not o.own and not o.lapsed);
end $$;
comment on function fleet_log.blocking is
    'Those obstacles that stand in the way; null if none do. Example: see fleet_log.obstacles';

create function fleet_log.reservation_id_of(project text, given text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ids text[];
begin
    if length(given) >= 30 then
        return given;
    end if;
    select array_agg(distinct p.reservation_id) into ids
      from fleet_state.reservation_patterns p
     where p.project = reservation_id_of.project
       and (starts_with(p.reservation_id, given) or right(p.reservation_id, length(given)) = given);
    return case when cardinality(ids) = 1 then ids[1] else given end;
end $$;
comment on function fleet_log.reservation_id_of is
    'The id that a start or an end of it means among those held or waited for; what is not clear stays as it is. Example: select fleet_log.reservation_id_of(''demo'', ''x7k2pq'')';
