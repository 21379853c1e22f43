-- breaking: no
-- Missions, sorties and what waits for what.

create table fleet_state.missions (
    mission_id text collate "C" primary key,
    project text collate "C" not null,
    title text not null,
    description text,
    priority text not null,
    strategy text,
    created_by text not null,
    metadata jsonb,
    complete_by_itself boolean not null,
    require_review boolean not null,
    on_failure text not null,
    deadline timestamptz(3),
    max_failures int,
    state text collate "C" not null,
    created_at timestamptz(3) not null,
    started_at timestamptz(3),
    started_by text,
    ended_at timestamptz(3),
    reason text,
    error jsonb,
    result jsonb,
    duration_ms bigint,
    review_at timestamptz(3),
    review_seq bigint,
    reviewer text,
    verdict text,
    feedback text,
    reviewed_at timestamptz(3),
    version int not null,
    last_seq bigint not null
) with (fillfactor = 80);
create index missions_project on fleet_state.missions (project, mission_id);
create index missions_open on fleet_state.missions (deadline) where state in ('pending', 'in_progress', 'review');
create index missions_tail on fleet_state.missions (right(mission_id, 4));
comment on table fleet_state.missions is 'Goals, each broken into sorties.';
comment on column fleet_state.missions.mission_id is 'msn_ id; the stream.';
comment on column fleet_state.missions.project is 'Key of the project.';
comment on column fleet_state.missions.title is 'What is to be reached.';
comment on column fleet_state.missions.description is 'The goal in full.';
comment on column fleet_state.missions.priority is 'low, medium, high or critical; its sorties have it unless they say otherwise.';
comment on column fleet_state.missions.strategy is 'How it is broken into sorties.';
comment on column fleet_state.missions.created_by is 'Who set it.';
comment on column fleet_state.missions.metadata is 'Whatever its maker added.';
comment on column fleet_state.missions.complete_by_itself is 'It completes, or fails, when its last sortie has ended.';
comment on column fleet_state.missions.require_review is 'Somebody approves it before it is completed.';
comment on column fleet_state.missions.on_failure is 'stop: a sortie that failed for good fails the mission; continue: the others go on.';
comment on column fleet_state.missions.deadline is 'When it fails if it is still under way.';
comment on column fleet_state.missions.max_failures is 'So many sorties may fail; one more fails the mission.';
comment on column fleet_state.missions.state is 'pending, in_progress, review, completed, failed or cancelled.';
comment on column fleet_state.missions.created_at is 'When it was set.';
comment on column fleet_state.missions.started_at is 'When work on it began.';
comment on column fleet_state.missions.started_by is 'Who began it.';
comment on column fleet_state.missions.ended_at is 'When it was completed, failed or cancelled.';
comment on column fleet_state.missions.reason is 'Why it failed or was cancelled.';
comment on column fleet_state.missions.error is 'What went wrong.';
comment on column fleet_state.missions.result is 'How its sorties ended, when it was completed.';
comment on column fleet_state.missions.duration_ms is 'From its start to its completion.';
comment on column fleet_state.missions.review_at is 'When it went into review last.';
comment on column fleet_state.missions.review_seq is 'Event of the last verdict: what ended before it was judged.';
comment on column fleet_state.missions.reviewer is 'Who gave the last verdict.';
comment on column fleet_state.missions.verdict is 'approved, rejected or needs_changes.';
comment on column fleet_state.missions.feedback is 'What was said with it.';
comment on column fleet_state.missions.reviewed_at is 'When the last verdict was given.';
comment on column fleet_state.missions.version is 'Version of the stream; the ETag.';
comment on column fleet_state.missions.last_seq is 'Last event that changed the row.';

