-- A sortie and a mission as JSON objects: what commands answer, lists show and clients read. Summaries and results are
-- named by digest; what only reads adds their texts.
-- LIMIT keeps each look-up of a dependency an index probe: a plan made while the table was small would read all of it.

create function fleet_log.sortie_lease_until(s fleet_state.sorties, seen_at timestamptz)
returns timestamptz
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- No lease runs while a reviewer is at work. What the pilot does for the sortie renews the lease without an end; that
    -- it is merely alive counts for a day after the claim, or after a review gave it back. least() and greatest() pass
    -- over nulls.
    if s.state not in ('assigned', 'in_progress', 'blocked') then
        return null;
    end if;
    return greatest(s.signed_at + make_interval(secs => s.lease_seconds), case when seen_at is not null
        then least(seen_at + make_interval(secs => s.lease_seconds),
                   greatest(s.assigned_at, s.reviewed_at) + interval '24 hours') end);
end $$;
comment on function fleet_log.sortie_lease_until is
    'When the lease on a sortie lapses; null if none runs. Example: select fleet_log.sortie_lease_until(s, now()) from fleet_state.sorties s';

create function fleet_log.sortie_label(s fleet_state.sorties)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return coalesce(s.name, '…' || right(s.sortie_id, 6));
end $$;
comment on function fleet_log.sortie_label is
    'What a sortie is called in a sentence: its name, else the end of its id. Example: select fleet_log.sortie_label(s) from fleet_state.sorties s';

create function fleet_log.why_not_ready(s fleet_state.sorties)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    mission text;
    open_ones text[];
begin
    if s.state <> 'pending' or s.ready then
        return null;
    end if;
    if not s.mission_runs then
        mission := (select m.state from fleet_state.missions m where m.mission_id = s.mission_id);
        return case mission when 'pending' then 'its mission is not started'
                            else 'its mission is ' || replace(mission, '_', ' ') end;
    end if;
    if s.gate = 'broken' then
        return fleet_log.broken_words(s);
    end if;
    open_ones := array(
        select fleet_log.sortie_label(t) || ' (' || t.state || ')' from fleet_state.sortie_dependencies d
         cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = d.needs limit 1) t
         where d.sortie_id = s.sortie_id and not fleet_log.has_ended(t.state)
         order by d.ord limit 4);
    return case when s.condition is not null then 'its condition waits for ' else 'waits for ' end
        || array_to_string(open_ones[1:3], case when s.join_mode = 'any' and s.condition is null then ' or ' else ', ' end)
        || case when cardinality(open_ones) > 3 then ' and more' else '' end;
end $$;
comment on function fleet_log.why_not_ready is
    'Why a pending sortie cannot be claimed, in one line; null if it can. Example: select fleet_log.why_not_ready(s) from fleet_state.sorties s where s.state = ''pending''';

create function fleet_log.broken_words(s fleet_state.sorties)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ends text[] := array(
        select fleet_log.sortie_label(t) || case t.state when 'failed' then ' failed' else ' was ' || t.state end
          from fleet_state.sortie_dependencies d
         cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = d.needs limit 1) t
         where d.sortie_id = s.sortie_id and d.mode = 'success' and t.state in ('failed', 'cancelled', 'skipped')
         order by d.ord limit 4);
begin
    return case when s.join_mode = 'all' then 'dependency ' || ends[1]
                else 'none of its dependencies was completed: ' || array_to_string(ends[1:3], ', ')
                     || case when cardinality(ends) > 3 then ' and more' else '' end end;
end $$;
comment on function fleet_log.broken_words is
    'Which dependencies ended so that a sortie can never be ready. Example: select fleet_log.broken_words(s) from fleet_state.sorties s where s.gate = ''broken''';

create function fleet_log.dependencies_json(id text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object('sortie_id', d.needs, 'mode', d.mode, 'status', t.state,
                   'name', t.name, 'satisfied', case when fleet_log.has_ended(t.state)
                                                     then t.state = 'completed' or d.mode = 'settled' end)
                   order by d.ord), '[]')
          from fleet_state.sortie_dependencies d
         cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = d.needs limit 1) t
         where d.sortie_id = id);
end $$;
comment on function fleet_log.dependencies_json is
    'What a sortie waits for, as JSON. Example: select fleet_log.dependencies_json(''srt_01…'')';

create function fleet_log.sortie_json(s fleet_state.sorties, at timestamptz)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    until timestamptz;
    item jsonb;
