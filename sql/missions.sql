-- Commands on missions.

create function fleet_log.do_create_mission(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id text := coalesce(w.args ->> 'mission_id', fleet.new_id('msn'));
    deadline timestamptz := fleet_log.try_time(w.args ->> 'deadline');
begin
    if exists (select from fleet_state.missions m where m.mission_id = id) then
        return fleet_log.refuse(w, 'version_conflict', '/args/mission_id', 'this id is in use', 'draw a new id');
    end if;
    w := fleet_log.mission_args_problem(w);
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put_mission(w, id, 'mission_created', jsonb_build_object(
        'title', w.args -> 'title', 'description', w.args -> 'description',
        'priority', coalesce(w.args ->> 'priority', 'medium'), 'strategy', w.args -> 'strategy',
        'created_by', w.actor, 'metadata', w.args -> 'metadata',
        'complete_by_itself', coalesce((w.args ->> 'complete_by_itself')::boolean, true),
        'require_review', coalesce((w.args ->> 'require_review')::boolean, false),
        'on_failure', coalesce(w.args ->> 'on_failure', 'stop'), 'deadline', fleet_log.json_time(deadline),
        'max_failures', w.args -> 'max_failures'));
    return fleet_log.answer_mission(w, id);
end $$;
comment on function fleet_log.do_create_mission is
    'Command create_mission. Example: select * from fleet.create_mission(''demo'', ''viper-1'', ''Parser for the new grammar'')';

create function fleet_log.mission_args_problem(w fleet_log.work)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if nullif(w.args ->> 'deadline', '') is not null and fleet_log.try_time(w.args ->> 'deadline') is null then
        return fleet_log.refuse(w, 'invalid_field', '/args/deadline', 'must be a time like 2026-01-31T12:00:00.000Z');
    elsif fleet_log.try_time(nullif(w.args ->> 'deadline', '')) <= w.at then
        return fleet_log.refuse(w, 'invalid_field', '/args/deadline', 'has passed already');
    elsif octet_length((w.args -> 'metadata')::text) > 16384 then
        return fleet_log.refuse(w, 'too_large', '/args/metadata', 'metadata is larger than 16384 bytes');
    end if;
    return w;
end $$;
comment on function fleet_log.mission_args_problem is
    'Refuses a deadline that is none and metadata without bounds. Example, in a command: w := fleet_log.mission_args_problem(w)';

create function fleet_log.version_problem(w fleet_log.work, version int)
returns fleet_log.work
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if (w.args ->> 'expected_version')::int <> version then
        return fleet_log.refuse(w, 'if_match_failed', '/args/expected_version',
            format('it is at version %s, not %s', version, w.args ->> 'expected_version'), null,
            jsonb_build_object('version', version));
    end if;
    return w;
end $$;
comment on function fleet_log.version_problem is
    'Refuses a change to what has moved on since it was read. Example, in a command: w := fleet_log.version_problem(w, m.version)';

create function fleet_log.do_update_mission(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.missions := fleet_log.find_mission(w);
    changes jsonb := jsonb_strip_nulls(w.args - '{mission_id,expected_version,metadata}'::text[])
        || case when jsonb_typeof(w.args -> 'metadata') = 'object' then jsonb_build_object('metadata', w.args -> 'metadata')
                else '{}' end;
begin
    w := fleet_log.mission_problem(w, m, 'mission_updated');
    if w.code is null then
        w := fleet_log.version_problem(w, m.version);
    end if;
    if w.code is null then
        w := fleet_log.mission_args_problem(w);
    end if;
    if w.code is not null then
        return w;
    end if;
    if changes ->> 'deadline' <> '' then
        changes := changes || jsonb_build_object('deadline', fleet_log.json_time(fleet_log.try_time(changes ->> 'deadline')));
    end if;
    if changes <> '{}' then
        w := fleet_log.put_mission(w, m.mission_id, 'mission_updated', jsonb_build_object('changes', changes));
    end if;
    return fleet_log.answer_mission(w, m.mission_id);
end $$;
comment on function fleet_log.do_update_mission is
    'Command update_mission. Example: select * from fleet.act(''[{"op":"update_mission","project":"demo","args":{"mission_id":"msn_01…","priority":"high"}}]'')';

create function fleet_log.do_start_mission(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.missions := fleet_log.find_mission(w);
begin
    w := fleet_log.mission_problem(w, m, 'mission_started');
    if w.code is not null then
        return w;
    end if;
    if m.deadline <= w.at then
        return fleet_log.refuse(w, 'transition_refused', '/args/mission_id', 'its deadline has passed',
                                'change the deadline first', jsonb_build_object('deadline', fleet_log.json_time(m.deadline)));
    end if;
    w := fleet_log.put_mission(w, m.mission_id, 'mission_started', jsonb_build_object('started_by', w.actor));
    -- All its sorties may have been skipped or cancelled before.
    w := fleet_log.follow_mission(w, m.mission_id, w.event_id);
    return fleet_log.answer_mission(w, m.mission_id);
end $$;
comment on function fleet_log.do_start_mission is
    'Command start_mission. Example: select * from fleet.start_mission(''demo'', ''viper-1'', ''msn_01…'')';

create function fleet_log.do_complete_mission(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.missions := fleet_log.find_mission(w);
    counts jsonb;
    under_way int;
begin
    w := fleet_log.mission_problem(w, m, 'mission_completed');
    if w.code is not null then
        return w;
    elsif m.state = 'review' then
        return fleet_log.refuse(w, 'transition_refused', '/args/mission_id', 'it is in review: it waits for a verdict',
            'fleet missions review gives it', jsonb_build_object('found', m.state, 'asked', 'mission_completed'));
    end if;
    counts := fleet_log.mission_counts(m.mission_id);
    under_way := (counts ->> 'pending')::int + (counts ->> 'assigned')::int + (counts ->> 'in_progress')::int
                 + (counts ->> 'blocked')::int + (counts ->> 'review')::int;
    if under_way > 0 then
        return fleet_log.refuse(w, 'transition_refused', '/args/mission_id',
            format('%s of its %s sorties have not ended', under_way, counts ->> 'total'),
            'finish or cancel them first', jsonb_build_object('found', m.state, 'counts', counts));
    elsif (counts ->> 'failed')::int > coalesce(m.max_failures, 0) then
        return fleet_log.refuse(w, 'transition_refused', '/args/mission_id',
            format('%s of its %s sorties failed', counts ->> 'failed', counts ->> 'total'),
            'retry them, or fail the mission', jsonb_build_object('found', m.state, 'counts', counts));
    end if;
    w := fleet_log.finish_mission(w, m, counts, w.args ->> 'summary');
    return fleet_log.answer_mission(w, m.mission_id);
end $$;
comment on function fleet_log.do_complete_mission is
    'Command complete_mission. Example: select * from fleet.complete_mission(''demo'', ''viper-1'', ''msn_01…'', ''all tests pass'')';

create function fleet_log.do_review_mission(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.missions := fleet_log.find_mission(w);
    verdict text := w.args ->> 'verdict';
begin
    w := fleet_log.mission_problem(w, m, 'mission_review_completed');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put_mission(w, m.mission_id, 'mission_review_completed', jsonb_build_object(
        'reviewer', w.actor, 'verdict', verdict, 'feedback', w.args -> 'feedback'));
    if verdict = 'approved' then
        w := fleet_log.finish_mission(w, m, fleet_log.mission_counts(m.mission_id), m.result ->> 'summary');
    elsif verdict = 'rejected' then
        w := fleet_log.put_mission(w, m.mission_id, 'mission_failed', jsonb_build_object(
            'reason', left('rejected by ' || w.actor || coalesce(': ' || (w.args ->> 'feedback'), ''), 2000)));
    end if;
    return fleet_log.answer_mission(w, m.mission_id);
end $$;
comment on function fleet_log.do_review_mission is
    'Command review_mission. Example: select * from fleet.act(''[{"op":"review_mission","project":"demo","args":{"mission_id":"msn_01…","verdict":"approved"}}]'')';

create function fleet_log.end_mission(w fleet_log.work, m fleet_state.missions, type text, data jsonb, words text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ids text[];
    why text;
begin
    w := fleet_log.put_mission(w, m.mission_id, end_mission.type, data);
    why := w.event_id;
    w := fleet_log.cancel_sorties(w, m.mission_id, '{pending,assigned,in_progress,blocked,review}', words, why);
    ids := fleet_log.texts_of(w.result);
    if ids <> '{}' then
        w.event_id := why;
        w := fleet_log.follow(w, ids);
    end if;
    return fleet_log.answer_mission(w, m.mission_id, jsonb_build_object('cancelled', to_jsonb(ids)));
end $$;
comment on function fleet_log.end_mission is
    'Ends a mission and cancels its open sorties. Example, in a command: return fleet_log.end_mission(w, m, ''mission_cancelled'', data, ''its mission was cancelled'')';

create function fleet_log.do_fail_mission(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.missions := fleet_log.find_mission(w);
begin
    w := fleet_log.mission_problem(w, m, 'mission_failed');
    if w.code is null then
        w := fleet_log.error_problem(w, w.args -> 'error');
    end if;
    if w.code is not null then
        return w;
    end if;
    return fleet_log.end_mission(w, m, 'mission_failed',
        jsonb_build_object('reason', w.args -> 'reason', 'error', w.args -> 'error'), 'its mission failed');
end $$;
comment on function fleet_log.do_fail_mission is
    'Command fail_mission. Example: select * from fleet.act(''[{"op":"fail_mission","project":"demo","args":{"mission_id":"msn_01…","reason":"no budget"}}]'')';

create function fleet_log.do_cancel_mission(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.missions := fleet_log.find_mission(w);
begin
    w := fleet_log.mission_problem(w, m, 'mission_cancelled');
    if w.code is not null then
        return w;
    end if;
    return fleet_log.end_mission(w, m, 'mission_cancelled',
        jsonb_build_object('reason', coalesce(w.args ->> 'reason', 'cancelled by ' || w.actor)), 'its mission was cancelled');
end $$;
comment on function fleet_log.do_cancel_mission is
    'Command cancel_mission: its open sorties are cancelled, their files are free. Example: select * from fleet.cancel_mission(''demo'', ''viper-1'', ''msn_01…'', ''not wanted'')';
