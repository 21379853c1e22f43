-- Missions and sorties as people read them, and as the faces do.

create function fleet_log.halted_here(project text, mission text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return coalesce((select fleet_log.halt_words(h) || ' is halted: ' || h.reason from fleet_state.halts h
             where h.halted and (h.scope_kind = 'fleet' or h.project = halted_here.project
                   and (h.scope_kind = 'project' or h.scope_kind = 'mission' and h.scope_id = halted_here.mission))
             order by h.scope_kind = 'fleet' desc, h.scope_kind = 'project' desc limit 1),
        fleet_log.budget_here(halted_here.project, halted_here.mission, clock_timestamp()));
end $$;
comment on function fleet_log.halted_here is
    'The halt or used-up budget that keeps sorties of a mission from being claimed, in words, or null. Example: select fleet_log.halted_here(''demo'', ''msn_01…'')';

create view fleet_log.mission_items as
select m.project, m.mission_id, m.state, m.priority, m.created_by, fleet_log.mission_json(m, clock_timestamp()) as item
  from fleet_state.missions m;
comment on view fleet_log.mission_items is 'Missions as JSON.';
comment on column fleet_log.mission_items.project is 'Key of the project.';
comment on column fleet_log.mission_items.mission_id is 'Id of the mission.';
comment on column fleet_log.mission_items.state is 'State, to filter by.';
comment on column fleet_log.mission_items.priority is 'Priority, to filter by.';
comment on column fleet_log.mission_items.created_by is 'Who made it, to filter by.';
comment on column fleet_log.mission_items.item is 'The JSON object.';

create view fleet_log.sortie_items as
select s.project, s.sortie_id, s.mission_id, s.state,
       fleet_log.sortie_json(s, clock_timestamp()) || fleet_log.body_json('summary', s.summary_digest)
       || case when s.result_digest is null then '{}'
               else jsonb_build_object('result', fleet_log.body_of(s.result_digest)::jsonb) end as item
  from fleet_state.sorties s;
comment on view fleet_log.sortie_items is 'Sorties as JSON, with the texts of summary and result.';
comment on column fleet_log.sortie_items.project is 'Key of the project.';
comment on column fleet_log.sortie_items.sortie_id is 'Id of the sortie.';
comment on column fleet_log.sortie_items.mission_id is 'Id of its mission, to filter by.';
comment on column fleet_log.sortie_items.state is 'State, to filter by.';
comment on column fleet_log.sortie_items.item is 'The JSON object.';

create view fleet.missions as
select m.project, m.mission_id, left(m.title, 60) as title, m.state as status, m.priority,
       case when m.state = 'completed' then 100 else c.percent end as percent,
       c.ended || '/' || c.total as sorties, nullif(c.at_work, 0) as at_work, nullif(c.ready, 0) as ready,
       nullif(c.blocked, 0) as blocked, nullif(c.failed, 0) as failed, m.on_failure, m.deadline, m.created_by,
       m.created_at, m.started_at, m.ended_at, coalesce(m.reason, m.result ->> 'summary') as outcome, m.last_seq
  from fleet_state.missions m
 cross join lateral (
       -- As fleet_log.mission_progress, which is for commands: its rights are theirs.
       select coalesce(floor(avg(case when s.state in ('completed', 'skipped', 'cancelled') then 100
                                      else s.progress end)), 0)::int as percent, count(*) as total, count(*) filter (where fleet_log.has_ended(s.state)) as ended,
              count(*) filter (where s.state in ('assigned', 'in_progress', 'review')) as at_work,
              count(*) filter (where s.ready) as ready, count(*) filter (where s.state = 'blocked') as blocked,
              count(*) filter (where s.state = 'failed') as failed
         from fleet_state.sorties s where s.mission_id = m.mission_id) c;
comment on view fleet.missions is
    'Goals and how far they are. Example: select title, status, percent, sorties from fleet.missions where project = ''demo''';
comment on column fleet.missions.project is 'Key of the project.';
comment on column fleet.missions.mission_id is 'msn_ id; the stream.';
comment on column fleet.missions.title is 'What is to be reached; the first 60 characters.';
comment on column fleet.missions.status is 'pending, in_progress, review, completed, failed or cancelled.';
comment on column fleet.missions.priority is 'low, medium, high or critical.';
comment on column fleet.missions.percent is 'How far it is: the mean of its sorties.';
comment on column fleet.missions.sorties is 'Sorties that have ended, of all.';
comment on column fleet.missions.at_work is 'Sorties that a pilot or a reviewer has.';
comment on column fleet.missions.ready is 'Sorties that can be claimed.';
comment on column fleet.missions.blocked is 'Sorties that cannot go on.';
comment on column fleet.missions.failed is 'Sorties that failed for good.';
comment on column fleet.missions.on_failure is 'stop or continue: what a failed sortie does to the others.';
comment on column fleet.missions.deadline is 'When it fails if it is still under way.';
comment on column fleet.missions.created_by is 'Who set it.';
comment on column fleet.missions.created_at is 'When it was set.';
comment on column fleet.missions.started_at is 'When work began.';
comment on column fleet.missions.ended_at is 'When it ended.';
comment on column fleet.missions.outcome is 'Why it failed or was cancelled, or the summary of its completion.';
comment on column fleet.missions.last_seq is 'Last event that changed it.';

create view fleet.sorties as
select s.project, s.sortie_id, s.name, left(s.title, 60) as title, s.mission_id, s.state as status, s.priority, s.role,
       s.pilot,
       s.progress as percent, case when s.max_attempts > 1 or s.attempt > 1 then s.attempt || '/' || s.max_attempts end as attempt,
       case when s.state = 'pending' and s.ready then 'ready' when s.state = 'pending' then fleet_log.why_not_ready(s)
            when s.state = 'blocked' then s.blocked_reason when s.state = 'failed' then s.error ->> 'message'
            when s.state in ('skipped', 'cancelled') then s.reason
            when s.state = 'completed' then left(fleet_log.body_of(s.summary_digest), 80)
            else s.progress_message end as word,
       fleet_log.sortie_lease_until(s, l.seen_at) as lease_until,
       fleet_log.sortie_lease_until(s, l.seen_at) <= clock_timestamp() as lapsed, s.token, s.files, s.files_touched,
       nullif(s.unreserved, '{}') as unreserved, s.blocked_reason, s.blocker_type, s.blocker_id,
       s.blocked_at, s.reviewer, s.verdict, s.error, s.evidence, s.created_at, s.assigned_at, s.started_at, s.ended_at,
       s.duration_ms, s.version, s.last_seq
  from fleet_state.sorties s
  left join fleet_live.pilots l on l.project = s.project and l.callsign = s.pilot;
comment on view fleet.sorties is
    'Pieces of work and who does them. Example: select name, status, pilot, percent, word from fleet.sorties where project = ''demo''';
comment on column fleet.sorties.project is 'Key of the project.';
comment on column fleet.sorties.sortie_id is 'srt_ id; the stream.';
comment on column fleet.sorties.name is 'Short name, unique in its mission.';
comment on column fleet.sorties.title is 'What is to be done; the first 60 characters.';
comment on column fleet.sorties.mission_id is 'Mission it is a piece of.';
comment on column fleet.sorties.status is 'pending, assigned, in_progress, blocked, review, completed, failed, cancelled or skipped.';
comment on column fleet.sorties.priority is 'low, medium, high or critical.';
comment on column fleet.sorties.role is 'Only pilots of this role may claim it.';
comment on column fleet.sorties.pilot is 'Who has it, or had it last.';
comment on column fleet.sorties.percent is 'How far it is, as its pilot says.';
comment on column fleet.sorties.attempt is 'Number of the attempt and how many it has, if more than one.';
comment on column fleet.sorties.word is 'The one thing to know: ready or why not, what blocks it, what went wrong, what was done.';
comment on column fleet.sorties.lease_until is 'Until when its pilot has it without a further sign of life.';
comment on column fleet.sorties.lapsed is 'True if that time has passed.';
comment on column fleet.sorties.token is 'Fencing token while a pilot has it.';
comment on column fleet.sorties.files is 'Patterns of the files that it may touch.';
comment on column fleet.sorties.files_touched is 'Files that its pilots said they changed.';
comment on column fleet.sorties.unreserved is 'Those that were not reserved at that time.';
comment on column fleet.sorties.created_at is 'When it was made.';
comment on column fleet.sorties.assigned_at is 'When the present attempt was claimed.';
comment on column fleet.sorties.started_at is 'When the present attempt was begun.';
comment on column fleet.sorties.ended_at is 'When it ended.';
comment on column fleet.sorties.duration_ms is 'From start to completion.';
comment on column fleet.sorties.last_seq is 'Last event that changed it.';

create view fleet.sortie_dependencies as
select d.project, s.mission_id, d.sortie_id, fleet_log.sortie_label(s) as sortie, s.state, d.mode, d.needs,
       fleet_log.sortie_label(t) as needs_sortie, t.state as needs_state,
       case when fleet_log.has_ended(t.state) then t.state = 'completed' or d.mode = 'settled' end as satisfied,
       s.join_mode, d.last_seq
  from fleet_state.sortie_dependencies d
  join fleet_state.sorties s on s.sortie_id = d.sortie_id
  join fleet_state.sorties t on t.sortie_id = d.needs;
comment on view fleet.sortie_dependencies is
    'Which sortie waits for which. Example: select sortie, needs_sortie, needs_state, satisfied from fleet.sortie_dependencies where project = ''demo''';
comment on column fleet.sortie_dependencies.project is 'Key of the project.';
comment on column fleet.sortie_dependencies.mission_id is 'Mission of the one that waits.';
comment on column fleet.sortie_dependencies.sortie_id is 'The one that waits.';
comment on column fleet.sortie_dependencies.sortie is 'Its name, or the end of its id.';
comment on column fleet.sortie_dependencies.state is 'Its state.';
comment on column fleet.sortie_dependencies.mode is 'success or settled: how the other must have ended.';
comment on column fleet.sortie_dependencies.needs is 'The one it waits for.';
comment on column fleet.sortie_dependencies.needs_sortie is 'Its name, or the end of its id.';
comment on column fleet.sortie_dependencies.needs_state is 'Its state.';
comment on column fleet.sortie_dependencies.satisfied is 'Whether it ended as it should; null while it is open.';
comment on column fleet.sortie_dependencies.join_mode is 'all or any of the dependencies must be satisfied.';
comment on column fleet.sortie_dependencies.last_seq is 'Event that set the dependency.';

create view fleet.ready as
select fleet_log.short_project(s.project) as project, h.words is null and s.ready as ready, '…' || right(s.sortie_id, 6) as id,
       fleet_log.cut(coalesce(s.name, s.title), 22) as sortie, s.priority,
       fleet_log.cut(concat_ws(' ', s.role, nullif(array_to_string(s.capabilities, ' '), '')), 12) as role,
       fleet_log.cut(coalesce(h.words, fleet_log.why_not_ready(s)), 34) as why_not
  from fleet_state.sorties s
  left join lateral (select case when s.ready then fleet_log.halted_here(s.project, s.mission_id) end as words) h on true
 where s.state = 'pending'
 order by s.project, h.words is null and s.ready desc, s.rank, s.created_seq;
comment on view fleet.ready is
    'What is pending: first what can be claimed, in the order it will be, then the rest with the reason. Example: select * from fleet.ready where project = ''demo''';
comment on column fleet.ready.project is 'End of the project''s key.';
comment on column fleet.ready.ready is 'Whether it can be claimed now.';
comment on column fleet.ready.id is 'End of the srt_ id, which commands take as well.';
comment on column fleet.ready.sortie is 'Its name, or its title.';
comment on column fleet.ready.priority is 'low, medium, high or critical: the first part of the order; then age.';
comment on column fleet.ready.role is 'Only pilots of this role and with these capabilities may claim it.';
comment on column fleet.ready.why_not is 'Why it cannot be claimed.';
