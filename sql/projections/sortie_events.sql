-- What each event makes of a sortie; fold_sortie takes sorties through their events.

create function fleet_log.texts_of(list jsonb)
returns text[]
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return array(select jsonb_array_elements_text(coalesce(list, '[]')));
end $$;
comment on function fleet_log.texts_of is
    'A JSON array of strings as text[]; {} for null. Example: select fleet_log.texts_of(''["a","b"]'')';

create function fleet_log.texts_with(known text[], more jsonb)
returns text[]
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if more is null then
        return known;
    end if;
    return array(select x.t from (select unnest(known) as t union select jsonb_array_elements_text(more)) x
                  order by x.t collate "C");
end $$;
comment on function fleet_log.texts_with is
    'What was known and what came, each once. Example: select fleet_log.texts_with(''{a}'', ''["b","a"]'')';

create function fleet_log.rank_of(priority text)
returns smallint
language sql immutable parallel safe as $$
    select case $1 when 'critical' then 0 when 'high' then 1 when 'medium' then 2 else 3 end::smallint
$$;
comment on function fleet_log.rank_of is 'Place of a priority, 0 first. Example: select fleet_log.rank_of(''critical'')';

create function fleet_state.shape_sortie(s fleet_state.sorties, e fleet_log.events, given jsonb)
returns fleet_state.sorties
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- What a sortie is, from the data of sortie_created or the changes of sortie_updated; '' and 0 take away.
    s.title := coalesce(given ->> 'title', s.title);
    s.description := coalesce(given ->> 'description', s.description);
    s.priority := coalesce(given ->> 'priority', s.priority);
    s.rank := fleet_log.rank_of(s.priority);
    s.join_mode := coalesce(given ->> 'join', s.join_mode);
    s.complexity := coalesce((given ->> 'complexity')::smallint, s.complexity);
    s.role := nullif(coalesce(given ->> 'role', s.role), '');
    s.estimated_minutes := coalesce((given ->> 'estimated_minutes')::int, s.estimated_minutes);
    s.condition := nullif(coalesce(given ->> 'condition', s.condition), '');
    s.timeout_seconds := nullif(coalesce((given ->> 'timeout_seconds')::int, s.timeout_seconds), 0);
    s.max_attempts := coalesce((given ->> 'max_attempts')::int, s.max_attempts);
    if given ? 'files' then
        s.files := fleet_log.texts_of(given -> 'files');
    end if;
    if given ? 'capabilities' then
        s.capabilities := fleet_log.texts_of(given -> 'capabilities');
    end if;
    if given ? 'depends_on' then
        delete from fleet_state.sortie_dependencies d where d.sortie_id = e.stream_id;
        insert into fleet_state.sortie_dependencies (sortie_id, ord, project, needs, mode, last_seq)
        select e.stream_id, n, e.project, d ->> 'id', d ->> 'mode', e.seq
          from jsonb_array_elements(given -> 'depends_on') with ordinality x(d, n);
    end if;
    return s;
end $$;
comment on function fleet_state.shape_sortie is
    'A sortie with what an event says it is. Example, in fold_sortie: s := fleet_state.shape_sortie(s, e, e.data)';

create function fleet_state.new_sortie(e fleet_log.events)
returns fleet_state.sorties
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties;
begin
    s.sortie_id := e.stream_id;
    s.project := e.project;
    s.mission_id := e.data ->> 'mission_id';
    s.name := e.data ->> 'name';
    s.files := '{}';
    s.capabilities := '{}';
    s.state := 'pending';
    s.created_seq := e.seq;
    s.created_by := e.actor;
    s.created_at := e.recorded_at;
    s.attempt := 1;
    s.progress := 0;
    s.files_touched := '{}';
    s.unreserved := '{}';
    s.gate := case when jsonb_array_length(e.data -> 'depends_on') = 0 then 'open' else 'waiting' end;
    return s;
end $$;
comment on function fleet_state.new_sortie is
    'A sortie as it begins. Example, in fold_sortie: s := fleet_state.new_sortie(e)';

