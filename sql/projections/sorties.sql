-- fold of the family sortie: fleet_state.sorties and fleet_state.sortie_dependencies.
-- Each sortie is read once, taken through its events of the range and written once; then the gates of all that depend on
-- what has ended are set anew. A gate is a function of the rows alone, so it does not matter how the
-- log is cut into ranges.

create function fleet_log.has_ended(state text)
returns boolean
language sql immutable parallel safe as $$
    -- No pinned path, so that it is inlined.
    select $1 in ('completed', 'failed', 'cancelled', 'skipped')
$$;
comment on function fleet_log.has_ended is
    'True for the states of a sortie that others may wait for. Example: select fleet_log.has_ended(''skipped'')';

create function fleet_log.gate_of(
    join_mode text, waits_for_all boolean, needed bigint, satisfied bigint, carried_out bigint, ended bigint)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- satisfied: dependencies that ended as they should; carried_out: those of them that were not skipped.
    if join_mode = 'all' then
        return case when satisfied = needed then 'open' when ended > satisfied then 'broken' else 'waiting' end;
    end if;
    if ended = needed then
        return case when satisfied > 0 then 'open' else 'broken' end;
    end if;
    -- Of two branches the one that is skipped must not let anybody go ahead of the one that is at work.
    return case when carried_out > 0 and not waits_for_all then 'open' else 'waiting' end;
end $$;
comment on function fleet_log.gate_of is
    'Whether dependencies allow a sortie: open, waiting or broken; see decision 0010. Example: select fleet_log.gate_of(''any'', false, 2, 1, 1, 1)';

create function fleet_state.set_gates(ids text[], ended text[])
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    g record;
begin
    -- LIMIT keeps each look-up an index probe: a plan made while the tables were small would read all of them.
    for g in
        select s.sortie_id, case when n.needed = 0 then 'open'
                                 else fleet_log.gate_of(s.join_mode, s.condition is not null, n.needed, n.satisfied,
                                                        n.carried_out, n.ended) end as gate, s.gate as before
          from (select unnest(ids) as sortie_id
                union
                select d.sortie_id from fleet_state.sortie_dependencies d where d.needs = any(ended)) a
         cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = a.sortie_id limit 1) s
         cross join lateral (
               select count(*) as needed,
                      count(*) filter (where t.state = 'completed'
                                             or d.mode = 'settled' and fleet_log.has_ended(t.state)) as satisfied,
                      count(*) filter (where t.state = 'completed'
                                             or d.mode = 'settled' and t.state in ('failed', 'cancelled')) as carried_out,
                      count(*) filter (where fleet_log.has_ended(t.state)) as ended
                 from fleet_state.sortie_dependencies d
                cross join lateral (select x.state from fleet_state.sorties x where x.sortie_id = d.needs limit 1) t
                where d.sortie_id = s.sortie_id) n
         order by 1
    loop
        if g.gate <> g.before then
            update fleet_state.sorties s
               set gate = g.gate, ready = s.state = 'pending' and s.mission_runs and g.gate = 'open'
             where s.sortie_id = g.sortie_id;
        end if;
    end loop;
end $$;
comment on function fleet_state.set_gates is
    'Sets the gates of these sorties, and of those that wait for the ended ones. Example, in fold_sortie: perform fleet_state.set_gates(shaped, ended)';

