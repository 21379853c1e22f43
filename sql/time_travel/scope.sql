-- Whose events it takes to know the state of a thing: its own, and those of what its row looks at.

create function fleet_log.pattern_covers(pattern text, path text)
returns boolean
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if pattern_covers.path ~ '[*?]' then
        return fleet.patterns_overlap(pattern_covers.pattern, pattern_covers.path);
    end if;
    -- The letters before the first wildcard decide most of them, without an expression.
    return pattern_covers.pattern = pattern_covers.path
        or (pattern_covers.pattern ~ '[*?]'
            and starts_with(pattern_covers.path, rtrim(regexp_replace(pattern_covers.pattern, '[*?].*$', ''), '/'))
            and pattern_covers.path ~ fleet_log.pattern_regex(pattern_covers.pattern));
end $$;
comment on function fleet_log.pattern_covers is
    'Whether a pattern holds a path, or overlaps a pattern. Example: select fleet_log.pattern_covers(''src/**'', ''src/a.c'')';

create function fleet_log.reservations_of_path(project text, path text)
returns table (reservation_id text, from_seq bigint, to_seq bigint)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp rows 10 as $$
begin
    -- Held from the token to the last event, or to this day; waited for from the arrival on.
    return query
    select r.reservation_id::text, r.token, case when r.state = 'active' then null else r.last_seq end
      from fleet_state.reservations r
     where r.project = reservations_of_path.project
       and exists (select from unnest(r.patterns) p where fleet_log.pattern_covers(p, reservations_of_path.path))
     union all
    select q.reservation_id::text, q.arrival, case when q.state = 'waiting' then null else q.last_seq end
      from fleet_state.reservation_requests q
     where q.project = reservations_of_path.project
       and exists (select from unnest(q.patterns) p where fleet_log.pattern_covers(p, reservations_of_path.path));
end $$;
comment on function fleet_log.reservations_of_path is
    'Every reservation and every wait that ever named a path. Example: select * from fleet_log.reservations_of_path(''demo'', ''src/a.c'')';

create function fleet_log.needs_of(sorties text[])
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- From the events, not from the rows: a later change may have taken a dependency away.
    return array(select distinct d ->> 'id' from fleet_log.events e
                  cross join lateral jsonb_array_elements(coalesce(e.data -> 'depends_on',
                                                                   e.data #> '{changes,depends_on}')) d
                  where e.stream_id = any(needs_of.sorties) and e.type in ('sortie_created', 'sortie_updated'));
end $$;
comment on function fleet_log.needs_of is
    'All that these sorties ever depended on. Example: select fleet_log.needs_of(array[''srt_01…''])';

create function fleet_log.with_surroundings(streams text[])
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- A sortie's row looks at its dependencies and at its mission, an order's at its dependencies, a thread's at its
    -- messages; all others are made of their own events.
    return array(
        select unnest(streams)
         union select unnest(fleet_log.needs_of(streams))
         union select s.mission_id from fleet_state.sorties s where s.sortie_id = any(streams) and s.mission_id is not null
         union select unnest(o.depends_on) from fleet_state.work_orders o where o.work_order_id = any(streams)
         union select m.message_id from fleet_state.messages m where m.thread_id = any(streams));
end $$;
comment on function fleet_log.with_surroundings is
    'These streams and what their rows look at. Example: select fleet_log.with_surroundings(array[''srt_01…''])';

create function fleet_log.touched_by(streams text[])
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Whose rows may change with events of these streams: those who wait for them, the sorties of a mission, the
    -- conversation of a message.
    return array(
        select unnest(streams)
         union select d.sortie_id from fleet_state.sortie_dependencies d where d.needs = any(streams)
         union select e.stream_id from fleet_log.events e
                where e.type = 'sortie_updated' and exists (
                      select from jsonb_array_elements(e.data #> '{changes,depends_on}') d where d ->> 'id' = any(streams))
         union select s.sortie_id from fleet_state.sorties s where s.mission_id = any(streams)
         union select d.work_order_id from fleet_state.work_order_dependencies d where d.depends_on = any(streams)
         union select m.thread_id from fleet_state.messages m where m.message_id = any(streams));
end $$;
comment on function fleet_log.touched_by is
    'Everything whose row may change when these streams go on. Example: select fleet_log.touched_by(array[''srt_01…''])';

create function fleet_log.held_then(project text, callsign text, seq bigint)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return array(
        select r.reservation_id from fleet_state.reservations r
         where r.project = held_then.project and r.holder = held_then.callsign and r.token <= held_then.seq
           and (r.state = 'active' or r.last_seq > held_then.seq)
         union
        -- A sortie knows its last pilot only: the claims know the others.
        select e.stream_id from fleet_log.events e
         where e.type = 'sortie_assigned' and e.seq <= held_then.seq and e.project = held_then.project
           and e.data ->> 'pilot' = held_then.callsign
           and not exists (select from fleet_state.sorties s where s.sortie_id = e.stream_id
                              and fleet_log.has_ended(s.state) and s.last_seq <= held_then.seq));
end $$;
comment on function fleet_log.held_then is
    'Reservations and sorties that a pilot may have held at a seq. Example: select fleet_log.held_then(''demo'', ''viper-1'', 42)';