create function fleet_state.handed_in(s fleet_state.sorties, data jsonb)
returns fleet_state.sorties
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    s.summary_digest := data ->> 'summary_digest';
    s.summary_bytes := (data ->> 'summary_bytes')::int;
    s.result_digest := data ->> 'result_digest';
    s.result_bytes := (data ->> 'result_bytes')::int;
    s.evidence := data -> 'evidence';
    s.files_touched := fleet_log.texts_with(s.files_touched, data -> 'files_touched');
    return s;
end $$;
comment on function fleet_state.handed_in is
    'A sortie with what its pilot handed in. Example, in fleet_state.sortie_after: s := fleet_state.handed_in(s, e.data)';

create function fleet_state.sortie_after(s fleet_state.sorties, e fleet_log.events)
returns fleet_state.sorties
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    case e.type
        when 'sortie_assigned' then
            s.state := 'assigned';
            s.pilot := e.data ->> 'pilot';
            s.token := e.seq;
            s.lease_seconds := (e.data ->> 'lease_seconds')::int;
            s.assigned_at := e.recorded_at;
            s.signed_at := e.recorded_at;
        when 'sortie_started' then
            s.state := 'in_progress';
            s.started_at := e.recorded_at;
            s.signed_at := e.recorded_at;
        when 'sortie_progress' then
            s.progress := (e.data ->> 'percent')::smallint;
            s.progress_message := e.data ->> 'message';
            s.progressed_at := e.recorded_at;
            s.signed_at := e.recorded_at;
            s.files_touched := fleet_log.texts_with(s.files_touched, e.data -> 'files_touched');
        when 'sortie_blocked' then
            s.state := 'blocked';
            s.blocked_reason := e.data ->> 'reason';
            s.blocker_type := e.data ->> 'blocker_type';
            s.blocker_id := e.data ->> 'blocker_id';
            s.blocked_at := e.recorded_at;
            s.signed_at := e.recorded_at;
        when 'sortie_unblocked' then
            s.state := 'in_progress';
            s.signed_at := e.recorded_at;
        when 'sortie_review_requested' then
            s.state := 'review';
            s.review_at := e.recorded_at;
            s.reviewer := e.data ->> 'reviewer';
            s.verdict := null;
            s.feedback := null;
            s.issues := null;
            s.reviewed_at := null;
            s := fleet_state.handed_in(s, e.data);
        when 'review_completed' then
            s.reviewer := e.data ->> 'reviewer';
            s.verdict := e.data ->> 'verdict';
            s.feedback := e.data ->> 'feedback';
            s.issues := case when e.data ? 'issues' then fleet_log.texts_of(e.data -> 'issues') end;
            s.reviewed_at := e.recorded_at;
            if s.verdict = 'needs_changes' then
                s.state := 'in_progress';
                s.signed_at := e.recorded_at;
            end if;
        when 'sortie_completed' then
            s.state := 'completed';
            s.progress := 100;
            s.duration_ms := (e.data ->> 'duration_ms')::bigint;
            s := fleet_state.handed_in(s, e.data);
        when 'sortie_failed' then
            s.state := 'failed';
            s.error := e.data -> 'error';
            s.attempt := (e.data ->> 'attempt')::int;
        when 'sortie_requeued' then
            s.state := 'pending';
            s.attempt := (e.data ->> 'attempt')::int;
            s.lease_seconds := null;
            s.assigned_at := null;
            s.signed_at := null;
            s.started_at := null;
            s.ended_at := null;
            if e.data ->> 'cause' = 'retry' then
                s.progress := 0;
            end if;
        when 'sortie_skipped' then
            s.state := 'skipped';
            s.reason := e.data ->> 'reason';
        when 'sortie_cancelled' then
            s.state := 'cancelled';
            s.reason := e.data ->> 'reason';
        when 'sortie_scope_violated' then
            s.unreserved := fleet_log.texts_with(s.unreserved, e.data -> 'files');
    end case;
    return s;
end $$;
comment on function fleet_state.sortie_after is
    'A sortie after one more event. Example, in fold_sortie: s := fleet_state.sortie_after(s, e)';
