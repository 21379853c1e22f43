-- fold of the family mission: fleet_state.missions, and in fleet_state.sorties whether the mission is in progress.

create function fleet_state.keep_mission(m fleet_state.missions)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.missions select (m).*
        on conflict (mission_id) do update
       set title = m.title, description = m.description, priority = m.priority, metadata = m.metadata,
           deadline = m.deadline, state = m.state, started_at = m.started_at, started_by = m.started_by,
           ended_at = m.ended_at, reason = m.reason, error = m.error, result = m.result, duration_ms = m.duration_ms,
           review_at = m.review_at, review_seq = m.review_seq, reviewer = m.reviewer, verdict = m.verdict,
           feedback = m.feedback, reviewed_at = m.reviewed_at, version = m.version, last_seq = m.last_seq;
    -- What starts or ends a mission opens or closes its sorties. fold_sortie asks the mission when it makes one: so the
    -- outcome is the same whichever of the two folds comes first.
    update fleet_state.sorties s
       set mission_runs = m.state = 'in_progress',
           ready = m.state = 'in_progress' and s.state = 'pending' and s.gate = 'open'
     where s.mission_id = m.mission_id and s.mission_runs <> (m.state = 'in_progress');
end $$;
comment on function fleet_state.keep_mission is
    'Writes a mission as its events made it. Example, in fold_mission: perform fleet_state.keep_mission(m)';

create function fleet_state.fold_mission(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    e record;
    m fleet_state.missions;
begin
    -- Each mission is read once, taken through its events of the range, and written once.
    for e in
        select x.* from fleet_log.events x
         where x.seq between fold_mission.from_seq and fold_mission.to_seq and x.stream_type = 'mission'
         order by x.stream_id, x.seq
    loop
        if e.stream_id is distinct from m.mission_id then
            if m.mission_id is not null then
                perform fleet_state.keep_mission(m);
            end if;
            select * into m from fleet_state.missions y where y.mission_id = e.stream_id;
            m.mission_id := e.stream_id;
        end if;
        m.version := e.stream_version;
        m.last_seq := e.seq;
        case e.type
            when 'mission_created' then
                m.project := e.project;
                m.title := e.data ->> 'title';
                m.description := e.data ->> 'description';
                m.priority := e.data ->> 'priority';
                m.strategy := e.data ->> 'strategy';
                m.created_by := e.data ->> 'created_by';
                m.metadata := e.data -> 'metadata';
                m.complete_by_itself := (e.data ->> 'complete_by_itself')::boolean;
                m.require_review := (e.data ->> 'require_review')::boolean;
                m.on_failure := e.data ->> 'on_failure';
                m.deadline := (e.data ->> 'deadline')::timestamptz;
                m.max_failures := (e.data ->> 'max_failures')::int;
                m.state := 'pending';
                m.created_at := e.recorded_at;
            when 'mission_updated' then
                m.title := coalesce(e.data #>> '{changes,title}', m.title);
                m.description := coalesce(e.data #>> '{changes,description}', m.description);
                m.priority := coalesce(e.data #>> '{changes,priority}', m.priority);
                m.metadata := coalesce(e.data #> '{changes,metadata}', m.metadata);
                if e.data -> 'changes' ? 'deadline' then
                    m.deadline := nullif(e.data #>> '{changes,deadline}', '')::timestamptz;
                end if;
            when 'mission_started' then
                m.state := 'in_progress';
                m.started_at := e.recorded_at;
                m.started_by := e.data ->> 'started_by';
            when 'mission_review_requested' then
                m.state := 'review';
                m.review_at := e.recorded_at;
                m.result := e.data;
            when 'mission_review_completed' then
                m.review_seq := e.seq;
                m.reviewer := e.data ->> 'reviewer';
                m.verdict := e.data ->> 'verdict';
                m.feedback := e.data ->> 'feedback';
                m.reviewed_at := e.recorded_at;
                if m.verdict = 'needs_changes' then
                    m.state := 'in_progress';
                    m.result := null;
                end if;
            when 'mission_completed' then
                m.state := 'completed';
                m.ended_at := e.recorded_at;
                m.result := e.data -> 'result';
                m.duration_ms := (e.data ->> 'duration_ms')::bigint;
            when 'mission_failed' then
                m.state := 'failed';
                m.ended_at := e.recorded_at;
                m.reason := e.data ->> 'reason';
                m.error := e.data -> 'error';
            when 'mission_cancelled' then
                m.state := 'cancelled';
                m.ended_at := e.recorded_at;
                m.reason := e.data ->> 'reason';
            else
                -- mission_progressed: how far it is comes from its sorties.
        end case;
    end loop;
    if m.mission_id is not null then
        perform fleet_state.keep_mission(m);
    end if;
end $$;
comment on function fleet_state.fold_mission is
    'Folds the mission events of a range. Example: select fleet_state.fold_mission(1, 100)';
