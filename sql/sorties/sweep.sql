-- What time does to sorties and missions; the leader's round, and what the loss of a pilot means.

create function fleet_log.return_sorties(
    w fleet_log.work, project text, callsigns text[], cause text, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    before text := w.project;
begin
    -- Its files are freed by who calls, with the cause that is his to say. What is in review waits for its verdict.
    w.project := return_sorties.project;
    w := fleet_log.requeue_sorties(w, array(
        select s.sortie_id from fleet_state.sorties s
         where s.project = return_sorties.project and s.pilot = any(callsigns)
           and s.state in ('assigned', 'in_progress', 'blocked')), return_sorties.cause, return_sorties.causation_id);
    w.project := before;
    return w;
end $$;
comment on function fleet_log.return_sorties is
    'Puts the sorties of pilots who have gone back to pending; w.result lists them. Example: w := fleet_log.return_sorties(w, ''demo'', ''{viper-1}'', ''pilot_lost'', w.event_id)';

create function fleet_log.sweep_leases(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    lapsed record;
    returned int := 0;
begin
    for lapsed in
        select s.project, array_agg(s.sortie_id order by s.created_seq) as ids
          from fleet_state.sorties s
          left join lateral (select x.seen_at from fleet_live.pilots x
                              where x.project = s.project and x.callsign = s.pilot limit 1) l on true
         where s.state in ('assigned', 'in_progress', 'blocked')
           and fleet_log.sortie_lease_until(s, l.seen_at) <= w.at
         group by s.project order by s.project
    loop
        w.project := lapsed.project;
        w := fleet_log.checkpoint_held(w, w.project, lapsed.ids, 'error',
                 '{"kind": "lease_expired", "message": "%s let the lease run out"}', null);
        w := fleet_log.requeue_sorties(w, lapsed.ids, 'lease_expired', null);
        w := fleet_log.free_sortie_files(w, w.project, lapsed.ids, w.event_id);
        returned := returned + cardinality(lapsed.ids);
    end loop;
    w.result := to_jsonb(returned);
    return w;
end $$;
comment on function fleet_log.sweep_leases is
    'Returns sorties whose lease has lapsed; w.result counts them. Example, in sweep_sorties: w := fleet_log.sweep_leases(w)';

create function fleet_log.sweep_timeouts(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties;
    failed int := 0;
begin
    for s in
        select x.* from fleet_state.sorties x
         where x.state in ('assigned', 'in_progress', 'blocked')
           -- The time a reviewer took is not the pilot's.
           and greatest(x.assigned_at, x.reviewed_at) + make_interval(secs => x.timeout_seconds) <= w.at
         order by x.project, x.created_seq
    loop
        -- The end of one may have ended another.
        continue when (select y.last_seq from fleet_state.sorties y where y.sortie_id = s.sortie_id) <> s.last_seq;
        w.project := s.project;
        w := fleet_log.fail_attempt(w, s, jsonb_build_object('kind', 'timeout', 'message',
            format('attempt %s took longer than %s', s.attempt, fleet.time_words(s.timeout_seconds)),
            'detail', jsonb_build_object('pilot', s.pilot, 'timeout_seconds', s.timeout_seconds)), false);
        failed := failed + 1;
    end loop;
    w.result := to_jsonb(failed);
    return w;
end $$;
comment on function fleet_log.sweep_timeouts is
    'Fails attempts that took too long; w.result counts them. Example, in sweep_sorties: w := fleet_log.sweep_timeouts(w)';

create function fleet_log.sweep_missions(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.missions;
    late int := 0;
    ended int := 0;
    seq bigint;
begin
    for m in
        select x.* from fleet_state.missions x
         where x.state in ('pending', 'in_progress', 'review') and x.deadline <= w.at
           and x.state <> 'pending' order by x.project, x.mission_id
    loop
        continue when (select y.state from fleet_state.missions y where y.mission_id = m.mission_id) <> m.state;
        w.project := m.project;
        w := fleet_log.end_mission(w, m, 'mission_failed', jsonb_build_object(
            'reason', 'its deadline passed at ' || fleet_log.json_time(m.deadline),
            'error', jsonb_build_object('kind', 'deadline', 'message', 'the deadline passed')), 'its mission failed');
        late := late + 1;
    end loop;
    -- Commands see to this themselves; a mission that came through all the same must not stay for ever.
    for m in
        select x.* from fleet_state.missions x
         where x.state in ('pending', 'in_progress', 'review') and x.state = 'in_progress' and (
               x.complete_by_itself and not exists (
                   select from fleet_state.sorties s where s.mission_id = x.mission_id
                      and s.state in ('pending', 'assigned', 'in_progress', 'blocked', 'review'))
               and exists (select from fleet_state.sorties s where s.mission_id = x.mission_id)
            or x.on_failure = 'stop' and exists (
                   select from fleet_state.sorties s where s.mission_id = x.mission_id and s.state = 'failed'))
         order by x.project, x.mission_id
    loop
        w.project := m.project;
        seq := w.head;
        w := fleet_log.follow_mission(w, m.mission_id, null);
        if w.head > seq then
            w := fleet_log.follow(w, fleet_log.texts_of(w.result));
            ended := ended + 1;
        end if;
    end loop;
    w.result := jsonb_build_object('missions_late', late, 'missions_ended', ended);
    return w;
end $$;
comment on function fleet_log.sweep_missions is
    'Fails missions past their deadline and ends those whose policy says so; w.result counts both. Example, in sweep_sorties: w := fleet_log.sweep_missions(w)';

create function fleet_log.sweep_sorties(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    project text := w.project;
    counts jsonb;
begin
    -- An attempt that took too long has failed, whether or not its lease has lapsed as well.
    w := fleet_log.sweep_timeouts(w);
    counts := jsonb_build_object('timed_out', w.result);
    w := fleet_log.sweep_leases(w);
    counts := counts || jsonb_build_object('requeued', w.result);
    w := fleet_log.sweep_missions(w);
    w.result := counts || w.result;
    w.project := project;
    return w;
end $$;
comment on function fleet_log.sweep_sorties is
    'The round over all projects: {requeued, timed_out, missions_late, missions_ended}. Example, in do_sweep: w := fleet_log.sweep_sorties(w)';
