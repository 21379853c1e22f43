-- Bringing back what a checkpoint remembers, all or nothing.

create function fleet_log.retake_sorties(w fleet_log.work, plan jsonb, sections jsonb, cause text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[];
    missions text[];
begin
    -- In the order in which they were held; each is at once where it was: at work, or blocked.
    select array_agg((w.project, e.type, 'sortie', s.item ->> 'sortie_id', jsonb_strip_nulls(e.data), retake_sorties.cause,
                      s.item ->> 'pilot')::fleet_log.draft order by (s.item ->> 'token')::bigint, e.step),
           array_agg(x.mission_id order by (s.item ->> 'token')::bigint, e.step)
      into drafts, missions
      from jsonb_array_elements(sections -> 'sorties') s (item)
      join jsonb_array_elements(plan -> 'sorties') p (item)
        on p.item ->> 'sortie_id' = s.item ->> 'sortie_id' and p.item ->> 'action' = 'assigned'
     cross join lateral (select y.mission_id from fleet_state.sorties y where y.sortie_id = s.item ->> 'sortie_id' limit 1) x
     cross join lateral (
           select 1 as step, 'sortie_assigned' as type, jsonb_build_object('pilot', s.item -> 'pilot',
                      'lease_seconds', coalesce(s.item -> 'lease_seconds', '900')) as data
            union all
           select 2, 'sortie_started', jsonb_build_object('pilot', s.item -> 'pilot')
            where s.item ->> 'status' in ('in_progress', 'blocked', 'review')
            union all
           select 3, 'sortie_blocked', jsonb_build_object('reason', s.item #> '{blocked,reason}',
                      'blocker_type', s.item #> '{blocked,blocker_type}', 'blocker_id', s.item #> '{blocked,blocker_id}')
            where s.item ->> 'status' = 'blocked' and s.item ? 'blocked') e;
    if drafts is not null then
        w := fleet_log.put_all(w, drafts, missions);
    end if;
    return w;
end $$;
comment on function fleet_log.retake_sorties is
    'Gives sorties back to the pilots that had them. Example: see fleet_log.carry_out';

create function fleet_log.force_conflicts(w fleet_log.work, plan jsonb, reason text, cause text, out done fleet_log.work, out freed text[])
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[];
begin
    done := w;
    select array_agg((w.project, 'file_reservation_forced', 'reservation', r.reservation_id, jsonb_build_object(
                          'holder', r.holder, 'by', w.actor, 'reason', force_conflicts.reason,
                          'evidence', 'recovery from ' || (plan ->> 'checkpoint_id')), force_conflicts.cause, null)::fleet_log.draft
                     order by r.reservation_id)
      into drafts
      from (select distinct c ->> 'reservation_id' as id
              from jsonb_array_elements(plan -> 'reservations') x
             cross join lateral jsonb_array_elements(coalesce(x -> 'conflicts', '[]')) c) ids
     cross join lateral (select y.* from fleet_state.reservations y
                          where y.reservation_id = ids.id and y.state = 'active' limit 1) r;
    if drafts is not null then
        freed := array(select distinct p from unnest(drafts) d
                        cross join lateral (select y.patterns from fleet_state.reservations y
                                             where y.reservation_id = d.stream_id limit 1) y
                        cross join lateral unnest(y.patterns) p);
        done := fleet_log.put_all(w, drafts);
    end if;
end $$;
comment on function fleet_log.force_conflicts is
    'Takes files from who holds them now, for recovery by force. Example: see fleet_log.carry_out';

create function fleet_log.retake_files(w fleet_log.work, plan jsonb, sections jsonb, cause text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    item jsonb;
    obstacles fleet_log.obstacle[];
    lapsed fleet_log.obstacle[] := '{}';
    taken fleet_log.draft[] := '{}';
    drafts fleet_log.draft[];
    ended jsonb := '[]';
begin
    for item in
        select r.item from jsonb_array_elements(sections -> 'reservations') with ordinality r (item, n)
          join jsonb_array_elements(plan -> 'reservations') p (item)
            on p.item ->> 'was' = r.item ->> 'reservation_id' and p.item ->> 'action' = 'taken' order by r.n
    loop
        obstacles := fleet_log.obstacles(w.project, item ->> 'holder', array(select jsonb_array_elements_text(item -> 'patterns')),
                                         item ->> 'mode' = 'exclusive', 0, 0, w.at);
        if fleet_log.blocking(obstacles) is not null then
            -- The plan has looked: who stands in the way now waited in line, and got what the dead let go of just now.
            raise exception using errcode = 'FL423', detail = fleet_log.conflict_json(fleet_log.blocking(obstacles), w.at)::text;
        end if;
        lapsed := lapsed || array(select o from unnest(obstacles) o where o.lapsed and not o.own);
        taken := taken || (w.project, 'file_reserved', 'reservation', fleet.new_id('rsv'), jsonb_strip_nulls(jsonb_build_object(
            'holder', item -> 'holder', 'patterns', item -> 'patterns', 'mode', item -> 'mode', 'purpose', item -> 'purpose',
            'reason', item -> 'reason', 'ttl_seconds', item -> 'ttl_seconds', 'sortie_id', item -> 'sortie_id',
            'expires_at', fleet_log.json_time(w.at + make_interval(secs => (item ->> 'ttl_seconds')::int)))),
            retake_files.cause, item ->> 'holder')::fleet_log.draft;
        ended := ended || jsonb_build_object('was', item -> 'reservation_id');
    end loop;
    -- Lapsed reservations in the way end first, so that at no seq two have one path. All of it in one statement.
    drafts := array(select (w.project, 'file_released', 'reservation', o.reservation_id, jsonb_build_object(
                        'holder', o.holder, 'cause', 'expired', 'held_ms', fleet_log.elapsed_ms(o.reserved_at, w.at)),
                        retake_files.cause, null)::fleet_log.draft
                      from (select distinct x.reservation_id, x.holder, x.reserved_at from unnest(lapsed) x order by 1) o);
    w.result := (select coalesce(jsonb_agg(e.item || jsonb_build_object('reservation_id', d.stream_id,
                            'token', w.head + cardinality(drafts) + e.n, 'expires_at', d.data -> 'expires_at') order by e.n), '[]')
                   from jsonb_array_elements(ended) with ordinality e (item, n)
                   join unnest(taken) with ordinality d (project, type, stream_type, stream_id, data, causation_id, actor, n)
                     on d.n = e.n);
    return fleet_log.put_all(w, drafts || taken);
end $$;
comment on function fleet_log.retake_files is
    'Takes the files of a checkpoint again, for who held them and in that order; w.result says with which tokens. Example: see fleet_log.carry_out';

create function fleet_log.carry_out(
    w fleet_log.work, c fleet_state.checkpoints, sections jsonb, plan jsonb, began timestamptz)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    reason constant text := coalesce(w.args ->> 'reason', 'recovery of ' || c.checkpoint_id);
    cause text;
    forced record;
    taken jsonb;
    found jsonb := plan;
begin
    w.event_id := null;
    if plan -> 'drop' <> '[]' then
        w := fleet_log.drop_pilots(w, plan -> 'drop', 'pilot_stale');
    end if;
    w := fleet_log.put(w, 'checkpoint_restored', 'checkpoint', c.checkpoint_id, jsonb_build_object(
        'by', w.actor, 'reason', w.args -> 'reason', 'warnings', plan -> 'warnings', 'restored', jsonb_build_object(
            'sorties', (select count(*) from jsonb_array_elements(plan -> 'sorties') x where x ->> 'action' = 'assigned'),
            'reservations', (select count(*) from jsonb_array_elements(plan -> 'reservations') x where x ->> 'action' = 'taken'),
            'messages', jsonb_array_length(plan -> 'messages'))), null, c.mission_id);
    cause := w.event_id;
    w := fleet_log.retake_sorties(w, plan, sections, cause);
    forced := fleet_log.force_conflicts(w, plan, reason, cause);
    w := forced.done;
    w := fleet_log.retake_files(w, plan, sections, cause);
    taken := w.result;
    if plan -> 'messages' <> '[]' then
        w := fleet_log.put_all(w, array(
            select (w.project, 'message_requeued', 'message', m.item ->> 'message_id', jsonb_build_object(
                        'recipient', m.item -> 'recipient', 'checkpoint_id', c.checkpoint_id), cause, 'system')::fleet_log.draft
              from jsonb_array_elements(plan -> 'messages') with ordinality m (item, n) order by m.n));
    end if;
    if forced.freed is not null then
        w := fleet_log.grant_waiters(w, w.project, forced.freed, cause);
    end if;
    found := found || jsonb_build_object(
        'sorties', (select coalesce(jsonb_agg(case when x.item ->> 'action' = 'assigned' then x.item || jsonb_build_object(
                               'token', (select s.token from fleet_state.sorties s where s.sortie_id = x.item ->> 'sortie_id'))
                               else x.item end order by x.n), '[]')
                      from jsonb_array_elements(plan -> 'sorties') with ordinality x (item, n)),
        'reservations', (select coalesce(jsonb_agg(x.item || coalesce(t.item, '{}') order by x.n), '[]')
                           from jsonb_array_elements(plan -> 'reservations') with ordinality x (item, n)
                           left join jsonb_array_elements(taken) t (item) on t.item ->> 'was' = x.item ->> 'was'));
    w := fleet_log.put(w, 'fleet_recovered', 'checkpoint', c.checkpoint_id, jsonb_build_object(
        'checkpoint_id', c.checkpoint_id, 'mission_id', c.mission_id,
        'sorties', (select coalesce(jsonb_agg(x -> 'sortie_id'), '[]') from jsonb_array_elements(found -> 'sorties') x
                     where x ->> 'action' = 'assigned'),
        'released', (select coalesce(jsonb_agg(x -> 'sortie_id'), '[]') from jsonb_array_elements(found -> 'sorties') x
                      where x ->> 'action' = 'released'),
        'reservations', (select coalesce(jsonb_agg(x -> 'reservation_id'), '[]') from jsonb_array_elements(taken) x),
        'messages', jsonb_array_length(plan -> 'messages'), 'pilots_dropped', plan -> 'pilots_dropped',
        'duration_ms', fleet_log.elapsed_ms(began, clock_timestamp())), cause, c.mission_id);
    w.result := found;
    return w;
end $$;
comment on function fleet_log.carry_out is
    'Carries out the plan of a recovery. Example: see fleet_log.restore';

create function fleet_log.recovery_answer(c fleet_state.checkpoints, plan jsonb, more jsonb)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_strip_nulls(jsonb_build_object('mission_id', c.mission_id, 'sortie_id', c.sortie_id,
               'mission_title', (select m.title from fleet_state.missions m where m.mission_id = c.mission_id),
               'checkpoint', (select i.item - 'counts' from fleet_log.checkpoint_items i where i.checkpoint_id = c.checkpoint_id))
           || (plan - 'drop' - 'mission') || jsonb_build_object(
               'progress', case when c.sortie_id is null then fleet_log.mission_progress(c.mission_id)
                                else (select s.progress from fleet_state.sorties s where s.sortie_id = c.sortie_id) end)
           || more);
end $$;
comment on function fleet_log.recovery_answer is
    'What recovery answers: what was done or would be, and what to go on with. Example: see fleet_log.restore';

create function fleet_log.restore(w fleet_log.work, c fleet_state.checkpoints, warnings jsonb)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    idle constant int := coalesce((w.args ->> 'idle_seconds')::int, fleet_log.recovery_idle());
    force constant boolean := coalesce((w.args ->> 'force')::boolean, false);
    dry constant boolean := coalesce((w.args ->> 'dry_run')::boolean, false);
    began constant timestamptz := clock_timestamp();
    before constant fleet_log.work := w;
    sections jsonb;
    plan jsonb;
    conflicts jsonb;
begin
    if c.state = 'consumed' and not force then
        -- Restored twice is restored once.
        w.result := fleet_log.recovery_answer(c, '{}', jsonb_build_object('checkpoint_id', c.checkpoint_id, 'already', true,
            'sorties', '[]'::jsonb, 'reservations', '[]'::jsonb, 'messages', '[]'::jsonb, 'pilots_dropped', '[]'::jsonb,
            'warnings', warnings || jsonb_build_array(format('%s was restored by %s at %s', c.checkpoint_id, c.consumed_by,
                                                             fleet_log.json_time(c.consumed_at)))));
        return w;
    end if;
    sections := fleet_log.checkpoint_sections(c.checkpoint_id);
    plan := fleet_log.recovery_plan(c, sections, w.at, idle) || jsonb_build_object('warnings', warnings);
    conflicts := (select coalesce(jsonb_agg(x || jsonb_build_object('for', r ->> 'holder')), '[]')
                    from jsonb_array_elements(plan -> 'reservations') r
                   cross join lateral jsonb_array_elements(coalesce(r -> 'conflicts', '[]')) x);
    if dry then
        w.result := fleet_log.recovery_answer(c, plan, jsonb_build_object('dry_run', true, 'conflicts', conflicts));
        return w;
    elsif conflicts <> '[]' and not force then
        return fleet_log.refuse(w, 'reservation_held', '/args/checkpoint_id', format('Lock conflict on %s held by %s',
            conflicts #>> '{0,requested_pattern}', conflicts #>> '{0,holder}'),
            'nothing was restored; with force the files are taken from them', jsonb_build_object('conflicts', conflicts));
    end if;
    begin
        w := fleet_log.carry_out(w, c, sections, plan, began);
        w.result := fleet_log.recovery_answer(c, w.result, jsonb_build_object('conflicts', conflicts, 'recovered_ms',
                        fleet_log.elapsed_ms(began, clock_timestamp())));
    exception when sqlstate 'FL423' then
        -- All or nothing: what was written in this block is gone with it.
        declare
            detail text;
        begin
            get stacked diagnostics detail = pg_exception_detail;
            return fleet_log.refuse(before, 'reservation_held', '/args/checkpoint_id', 'Lock conflict on '
                || (detail::jsonb #>> '{conflicts,0,requested_pattern}') || ' held by ' || (detail::jsonb #>> '{conflicts,0,holder}'),
                'nothing was restored', detail::jsonb);
        end;
    end;
    return w;
end $$;
comment on function fleet_log.restore is
    'Restores a checkpoint that is whole, or says what that would do. Example, in a command: return fleet_log.restore(w, c, ''[]'')';

create function fleet_log.do_restore_checkpoint(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    c constant fleet_state.checkpoints := fleet_log.find_checkpoint(w);
    damage text;
    mission text;
begin
    if c.checkpoint_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/checkpoint_id', 'Checkpoint not found: ' || (w.args ->> 'checkpoint_id'),
                                'fleet checkpoint list shows them');
    end if;
    w := fleet_log.check_transition(w, 'checkpoint', c.state, 'checkpoint_restored');
    if w.code is not null then
        return w;
    end if;
    mission := (select m.state from fleet_state.missions m where m.mission_id = c.mission_id);
    if fleet_log.has_ended(mission) then
        return fleet_log.refuse(w, 'transition_refused', '/args/checkpoint_id', 'its mission is ' || mission,
            'what is over stays so; there is nothing to resume', jsonb_build_object('found', mission));
    end if;
    damage := fleet_log.checkpoint_damage(c.checkpoint_id);
    if damage is not null then
        return fleet_log.refuse(w, 'checkpoint_damaged', '/args/checkpoint_id', format('%s is damaged: %s', c.checkpoint_id, damage),
            'a copy in .fleet/local/checkpoints mends it: fleet checkpoint restore looks there; else take the one before',
            jsonb_build_object('checkpoint_id', c.checkpoint_id, 'damage', damage));
    end if;
    return fleet_log.restore(w, c, '[]');
end $$;
comment on function fleet_log.do_restore_checkpoint is
    'Command restore_checkpoint, of operators. Example: select * from fleet.restore(''demo'', ''latest'')';

create function fleet_log.do_recover(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    idle constant int := coalesce((w.args ->> 'idle_seconds')::int, fleet_log.recovery_idle());
    force constant boolean := coalesce((w.args ->> 'force')::boolean, false);
    dry constant boolean := coalesce((w.args ->> 'dry_run')::boolean, false);
    m fleet_state.missions;
    c fleet_state.checkpoints;
    offers jsonb;
    warnings jsonb := '[]';
    damage text;
    before fleet_log.work;
begin
    if w.args ->> 'mission_id' is not null then
        m := fleet_log.find_mission(w);
        if m.mission_id is null then
            return fleet_log.mission_problem(w, m, null);
        elsif m.state <> 'in_progress' then
            return fleet_log.refuse(w, 'transition_refused', '/args/mission_id', 'the mission is ' || replace(m.state, '_', ' '),
                'only what is in progress is resumed', jsonb_build_object('found', m.state));
        end if;
    else
        offers := fleet_log.recovery_offers(w.project, w.at, idle);
        if offers = '[]' then
            w.result := '{"needed": false, "sorties": [], "reservations": [], "messages": [], "pilots_dropped": [], "warnings": []}';
            return w;
        end if;
        select * into m from fleet_state.missions x where x.mission_id = offers #>> '{0,mission_id}';
        if jsonb_array_length(offers) > 1 then
            warnings := jsonb_build_array(format('%s more missions stand still', jsonb_array_length(offers) - 1));
        end if;
    end if;
    if fleet_log.standstill(m, w.at, idle) is null and not force then
        w.result := jsonb_build_object('needed', false, 'mission_id', m.mission_id, 'mission_title', m.title, 'sorties', '[]'::jsonb,
            'reservations', '[]'::jsonb, 'messages', '[]'::jsonb, 'pilots_dropped', '[]'::jsonb, 'warnings', warnings);
        return w;
    end if;
    for c in select * from fleet_log.resume_candidates(m.mission_id) loop
        damage := fleet_log.checkpoint_damage(c.checkpoint_id);
        exit when damage is null;
        warnings := warnings || jsonb_build_array(format('%s is damaged: %s', c.checkpoint_id, damage));
    end loop;
    if c.checkpoint_id is not null and damage is null then
        return fleet_log.restore(w, c, warnings);
    end if;
    -- None is left: what the database knows now is as good as any. A dry run, or a refusal, leaves nothing behind.
    before := w;
    begin
        w.actor := 'system';
        w := fleet_log.take_checkpoint(w, m.mission_id, null, 'manual', '{"name": "recovery"}');
        w.actor := before.actor;
        select * into c from fleet_state.checkpoints x where x.checkpoint_id = w.result ->> 'checkpoint_id';
        w := fleet_log.restore(w, c, warnings || '["no checkpoint was left: one was taken now"]');
        if dry or w.code is not null then
            raise exception using errcode = 'FL499';
        end if;
    exception when sqlstate 'FL499' then
        select w.code, w.field, w.message, w.hint, w.detail, w.result
          into before.code, before.field, before.message, before.hint, before.detail, before.result;
        return before;
    end;
    return w;
end $$;
comment on function fleet_log.do_recover is
    'Command recover, of operators: the mission that stands still goes on from its best checkpoint. Example: select * from fleet.resume(''demo'')';
