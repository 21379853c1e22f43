-- What follows from ends: sorties that wait are skipped, missions complete, fail or go into review; in the same command.

create function fleet_log.tell_progress(w fleet_log.work, m fleet_state.missions, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    percent int;
    told int := (select coalesce(max((e.data ->> 'percent')::int), 0) from fleet_log.events e
                  where e.stream_id = m.mission_id and e.type = 'mission_progressed');
    drafts fleet_log.draft[];
begin
    if told = 75 then
        return w;   -- there is no more to tell, and nothing to count
    end if;
    percent := fleet_log.mission_progress(m.mission_id);
    select array_agg((m.project, 'mission_progressed', 'mission', m.mission_id, jsonb_build_object('percent', step),
                      tell_progress.causation_id, 'system')::fleet_log.draft order by step)
      into drafts from unnest('{25,50,75}'::int[]) step where step > told and step <= percent;
    if drafts is null then
        return w;
    end if;
    w := fleet_log.put_all(w, drafts, array_fill(m.mission_id::text, array[cardinality(drafts)]));
    return fleet_log.checkpoint_by_itself(w, m.mission_id, null, 'progress', jsonb_build_object('causation_id', w.event_id));
end $$;
comment on function fleet_log.tell_progress is
    'Writes mission_progressed for each quarter that was crossed and not yet told, and takes a checkpoint. Example, in a command: w := fleet_log.tell_progress(w, m, w.event_id)';

create function fleet_log.cancel_sorties(w fleet_log.work, mission text, states text[], reason text, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ids text[] := array(select s.sortie_id from fleet_state.sorties s
                         where s.mission_id = mission and s.state = any(states) order by s.created_seq);
begin
    if ids <> '{}' then
        w := fleet_log.put_all(w,
            array(select (w.project, 'sortie_cancelled', 'sortie', id, jsonb_build_object('reason', cancel_sorties.reason),
                          cancel_sorties.causation_id, null)::fleet_log.draft from unnest(ids) with ordinality u(id, n)
                   order by n),
            array_fill(mission, array[cardinality(ids)]));
        w := fleet_log.free_sortie_files(w, w.project, ids, cancel_sorties.causation_id);
    end if;
    w.result := to_jsonb(ids);
    return w;
end $$;
comment on function fleet_log.cancel_sorties is
    'Cancels the sorties of a mission that are in these states and frees their files; w.result lists them. Example: w := fleet_log.cancel_sorties(w, m.mission_id, ''{pending}'', ''…'', w.event_id)';

create function fleet_log.end_result(counts jsonb, summary text)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_strip_nulls(jsonb_build_object('summary', summary,
        'sorties_completed', counts -> 'completed', 'sorties_skipped', counts -> 'skipped',
        'sorties_cancelled', counts -> 'cancelled', 'sorties_failed', counts -> 'failed'));
end $$;
comment on function fleet_log.end_result is
    'How the sorties of a mission ended, for its events. Example: select fleet_log.end_result(fleet_log.mission_counts(''msn_01…''), null)';

create function fleet_log.follow_mission(w fleet_log.work, id text, why text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    actor text := w.actor;
    m fleet_state.missions;
    counts jsonb;
    failed int;
    reason text;
    last bigint;
begin
    w.result := '[]';
    select * into m from fleet_state.missions y where y.mission_id = id;
    if m.state is distinct from 'in_progress' then
        return w;
    end if;
    w := fleet_log.tell_progress(w, m, why);
    -- Two probes of an index spare most ends the counting.
    if exists (select from fleet_state.sorties s where s.mission_id = id
                  and s.state in ('pending', 'assigned', 'in_progress', 'blocked', 'review'))
       and not exists (select from fleet_state.sorties s where s.mission_id = id and s.state = 'failed') then
        return w;
    end if;
    counts := fleet_log.mission_counts(id);
    failed := (counts ->> 'failed')::int;
    w.actor := 'system';   -- nobody said it: it follows
    if failed > 0 and m.on_failure = 'stop' then
        select 'sortie ' || fleet_log.sortie_label(s) || ' failed: ' || (s.error ->> 'message') into reason
          from fleet_state.sorties s where s.mission_id = id and s.state = 'failed' order by s.last_seq limit 1;
    elsif failed > m.max_failures then
        reason := format('%s sorties failed, %s may', failed, m.max_failures);
    elsif counts -> 'total' = to_jsonb(failed + (counts ->> 'completed')::int + (counts ->> 'skipped')::int
                                       + (counts ->> 'cancelled')::int) and m.complete_by_itself then
        last := (select max(s.last_seq) from fleet_state.sorties s where s.mission_id = id);
        if failed > 0 and m.max_failures is null then
            reason := failed || case when failed = 1 then ' sortie failed' else ' sorties failed' end;
        elsif last > coalesce(m.review_seq, 0) then
            w := fleet_log.finish_mission(w, m, counts, null);
        end if;
    end if;
    if reason is not null then
        w := fleet_log.put_mission(w, id, 'mission_failed', jsonb_build_object('reason', left(reason, 2000)));
        w := fleet_log.cancel_sorties(w, id, '{pending}', 'its mission failed', w.event_id);
    else
        w.result := '[]';
    end if;
    w.actor := actor;
    return w;
end $$;
comment on function fleet_log.follow_mission is
    'Completes or fails a mission if its policy says so now; w.result lists the sorties that were cancelled. Example, in fleet_log.follow: w := fleet_log.follow_mission(w, id, why)';

create function fleet_log.finish_mission(w fleet_log.work, m fleet_state.missions, counts jsonb, summary text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    result jsonb := fleet_log.end_result(counts, summary);
begin
    if m.require_review and m.state = 'in_progress' then
        return fleet_log.put_mission(w, m.mission_id, 'mission_review_requested', result);
    end if;
    return fleet_log.put_mission(w, m.mission_id, 'mission_completed', jsonb_build_object(
        'result', result, 'duration_ms', fleet_log.elapsed_ms(m.started_at, w.at)));
end $$;
comment on function fleet_log.finish_mission is
    'Completes a mission, or hands it in for review. Example, in a command: w := fleet_log.finish_mission(w, m, counts, null)';

create function fleet_log.missions_of(ids text[])
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return array(select distinct s.mission_id from unnest(ids) id
                  cross join lateral (select x.mission_id from fleet_state.sorties x where x.sortie_id = id limit 1) s
                  where s.mission_id is not null order by 1);
end $$;
comment on function fleet_log.missions_of is
    'The missions of sorties, each once. Example: select fleet_log.missions_of(''{srt_01…}'')';

create function fleet_log.follow(w fleet_log.work, ended text[], candidates text[] default '{}')
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    why text := w.event_id;
    todo text[] := candidates || fleet_log.dependants(ended);
    missions text[] := fleet_log.missions_of(ended);
    gone text[];
    skipped text[] := '{}';
    cancelled text[] := '{}';
    moved text[] := '{}';
    seq bigint;
begin
    loop
        -- In the order of the dependencies, all of one depth at a time.
        while todo <> '{}' loop
            w := fleet_log.judge(w, todo, why);
            gone := fleet_log.texts_of(w.result);
            exit when gone = '{}';
            skipped := skipped || gone;
            missions := missions || array(select n from unnest(fleet_log.missions_of(gone)) n where n <> all(missions));
            todo := fleet_log.dependants(gone);
        end loop;
        exit when missions = '{}';
        seq := w.head;
        w := fleet_log.follow_mission(w, missions[1], why);
        gone := fleet_log.texts_of(w.result);
        cancelled := cancelled || gone;
        todo := fleet_log.dependants(gone);
        if w.head > seq then
            moved := moved || missions[1];
        end if;
        missions := missions[2:];
    end loop;
    w.result := jsonb_strip_nulls(jsonb_build_object(
        'skipped', nullif(to_jsonb(skipped), '[]'), 'cancelled', nullif(to_jsonb(cancelled), '[]'),
        'mission', (select jsonb_build_object('mission_id', m.mission_id, 'status', m.state)
                      from fleet_state.missions m
                     where m.mission_id = moved[1] and m.state <> 'in_progress')));
    return w;
end $$;
comment on function fleet_log.follow is
    'All that follows from the end of these sorties; w.result is {skipped?, cancelled?, mission?}. Candidates are judged first. Example, in a command: w := fleet_log.follow(w, array[s.sortie_id])';

create function fleet_log.end_sorties(w fleet_log.work, ids text[])
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    freed jsonb;
    why text := w.event_id;
begin
    w := fleet_log.free_sortie_files(w, w.project, ids, why);
    freed := w.result;
    w.event_id := why;
    w := fleet_log.follow(w, ids);
    w.result := w.result || case when freed = '[]' then '{}' else jsonb_build_object('freed', freed) end;
    return w;
end $$;
comment on function fleet_log.end_sorties is
    'After the events that ended sorties: frees their files, then all that follows; w.result is {freed?, skipped?, cancelled?, mission?}. Example, in a command: w := fleet_log.end_sorties(w, array[s.sortie_id])';

create function fleet_log.requeue_sorties(w fleet_log.work, ids text[], cause text, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[];
    missions text[];
    over text[];
    back text[];
begin
    -- What comes back to a mission that is over is not wanted any more.
    select array_agg((w.project, case when o.over then 'sortie_cancelled' else 'sortie_requeued' end, 'sortie', s.sortie_id,
                      case when o.over then jsonb_build_object('reason', 'its mission is over')
                           else jsonb_build_object('cause', requeue_sorties.cause, 'pilot', s.pilot,
                                   'attempt', s.attempt + (requeue_sorties.cause = 'retry')::int) end,
                      requeue_sorties.causation_id, null)::fleet_log.draft order by s.created_seq),
           array_agg(s.mission_id order by s.created_seq),
           coalesce(array_agg(s.sortie_id order by s.created_seq) filter (where o.over), '{}'),
           coalesce(array_agg(s.sortie_id order by s.created_seq) filter (where not o.over), '{}')
      into drafts, missions, over, back
      from unnest(ids) id
     cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = id limit 1) s
     cross join lateral (select exists (
               select from fleet_state.missions m where m.mission_id = s.mission_id
                  and m.state in ('completed', 'failed', 'cancelled')) as over) o;
    if drafts is not null then
        w := fleet_log.put_all(w, drafts, missions);
        if over <> '{}' then
            w := fleet_log.follow(w, over);
        end if;
    end if;
    w.result := to_jsonb(coalesce(back, '{}'));
    return w;
end $$;
comment on function fleet_log.requeue_sorties is
    'Puts sorties back to pending, or cancels them if their mission is over; w.result lists those that went back. Example: w := fleet_log.requeue_sorties(w, ''{srt_01…}'', ''returned'', null)';

create function fleet_log.fail_attempt(
    w fleet_log.work, s fleet_state.sorties, error jsonb, is_final boolean, verdict fleet_log.draft default null)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    again boolean := s.attempt < s.max_attempts and not coalesce(is_final, false) and not exists (
        select from fleet_state.missions m
         where m.mission_id = s.mission_id and m.state in ('completed', 'failed', 'cancelled'));
    drafts fleet_log.draft[] := case when verdict.type is not null then array[verdict] else '{}' end;
begin
    w := fleet_log.checkpoint_error(w, s, error);
    -- In one statement, so that nobody who waits for it sees an end that is none.
    drafts := drafts || (s.project, 'sortie_failed', 'sortie', s.sortie_id, jsonb_build_object(
        'error', error, 'attempt', s.attempt, 'final', not again), null, null)::fleet_log.draft;
    if again then
        drafts := drafts || (s.project, 'sortie_requeued', 'sortie', s.sortie_id, jsonb_build_object(
            'cause', 'retry', 'attempt', s.attempt + 1, 'pilot', s.pilot), null, null)::fleet_log.draft;
    end if;
    w := fleet_log.put_all(w, drafts, array_fill(s.mission_id::text, array[cardinality(drafts)]));
    if not again then
        return fleet_log.end_sorties(w, array[s.sortie_id]);
    end if;
    w := fleet_log.free_sortie_files(w, s.project, array[s.sortie_id], w.event_id);
    w.result := case when w.result = '[]' then '{}' else jsonb_build_object('freed', w.result) end;
    return w;
end $$;
comment on function fleet_log.fail_attempt is
    'Fails an attempt; the sortie is pending again while attempts last, and has ended otherwise. Example, in a command: w := fleet_log.fail_attempt(w, s, error, false)';
