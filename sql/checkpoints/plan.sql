-- What restoring a checkpoint would do now. What happened after it wins: only what was lost by itself comes back, to
-- pilots that are there; what others took, ended or gave back stays as it is.

create function fleet_log.plan_sortie(item jsonb, at timestamptz, idle_seconds int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties;
    p fleet_state.pilots;
    cause text;
    action text := 'left';
    why text;
begin
    select * into s from fleet_state.sorties x where x.sortie_id = item ->> 'sortie_id';
    select * into p from fleet_state.pilots x where x.project = s.project and x.callsign = item ->> 'pilot';
    cause := (select e.data ->> 'cause' from fleet_log.events e
               where e.stream_id = s.sortie_id and e.type = 'sortie_requeued' order by e.stream_version desc limit 1);
    if s.sortie_id is null then
        why := 'this database does not know it';
    elsif fleet_log.has_ended(s.state) then
        action := 'kept';
        why := 'it is ' || s.state;
    elsif s.state = 'review' then
        action := 'kept';
        why := 'it waits for a verdict';
    elsif s.token is not null and fleet_log.is_there(s.project, s.pilot, plan_sortie.at, idle_seconds) then
        action := 'kept';
        why := s.pilot || ' has it';
    elsif s.token is not null then
        action := 'released';
        why := s.pilot || ' is gone';
    elsif not s.mission_runs then
        why := 'its mission is not in progress';
    elsif cause is distinct from 'lease_expired' and cause is distinct from 'pilot_lost' then
        why := case cause when 'returned' then s.pilot || ' gave it back' when 'retry' then 'its attempt failed'
                          else 'it went back after a review' end;
    elsif s.pilot is distinct from p.callsign then
        why := s.pilot || ' had it since';
    elsif not fleet_log.is_there(s.project, p.callsign, plan_sortie.at, idle_seconds) then
        why := (item ->> 'pilot') || ' is gone: it waits for whoever claims it';
    elsif not s.ready or not fleet_log.fits(s, p) then
        why := coalesce(fleet_log.why_not_ready(s), p.callsign || ' may not take it any more');
    else
        action := 'assigned';
    end if;
    return jsonb_strip_nulls(jsonb_build_object('sortie_id', item ->> 'sortie_id', 'title', item -> 'title',
        'action', action, 'why', why, 'pilot', case when action = 'assigned' then item ->> 'pilot' else s.pilot end,
        'was', item -> 'status', 'progress', s.progress));
end $$;
comment on function fleet_log.plan_sortie is
    'What becomes of a sortie that somebody had at a checkpoint. Example: see fleet_log.recovery_plan';

create function fleet_log.plan_reservation(project text, item jsonb, sorties jsonb, lost jsonb, at timestamptz, idle_seconds int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    r fleet_state.reservations;
    held_by constant text := item ->> 'holder';
    wanted constant text[] := array(select jsonb_array_elements_text(item -> 'patterns'));
    there constant boolean := fleet_log.is_there(plan_reservation.project, held_by, plan_reservation.at, idle_seconds);
    blocking fleet_log.obstacle[];
    action text := 'left';
    why text;
begin
    select * into r from fleet_state.reservations x where x.reservation_id = item ->> 'reservation_id';
    if r.state = 'active' then
        action := case when there then 'kept' else 'freed' end;
        why := case when there then null else held_by || ' is gone' end;
    elsif not there then
        why := held_by || ' is gone';
    elsif r.end_cause = 'forced' or r.state = 'forced' then
        why := coalesce(r.ended_by, 'somebody') || ' took it by force';
    elsif r.end_cause in ('explicit', 'deregistered') then
        why := held_by || case r.end_cause when 'explicit' then ' gave it back' else ' left' end;
    elsif item ? 'sortie_id' and not exists (
              select from jsonb_array_elements(sorties) x
               where x ->> 'sortie_id' = item ->> 'sortie_id' and x ->> 'pilot' = held_by and x ->> 'action' = 'assigned')
          and not exists (select from fleet_state.sorties s
                           where s.sortie_id = item ->> 'sortie_id' and s.pilot = held_by and s.token is not null) then
        why := 'its sortie is not ' || held_by || '''s any more';
    elsif r.end_cause = 'sortie_done' and not item ? 'sortie_id' then
        why := 'its sortie was over';
    elsif exists (select from fleet_state.reservations x
                   where x.project = plan_reservation.project and x.holder = held_by and x.state = 'active'
                     and x.mode = item ->> 'mode' and x.patterns @> wanted and x.patterns <@ wanted) then
        action := 'kept';
        why := held_by || ' has these files again';
    else
        action := 'taken';
        -- Nobody who waits in line has a better right than who lost it.
        blocking := fleet_log.blocking(fleet_log.obstacles(plan_reservation.project, held_by, wanted,
                                                           item ->> 'mode' = 'exclusive', 0, 0, plan_reservation.at));
        blocking := (select array_agg(o) from unnest(blocking) o
                      where not exists (select from jsonb_array_elements(lost) l where l ->> 'callsign' = o.holder));
    end if;
    return jsonb_strip_nulls(jsonb_build_object('was', item -> 'reservation_id', 'holder', held_by,
        'patterns', item -> 'patterns', 'mode', item -> 'mode', 'sortie_id', item -> 'sortie_id', 'action', action, 'why', why,
        'conflicts', case when blocking is not null
            then fleet_log.conflict_json(blocking, plan_reservation.at) -> 'conflicts' end));
end $$;
comment on function fleet_log.plan_reservation is
    'What becomes of a reservation of a checkpoint. Example: see fleet_log.recovery_plan';

create function fleet_log.pilots_to_drop(c fleet_state.checkpoints, at timestamptz, idle_seconds int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Still counted as at work, but silent, and in the way with what they have: of a mission everybody in the project, so
    -- that no file of its stays with the dead; of a sortie who has it.
    return (
        select coalesce(jsonb_agg(jsonb_build_object('project', p.project, 'callsign', p.callsign, 'pilot_id', p.pilot_id,
                   'seen_at', fleet_log.json_time(l.seen_at), 'lease_seconds', idle_seconds) order by p.callsign), '[]')
          from fleet_state.pilots p
         cross join lateral (select x.seen_at from fleet_live.pilots x
                              where x.project = p.project and x.callsign = p.callsign limit 1) l
         where p.project = c.project and p.state in ('active', 'idle')
           and l.seen_at <= pilots_to_drop.at - make_interval(secs => idle_seconds)
           and (exists (select from fleet_state.sorties s
                         where s.project = p.project and s.pilot = p.callsign
                           and s.state in ('assigned', 'in_progress', 'blocked')
                           and (c.sortie_id is null or s.sortie_id = c.sortie_id))
                or c.sortie_id is null and (
                    exists (select from fleet_state.reservations r
                             where r.project = p.project and r.holder = p.callsign and r.state = 'active')
                    or exists (select from fleet_state.reservation_requests q
                                where q.project = p.project and q.holder = p.callsign and q.state = 'waiting')
                    or exists (select from fleet_state.work_orders o
                                where o.project = p.project and o.claimed_by = p.callsign and o.state = 'claimed'))));
end $$;
comment on function fleet_log.pilots_to_drop is
    'Pilots that are silent though nobody has said that they are gone, and still have something. Example: see fleet_log.recovery_plan';

create function fleet_log.last_notes(c fleet_state.checkpoints)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    said text;
begin
    -- A checkpoint that took itself knows no next steps: those that a pilot wrote down last still hold.
    said := (select b.body from fleet_state.checkpoints x
              cross join lateral (select y.body from fleet_log.bodies y where y.digest = x.body_digest limit 1) b
              where x.mission_id = c.mission_id and x.trigger in ('manual', 'compaction') and x.state <> 'deleted'
                and x.event_seq <= c.event_seq and b.body is not null
                and x.sortie_id is not distinct from c.sortie_id
              order by x.event_seq desc limit 1);
    return coalesce(said::jsonb - 'error', '{}');
end $$;
comment on function fleet_log.last_notes is
    'What a pilot added last to a checkpoint of the same mission or sortie. Example: select fleet_log.last_notes(c) from fleet_state.checkpoints c';

create function fleet_log.recovery_plan(c fleet_state.checkpoints, sections jsonb, at timestamptz, idle_seconds int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    sorties jsonb;
    reservations jsonb;
    messages jsonb;
    lost constant jsonb := fleet_log.pilots_to_drop(c, recovery_plan.at, recovery_plan.idle_seconds);
begin
    sorties := (select coalesce(jsonb_agg(fleet_log.plan_sortie(s, recovery_plan.at, recovery_plan.idle_seconds) order by n), '[]')
                  from jsonb_array_elements(sections -> 'sorties') with ordinality x (s, n) where s ? 'token');
    -- What gone pilots took up after the checkpoint is given back with the rest.
    sorties := sorties || (
        select coalesce(jsonb_agg(jsonb_build_object('sortie_id', s.sortie_id, 'title', s.title, 'action', 'released',
                   'why', s.pilot || ' is gone', 'pilot', s.pilot, 'was', s.state, 'progress', s.progress)
                   order by s.sortie_id), '[]')
          from fleet_state.sorties s
         where s.mission_id = c.mission_id and c.sortie_id is null and s.state in ('assigned', 'in_progress', 'blocked')
           and exists (select from jsonb_array_elements(lost) l where l ->> 'callsign' = s.pilot)
           and not exists (select from jsonb_array_elements(sorties) x where x ->> 'sortie_id' = s.sortie_id));
    reservations := (select coalesce(jsonb_agg(fleet_log.plan_reservation(c.project, r, sorties, lost, recovery_plan.at,
                                                                          recovery_plan.idle_seconds) order by n), '[]')
                       from jsonb_array_elements(sections -> 'reservations') with ordinality x (r, n));
    -- Mail that came back because its reader was gone, and the reader is there.
    messages := (
        select coalesce(jsonb_agg(jsonb_build_object('message_id', r.message_id, 'recipient', r.recipient)
                                  order by r.sent_seq, r.recipient), '[]')
          from jsonb_array_elements(sections -> 'mail') m
         cross join lateral jsonb_array_elements_text(m -> 'unread') who (name)
         cross join lateral (select y.* from fleet_state.message_recipients y
                              where y.message_id = m ->> 'message_id' and y.recipient = who.name limit 1) r
         where r.state = 'bounced' and fleet_log.is_there(c.project, r.recipient, recovery_plan.at, recovery_plan.idle_seconds));
    return jsonb_build_object('checkpoint_id', c.checkpoint_id, 'sorties', sorties, 'reservations', reservations,
        'messages', messages, 'drop', lost,
        'pilots_dropped', (select coalesce(jsonb_agg(l -> 'callsign'), '[]') from jsonb_array_elements(lost) l),
        'notes', fleet_log.last_notes(c) || coalesce(sections -> 'notes', '{}'), 'mission', sections -> 'mission',
        'last_action', sections #> '{actions,-1}', 'blockers', coalesce(sections -> 'blockers', '[]'),
        'files', coalesce(sections -> 'files', '[]'));
end $$;
comment on function fleet_log.recovery_plan is
    'What restoring a checkpoint would do now. Example: select fleet_log.recovery_plan(c, fleet_log.checkpoint_sections(c.checkpoint_id), now(), 300) from fleet_state.checkpoints c';