create table fleet_state.sorties (
    sortie_id text collate "C" primary key,
    project text collate "C" not null,
    mission_id text collate "C",
    name text collate "C",
    title text not null,
    description text,
    priority text not null,
    rank smallint not null,
    files text[] not null,
    join_mode text not null,
    complexity smallint,
    role text collate "C",
    capabilities text[] not null,
    estimated_minutes int,
    condition text,
    timeout_seconds int,
    max_attempts int not null,
    state text collate "C" not null,
    gate text not null,
    mission_runs boolean not null,
    ready boolean not null,
    created_seq bigint not null,
    created_by text not null,
    created_at timestamptz(3) not null,
    pilot text collate "C",
    token bigint,
    attempt int not null,
    lease_seconds int,
    assigned_at timestamptz(3),
    signed_at timestamptz(3),
    started_at timestamptz(3),
    progress smallint not null,
    progress_message text,
    progressed_at timestamptz(3),
    blocked_reason text,
    blocker_type text,
    blocker_id text,
    blocked_at timestamptz(3),
    review_at timestamptz(3),
    reviewer text,
    verdict text,
    feedback text,
    issues text[],
    reviewed_at timestamptz(3),
    reason text,
    error jsonb,
    summary_digest text collate "C",
    summary_bytes int,
    result_digest text collate "C",
    result_bytes int,
    evidence jsonb,
    files_touched text[] not null,
    unreserved text[] not null,
    ended_at timestamptz(3),
    duration_ms bigint,
    version int not null,
    last_seq bigint not null
) with (fillfactor = 60);
-- The last characters of an id are what people type; four of them leave few rows.
create index sorties_tail on fleet_state.sorties (right(sortie_id, 4));
create index sorties_project on fleet_state.sorties (project, sortie_id);
-- One of a mission by its state: whether any is open, how many failed.
create index sorties_mission on fleet_state.sorties (mission_id, state) where mission_id is not null;
-- Those of no mission, for the board.
create index sorties_loose on fleet_state.sorties (project, created_seq) where mission_id is null;
create index sorties_name on fleet_state.sorties (mission_id, name) where name is not null;
-- The claim order. Who claims reads the first row of its role and the first that fits every role.
create index sorties_ready on fleet_state.sorties (project, (coalesce(role, '')), rank, created_seq) where ready;
create index sorties_pending on fleet_state.sorties (project, rank, created_seq) where state = 'pending';
create index sorties_held on fleet_state.sorties (project, pilot)
    where state in ('assigned', 'in_progress', 'blocked', 'review');