create function fleet_state.keep_sortie(s fleet_state.sorties)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    update fleet_state.sorties t
       set title = s.title, description = s.description, priority = s.priority, rank = s.rank, files = s.files,
           join_mode = s.join_mode, complexity = s.complexity, role = s.role, capabilities = s.capabilities,
           estimated_minutes = s.estimated_minutes, condition = s.condition, timeout_seconds = s.timeout_seconds,
           max_attempts = s.max_attempts, state = s.state, ready = s.ready, pilot = s.pilot, token = s.token,
           attempt = s.attempt, lease_seconds = s.lease_seconds, assigned_at = s.assigned_at, signed_at = s.signed_at,
           started_at = s.started_at, progress = s.progress, progress_message = s.progress_message,
           progressed_at = s.progressed_at, blocked_reason = s.blocked_reason, blocker_type = s.blocker_type,
           blocker_id = s.blocker_id, blocked_at = s.blocked_at, review_at = s.review_at, reviewer = s.reviewer,
           verdict = s.verdict, feedback = s.feedback, issues = s.issues, reviewed_at = s.reviewed_at,
           reason = s.reason, error = s.error, summary_digest = s.summary_digest, summary_bytes = s.summary_bytes,
           result_digest = s.result_digest, result_bytes = s.result_bytes, evidence = s.evidence,
           files_touched = s.files_touched, unreserved = s.unreserved, ended_at = s.ended_at,
           duration_ms = s.duration_ms, version = s.version, last_seq = s.last_seq
     where t.sortie_id = s.sortie_id;
    if not found then
        insert into fleet_state.sorties select (s).*;
    end if;
end $$;
comment on function fleet_state.keep_sortie is
    'Writes a sortie as its events made it. Example, in fold_sortie: perform fleet_state.keep_sortie(s)';

create function fleet_state.fold_sortie(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    e fleet_log.events;
    s fleet_state.sorties;
    before text;
    shaped text[] := '{}';   -- whose dependencies, join or condition are new
    ended text[] := '{}';    -- who ended, or whose end was taken back
begin
    for e in
        select x.* from fleet_log.events x
         where x.seq between fold_sortie.from_seq and fold_sortie.to_seq and x.stream_type = 'sortie'
         order by x.stream_id, x.seq
    loop
        if e.stream_id is distinct from s.sortie_id then
            if s.sortie_id is not null then
                perform fleet_state.keep_sortie(s);
                if before is distinct from s.state and (fleet_log.has_ended(before) or fleet_log.has_ended(s.state)) then
                    ended := ended || s.sortie_id;
                end if;
            end if;
            select * into s from fleet_state.sorties y where y.sortie_id = e.stream_id;
            before := coalesce(s.state, 'none');
        end if;
        if e.type = 'sortie_created' then
            s := fleet_state.shape_sortie(fleet_state.new_sortie(e), e, e.data);
            s.mission_runs := s.mission_id is null or exists (
                select from fleet_state.missions m where m.mission_id = s.mission_id and m.state = 'in_progress');
            if s.gate = 'waiting' then
                shaped := shaped || s.sortie_id;
            end if;
        elsif e.type = 'sortie_updated' then
            s := fleet_state.shape_sortie(s, e, e.data -> 'changes');
            if e.data -> 'changes' ?| '{depends_on,join,condition}' then
                shaped := shaped || s.sortie_id;
            end if;
        else
            s := fleet_state.sortie_after(s, e);
            if s.state <> 'blocked' then
                s.blocked_reason := null;
                s.blocker_type := null;
                s.blocker_id := null;
                s.blocked_at := null;
            end if;
            if s.state not in ('assigned', 'in_progress', 'blocked', 'review') then
                s.token := null;
            end if;
            if fleet_log.has_ended(s.state) then
                s.ended_at := e.recorded_at;
            end if;
        end if;
        s.ready := s.state = 'pending' and s.mission_runs and s.gate = 'open';
        s.version := e.stream_version;
        s.last_seq := e.seq;
    end loop;
    if s.sortie_id is null then
        return;
    end if;
    perform fleet_state.keep_sortie(s);
    if before is distinct from s.state and (fleet_log.has_ended(before) or fleet_log.has_ended(s.state)) then
        ended := ended || s.sortie_id;
    end if;
    if shaped <> '{}' or ended <> '{}' then
        perform fleet_state.set_gates(shaped, ended);
    end if;
end $$;
comment on function fleet_state.fold_sortie is
    'Folds the sortie events of a range. Example: select fleet_state.fold_sortie(1, 100)';