begin
    -- In three parts, so that a sortie at work pays for what it has and no more.
    item := jsonb_build_object(
        'sortie_id', s.sortie_id, 'project', s.project, 'mission_id', s.mission_id, 'name', s.name, 'title', s.title,
        'description', s.description, 'priority', s.priority, 'files', s.files, 'join', s.join_mode,
        'complexity', s.complexity, 'role', s.role, 'capabilities', s.capabilities,
        'estimated_minutes', s.estimated_minutes, 'condition', s.condition, 'timeout_seconds', s.timeout_seconds,
        'max_attempts', s.max_attempts, 'attempt', s.attempt, 'status', s.state, 'ready', s.ready,
        'pilot', s.pilot, 'progress', s.progress, 'progress_message', s.progress_message,
        'progressed_at', fleet_log.json_time(s.progressed_at), 'files_touched', s.files_touched,
        'created_by', s.created_by, 'created_at', fleet_log.json_time(s.created_at),
        'stream_version', s.version, 'last_seq', s.last_seq);
    if s.token is not null then
        until := fleet_log.sortie_lease_until(s, (select l.seen_at from fleet_live.pilots l
                                                   where l.project = s.project and l.callsign = s.pilot));
        item := item || jsonb_build_object(
            'token', s.token, 'lease_seconds', s.lease_seconds, 'lease_until', fleet_log.json_time(until),
            'lapsed', case when until <= sortie_json.at then true end,
            'assigned_at', fleet_log.json_time(s.assigned_at), 'started_at', fleet_log.json_time(s.started_at));
        if s.blocked_at is not null then
            item := item || jsonb_build_object('blocked', jsonb_build_object('reason', s.blocked_reason,
                'blocker_type', s.blocker_type, 'blocker_id', s.blocker_id, 'since', fleet_log.json_time(s.blocked_at)));
        end if;
    elsif s.state = 'pending' then
        item := item || jsonb_build_object('why_not', fleet_log.why_not_ready(s));
    end if;
    if s.review_at is not null then
        item := item || jsonb_build_object('review', jsonb_build_object(
            'requested_at', fleet_log.json_time(s.review_at), 'reviewer', s.reviewer, 'verdict', s.verdict,
            'feedback', s.feedback, 'issues', s.issues, 'reviewed_at', fleet_log.json_time(s.reviewed_at)));
    end if;
    if s.ended_at is not null or s.summary_digest is not null or s.error is not null or s.unreserved <> '{}' then
        item := item || jsonb_build_object(
            'reason', s.reason, 'error', s.error, 'unreserved', nullif(s.unreserved, '{}'), 'evidence', s.evidence,
            'summary_digest', s.summary_digest, 'summary_bytes', s.summary_bytes, 'result_digest', s.result_digest,
            'result_bytes', s.result_bytes, 'duration_ms', s.duration_ms,
            'assigned_at', fleet_log.json_time(s.assigned_at), 'started_at', fleet_log.json_time(s.started_at),
            'ended_at', fleet_log.json_time(s.ended_at));
    end if;
    return fleet_log.without_nulls(item) || jsonb_build_object('depends_on', fleet_log.dependencies_json(s.sortie_id));
end $$;
comment on function fleet_log.sortie_json is
    'A sortie as JSON, summary and result by digest. Example: select fleet_log.sortie_json(s, now()) from fleet_state.sorties s';

create function fleet_log.mission_counts(id text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (
        select jsonb_build_object('total', count(*), 'ready', count(*) filter (where s.ready),
                   'pending', count(*) filter (where s.state = 'pending'),
                   'assigned', count(*) filter (where s.state = 'assigned'),
                   'in_progress', count(*) filter (where s.state = 'in_progress'),
                   'blocked', count(*) filter (where s.state = 'blocked'),
                   'review', count(*) filter (where s.state = 'review'),
                   'completed', count(*) filter (where s.state = 'completed'),
                   'failed', count(*) filter (where s.state = 'failed'),
                   'cancelled', count(*) filter (where s.state = 'cancelled'),
                   'skipped', count(*) filter (where s.state = 'skipped'))
          from fleet_state.sorties s where s.mission_id = id);
end $$;
comment on function fleet_log.mission_counts is
    'How many sorties of a mission are in which state. Example: select fleet_log.mission_counts(''msn_01…'')';

create function fleet_log.mission_progress(id text)
returns int
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The mean of its sorties; one that was skipped or cancelled is nobody's work any more.
    return (select coalesce(floor(avg(case when s.state in ('completed', 'skipped', 'cancelled') then 100
                                           else s.progress end)), 0)::int
              from fleet_state.sorties s where s.mission_id = id);
end $$;
comment on function fleet_log.mission_progress is
    'How far a mission is, in percent; derived, never stored. Example: select fleet_log.mission_progress(''msn_01…'')';

create function fleet_log.mission_json(m fleet_state.missions, at timestamptz)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return fleet_log.without_nulls(jsonb_build_object(
        'mission_id', m.mission_id, 'project', m.project, 'title', m.title, 'description', m.description,
        'priority', m.priority, 'strategy', m.strategy, 'status', m.state,
        'progress', case when m.state = 'completed' then 100 else fleet_log.mission_progress(m.mission_id) end,
        'counts', fleet_log.mission_counts(m.mission_id), 'complete_by_itself', m.complete_by_itself,
        'require_review', m.require_review, 'on_failure', m.on_failure, 'deadline', fleet_log.json_time(m.deadline),
        'late', case when m.deadline <= mission_json.at and m.ended_at is null then true end,
        'max_failures', m.max_failures, 'created_by', m.created_by, 'created_at', fleet_log.json_time(m.created_at),
        'started_by', m.started_by, 'started_at', fleet_log.json_time(m.started_at),
        'ended_at', fleet_log.json_time(m.ended_at), 'duration_ms', m.duration_ms, 'reason', m.reason,
        'error', m.error, 'result', m.result, 'summary', m.result -> 'summary',
        'review', case when m.review_at is not null then jsonb_build_object(
            'requested_at', fleet_log.json_time(m.review_at), 'reviewer', m.reviewer, 'verdict', m.verdict,
            'feedback', m.feedback, 'reviewed_at', fleet_log.json_time(m.reviewed_at)) end,
        'stream_version', m.version, 'last_seq', m.last_seq))
        -- Its maker's own, word for word.
        || case when m.metadata is null then '{}' else jsonb_build_object('metadata', m.metadata) end;
end $$;
comment on function fleet_log.mission_json is
    'A mission as JSON. Example: select fleet_log.mission_json(m, now()) from fleet_state.missions m';
