-- How sorties end.

create function fleet_log.do_complete_sortie(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
    files jsonb := fleet_log.touched(w.args);
    outside fleet_log.draft;
begin
    w := fleet_log.holder_problem(w, s, 'sortie_completed');
    if w.code is null then
        w := fleet_log.hand_in_problem(w);
    end if;
    if w.code is not null then
        return w;
    end if;
    outside := fleet_log.scope_draft(w, s, files);
    w := fleet_log.put_work(w, s, 'sortie_completed',
        fleet_log.handed_in_data(w.args, coalesce(files, '[]')) || jsonb_build_object(
            'duration_ms', fleet_log.elapsed_ms(coalesce(s.started_at, s.assigned_at), w.at)), outside);
    w := fleet_log.end_sorties(w, array[s.sortie_id]);
    return fleet_log.answer_sortie(w, s.sortie_id, w.result || jsonb_build_object('violated', (outside).data -> 'files',
                                                                                  'checkpoint', fleet_log.taken_now(w, s)));
end $$;
comment on function fleet_log.do_complete_sortie is
    'Command complete_sortie. Example: select * from fleet.complete_sortie(''demo'', ''viper-1'', ''srt_01…'', 42, ''all tests pass'')';

create function fleet_log.do_fail_sortie(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
begin
    w := fleet_log.holder_problem(w, s, 'sortie_failed');
    if w.code is null then
        w := fleet_log.error_problem(w, w.args -> 'error');
    end if;
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.fail_attempt(w, s, w.args -> 'error', (w.args ->> 'final')::boolean);
    return fleet_log.answer_sortie(w, s.sortie_id, w.result || jsonb_build_object('checkpoint', fleet_log.taken_now(w, s)));
end $$;
comment on function fleet_log.do_fail_sortie is
    'Command fail_sortie: pending again while attempts last. Example: select * from fleet.fail_sortie(''demo'', ''viper-1'', ''srt_01…'', 42, ''2 tests fail'')';

create function fleet_log.do_retry_sortie(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
    mission text;
begin
    w := fleet_log.sortie_problem(w, s, 'sortie_requeued');
    if w.code is not null then
        return w;
    elsif s.state <> 'failed' then
        return fleet_log.refuse(w, 'transition_refused', '/args/sortie_id', 'it has not failed, it is ' || s.state,
                                'its pilot may return it', jsonb_build_object('found', s.state, 'asked', 'sortie_requeued'));
    end if;
    mission := (select m.state from fleet_state.missions m where m.mission_id = s.mission_id);
    if mission not in ('pending', 'in_progress') then
        return fleet_log.refuse(w, 'transition_refused', '/args/sortie_id', 'its mission is ' || mission,
                                'what is over, or judged, takes no more work', jsonb_build_object('found', s.state, 'mission', mission));
    elsif s.attempt >= s.max_attempts and not coalesce('operator' = any(w.roles), false) then
        return fleet_log.refuse(w, 'forbidden', '/args/sortie_id',
            format('all %s of its attempts are used up', s.max_attempts), 'an operator may try it once more');
    end if;
    w := fleet_log.requeue_sorties(w, array[s.sortie_id], 'retry', null);
    return fleet_log.answer_sortie(w, s.sortie_id);
end $$;
comment on function fleet_log.do_retry_sortie is
    'Command retry_sortie. Example: select * from fleet.act(''[{"op":"retry_sortie","project":"demo","args":{"sortie_id":"srt_01…"}}]'')';

create function fleet_log.do_cancel_sortie(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
begin
    w := fleet_log.sortie_problem(w, s, 'sortie_cancelled');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put_sortie(w, s, 'sortie_cancelled', jsonb_build_object(
        'reason', coalesce(w.args ->> 'reason', 'cancelled by ' || w.actor)));
    w := fleet_log.end_sorties(w, array[s.sortie_id]);
    return fleet_log.answer_sortie(w, s.sortie_id, w.result);
end $$;
comment on function fleet_log.do_cancel_sortie is
    'Command cancel_sortie. Example: select * from fleet.cancel_sortie(''demo'', ''viper-1'', ''srt_01…'', ''done elsewhere'')';
