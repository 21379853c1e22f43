-- The board of the past: what `fleet replay` shows while it plays.

create function fleet_log.board_scope(project text, seq bigint)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    open_then text[];
begin
    -- What had ended by then, and has not moved since, is on no board: what is folded does not grow with the log.
    open_then := array(
        select m.mission_id from fleet_state.missions m
         where m.project = board_scope.project and (m.ended_at is null or m.last_seq > board_scope.seq)
         union
        select s.sortie_id from fleet_state.sorties s
         where s.project = board_scope.project and s.created_seq <= board_scope.seq and s.mission_id is null
           and (not fleet_log.has_ended(s.state) or s.last_seq > board_scope.seq)
         union
        select r.reservation_id from fleet_state.reservations r
         where r.project = board_scope.project and r.token <= board_scope.seq
           and (r.state = 'active' or r.last_seq > board_scope.seq)
         union
        select q.reservation_id from fleet_state.reservation_requests q
         where q.project = board_scope.project and q.arrival <= board_scope.seq
           and (q.state = 'waiting' or q.last_seq > board_scope.seq)
         union
        select p.pilot_id from fleet_state.pilots p
         where p.project = board_scope.project and (p.state <> 'deregistered' or p.last_seq > board_scope.seq));
    return fleet_log.with_surroundings(open_then || array(
        select s.sortie_id from fleet_state.sorties s
         where s.mission_id = any(open_then) and s.created_seq <= board_scope.seq));
end $$;
comment on function fleet_log.board_scope is
    'The streams that a board at a seq is made of. Example: select fleet_log.board_scope(''demo'', 42)';

create function fleet_log.past_sorties(scratch text, mission_id text)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    found jsonb;
begin
    execute format($q$
        select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'sortie_id', s.sortie_id, 'project', s.project, 'mission_id', s.mission_id, 'name', s.name, 'title', s.title,
                   'status', s.state, 'progress', s.progress, 'priority', s.priority, 'pilot', s.pilot, 'attempt', s.attempt,
                   'max_attempts', s.max_attempts, 'blocked_reason', s.blocked_reason, 'blocker_type', s.blocker_type,
                   'blocker_id', s.blocker_id, 'ready', s.ready, 'reason', s.reason, 'depends_on', (
                       select coalesce(jsonb_agg(jsonb_build_object('sortie_id', d.needs, 'mode', d.mode, 'status',
                                  (select n.state from %1$I.sorties n where n.sortie_id = d.needs)) order by d.ord), '[]')
                         from %1$I.sortie_dependencies d where d.sortie_id = s.sortie_id))) order by s.created_seq)
          from (select * from %1$I.sorties x where x.mission_id is not distinct from $1
                 order by x.created_seq limit 1000) s$q$, past_sorties.scratch) into found using past_sorties.mission_id;
    return coalesce(found, '[]');
end $$;
comment on function fleet_log.past_sorties is
    'The sorties of a mission, or those without one, as they were. Example: select fleet_log.past_sorties(scratch, ''msn_01…'')';

create function fleet_log.past_missions(scratch text)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    found jsonb;
begin
    execute format($q$
        select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'mission_id', m.mission_id, 'project', m.project, 'title', m.title, 'status', m.state,
                   'priority', m.priority, 'created_at', fleet_log.json_time(m.created_at),
                   'started_at', fleet_log.json_time(m.started_at), 'deadline', fleet_log.json_time(m.deadline),
                   'progress', (select coalesce(floor(avg(case when s.state in ('completed', 'skipped', 'cancelled')
                                            then 100 else s.progress end)), 0)::int
                                  from %1$I.sorties s where s.mission_id = m.mission_id),
                   'counts', (select coalesce(jsonb_object_agg(c.state, c.n), '{}') || jsonb_build_object(
                                  'total', coalesce(sum(c.n), 0), 'ready', coalesce(sum(c.ready), 0))
                                from (select s.state, count(*) as n, count(*) filter (where s.ready) as ready
                                        from %1$I.sorties s where s.mission_id = m.mission_id group by 1) c)))
                   || jsonb_build_object('sorties', fleet_log.past_sorties(%1$L, m.mission_id))
                 order by array_position('{in_progress,review,pending}', m.state::text), m.mission_id)
          from %1$I.missions m where m.ended_at is null$q$, past_missions.scratch) into found;
    return coalesce(found, '[]');
end $$;
comment on function fleet_log.past_missions is
    'Missions that were open, with their sorties. Example: select fleet_log.past_missions(scratch)';

create function fleet_log.past_pilots(scratch text, project text)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    found jsonb;
begin
    execute format($q$
        select jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                   'callsign', p.callsign, 'project', p.project, 'status', p.state, 'role', p.role, 'program', p.program,
                   'sortie', s.sortie_id, 'sortie_title', s.title, 'progress', s.progress, 'sorties', coalesce(s.n, 0),
                   'holds', (select count(*) from %1$I.reservations r where r.state = 'active' and r.holder = p.callsign),
                   'waits', (select count(*) from %1$I.reservation_requests q
                              where q.state = 'waiting' and q.holder = p.callsign)))
                 order by array_position('{active,idle,stale}', p.state), p.callsign)
          from %1$I.pilots p
          left join lateral (
               select x.sortie_id, x.title, x.progress, count(*) over () as n from %1$I.sorties x
                where x.state in ('assigned', 'in_progress', 'blocked', 'review') and x.pilot = p.callsign
                order by x.assigned_at limit 1) s on true
         where p.state <> 'deregistered' and p.project = $1$q$, past_pilots.scratch) into found using past_pilots.project;
    return coalesce(found, '[]');
end $$;
comment on function fleet_log.past_pilots is
    'Pilots that were there, with what they were at. Example: select fleet_log.past_pilots(scratch, ''demo'')';

create function fleet.history_board(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp set jit = off as $$
declare
    place text := nullif(filter ->> 'project', '');
    seq bigint := fleet_log.moment(filter ->> 'at', '/at');
    scratch text;
    files jsonb;
begin
    if place is null then
        perform fleet.refuse('invalid_field', 'names no project', '/project', 'a board of the past is one project''s');
    end if;
    scratch := fleet_log.open_past();
    perform fleet_log.fold_past(scratch, fleet_log.board_scope(place, seq), 1, seq);
    files := fleet_log.past_members(scratch, 'file', '');
    item := jsonb_build_object(
        'project', place, 'at', fleet_log.moment_json(seq), 'head', (select h.seq from fleet.head() h),
        'missions', fleet_log.past_missions(scratch), 'loose_sorties', fleet_log.past_sorties(scratch, null),
        'pilots', fleet_log.past_pilots(scratch, place), 'held', files -> 'holds', 'waiting', files -> 'waiting')::text;
    perform fleet_log.close_past(scratch);
    cursor_key := '';
    return next;
end $$;
comment on function fleet.history_board is
    'The board as it was at a seq or a time, as JSON: project, at. Example: select item from fleet.history_board(''{"project":"demo","at":"42"}'')';