comment on table fleet_state.sorties is 'Pieces of work for one pilot each.';
comment on column fleet_state.sorties.sortie_id is 'srt_ id; the stream.';
comment on column fleet_state.sorties.project is 'Key of the project.';
comment on column fleet_state.sorties.mission_id is 'Mission it is a piece of.';
comment on column fleet_state.sorties.name is 'Short name, unique in its mission.';
comment on column fleet_state.sorties.title is 'What is to be done.';
comment on column fleet_state.sorties.description is 'The same in full.';
comment on column fleet_state.sorties.priority is 'low, medium, high or critical.';
comment on column fleet_state.sorties.rank is 'Priority as a number, 0 is critical: the claim order.';
comment on column fleet_state.sorties.files is 'Patterns of the files that it may touch.';
comment on column fleet_state.sorties.join_mode is 'all or any of its dependencies must have ended as they should.';
comment on column fleet_state.sorties.complexity is '1 to 5.';
comment on column fleet_state.sorties.role is 'Only pilots of this role may claim it.';
comment on column fleet_state.sorties.capabilities is 'A pilot needs all of these to claim it.';
comment on column fleet_state.sorties.estimated_minutes is 'How long it may take, by guess.';
comment on column fleet_state.sorties.condition is 'Expression over results of its dependencies; false means skipped.';
comment on column fleet_state.sorties.timeout_seconds is 'How long an attempt may take.';
comment on column fleet_state.sorties.max_attempts is 'How often it is tried.';
comment on column fleet_state.sorties.state is 'pending, assigned, in_progress, blocked, review, completed, failed, cancelled or skipped.';
comment on column fleet_state.sorties.gate is 'open: its dependencies allow it; waiting: they do not yet; broken: they never will.';
comment on column fleet_state.sorties.mission_runs is 'It has no mission, or one that is in progress.';
comment on column fleet_state.sorties.ready is 'It can be claimed: pending, its gate open, its mission in progress.';
comment on column fleet_state.sorties.created_seq is 'Event that made it: its age in the claim order.';
comment on column fleet_state.sorties.created_by is 'Who made it.';
comment on column fleet_state.sorties.created_at is 'When it was made.';
comment on column fleet_state.sorties.pilot is 'Who has it, or had it last.';
comment on column fleet_state.sorties.token is 'Fencing token while a pilot has it: seq of the assignment.';
comment on column fleet_state.sorties.attempt is 'Number of the present or next attempt.';
comment on column fleet_state.sorties.lease_seconds is 'How long a sign of life keeps the lease.';
comment on column fleet_state.sorties.assigned_at is 'When the present attempt was claimed.';
comment on column fleet_state.sorties.signed_at is 'Last event by which its pilot showed that it is at work.';
comment on column fleet_state.sorties.started_at is 'When the present attempt was begun.';
comment on column fleet_state.sorties.progress is '0 to 100, as the pilot says.';
comment on column fleet_state.sorties.progress_message is 'What it said with it.';
comment on column fleet_state.sorties.progressed_at is 'When it said so.';
comment on column fleet_state.sorties.blocked_reason is 'Why it cannot go on, while blocked.';
comment on column fleet_state.sorties.blocker_type is 'sortie, pilot, file, external or clarification.';
comment on column fleet_state.sorties.blocker_id is 'What is in the way.';
comment on column fleet_state.sorties.blocked_at is 'Since when it is blocked.';
comment on column fleet_state.sorties.review_at is 'When it was handed in for review.';
comment on column fleet_state.sorties.reviewer is 'Who is asked for the verdict, or gave it.';
comment on column fleet_state.sorties.verdict is 'approved, rejected or needs_changes.';
comment on column fleet_state.sorties.feedback is 'What was said with it.';
comment on column fleet_state.sorties.issues is 'What has to change.';
comment on column fleet_state.sorties.reviewed_at is 'When the verdict was given.';
comment on column fleet_state.sorties.reason is 'Why it was skipped or cancelled.';
comment on column fleet_state.sorties.error is 'What went wrong in the last attempt that failed.';
comment on column fleet_state.sorties.summary_digest is 'Digest of what was done, in words; the text is a body.';
comment on column fleet_state.sorties.summary_bytes is 'Length of that text.';
comment on column fleet_state.sorties.result_digest is 'Digest of the result that conditions look at; the JSON is a body.';
comment on column fleet_state.sorties.result_bytes is 'Length of that JSON.';
comment on column fleet_state.sorties.evidence is 'Commands that were run to show it is done, with exit codes.';
comment on column fleet_state.sorties.files_touched is 'Files that its pilots said they changed.';
comment on column fleet_state.sorties.unreserved is 'Those of them that were not reserved at that time.';
comment on column fleet_state.sorties.ended_at is 'When it ended.';
comment on column fleet_state.sorties.duration_ms is 'From start to completion.';
comment on column fleet_state.sorties.version is 'Version of the stream; the ETag.';
comment on column fleet_state.sorties.last_seq is 'Last event that changed the row.';

create table fleet_state.sortie_dependencies (
    sortie_id text collate "C" not null,
    ord smallint not null,
    project text collate "C" not null,
    needs text collate "C" not null,
    mode text not null,
    last_seq bigint not null,
    primary key (sortie_id, ord)
);
create index sortie_dependencies_needs on fleet_state.sortie_dependencies (needs);
comment on table fleet_state.sortie_dependencies is 'Which sortie waits for which.';
comment on column fleet_state.sortie_dependencies.sortie_id is 'The sortie that waits.';
comment on column fleet_state.sortie_dependencies.ord is 'Place in the list, from 1.';
comment on column fleet_state.sortie_dependencies.project is 'Key of the project.';
comment on column fleet_state.sortie_dependencies.needs is 'The sortie it waits for.';
comment on column fleet_state.sortie_dependencies.mode is 'success: it must be completed; settled: it must have ended, however.';
comment on column fleet_state.sortie_dependencies.last_seq is 'Event that set it.';

-- The end of a sortie frees what was reserved for it.
create index reservations_sortie on fleet_state.reservations (sortie_id) where state = 'active' and sortie_id is not null;
