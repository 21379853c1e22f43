-- breaking: no
-- Checkpoints, rulings, and the texts of checkpoints apart from the log.

create table fleet_state.checkpoints (
    checkpoint_id text collate "C" primary key,
    project text collate "C" not null,
    mission_id text collate "C",
    sortie_id text collate "C",
    name text,
    trigger text not null,
    progress smallint not null,
    event_seq bigint not null,
    digest text collate "C" not null,
    bytes int not null,
    format smallint not null,
    counts jsonb not null,
    pilot text collate "C",
    body_digest text collate "C",
    body_bytes int,
    error_kind text,
    error_message text,
    created_by text not null,
    created_at timestamptz(3) not null,
    state text not null,
    consumed_at timestamptz(3),
    consumed_by text,
    deleted_at timestamptz(3),
    deleted_by text,
    deleted_reason text,
    version int not null,
    last_seq bigint not null
) with (fillfactor = 80);
-- The newest of a mission, of a loose sortie, of a project: what recovery and lists ask for.
create index checkpoints_mission on fleet_state.checkpoints (mission_id, event_seq desc) where state <> 'deleted';
create index checkpoints_sortie on fleet_state.checkpoints (sortie_id, event_seq desc)
    where sortie_id is not null and state <> 'deleted';
create index checkpoints_project on fleet_state.checkpoints (project, checkpoint_id);
-- The last characters of an id are what people type; four of them leave few rows.
create index checkpoints_tail on fleet_state.checkpoints (right(checkpoint_id, 4));
create index checkpoints_name on fleet_state.checkpoints (project, name) where name is not null;
comment on table fleet_state.checkpoints is 'Snapshots from which a mission or a sortie can be resumed; their texts are kept apart.';
comment on column fleet_state.checkpoints.checkpoint_id is 'chk_ id; the stream.';
comment on column fleet_state.checkpoints.project is 'Key of the project.';
comment on column fleet_state.checkpoints.mission_id is 'Mission that it shows, or that its sortie is a piece of.';
comment on column fleet_state.checkpoints.sortie_id is 'Sortie that it shows, if it shows one alone.';
comment on column fleet_state.checkpoints.name is 'What its maker called it.';
comment on column fleet_state.checkpoints.trigger is 'progress, error, manual, compaction or shutdown: why it was taken.';
comment on column fleet_state.checkpoints.progress is 'How far the mission or sortie was, in percent.';
comment on column fleet_state.checkpoints.event_seq is 'Position in the log that it shows.';
comment on column fleet_state.checkpoints.digest is 'sha256 of its manifest, hex: its content.';
comment on column fleet_state.checkpoints.bytes is 'Length of manifest and parts, before compression.';
comment on column fleet_state.checkpoints.format is 'Version of the format that it was written in.';
comment on column fleet_state.checkpoints.counts is 'How much of each kind it remembers.';
comment on column fleet_state.checkpoints.pilot is 'Pilot that it is about: who was lost, failed, or asked for it.';
comment on column fleet_state.checkpoints.body_digest is 'Digest of what its maker added: summary, next steps, decisions, error; the text is a body.';
comment on column fleet_state.checkpoints.body_bytes is 'Length of that text.';
comment on column fleet_state.checkpoints.error_kind is 'What kind of error it was taken for.';
comment on column fleet_state.checkpoints.error_message is 'The error in a line; the rest of it is in the body.';
comment on column fleet_state.checkpoints.created_by is 'Who took it; system if it was taken by itself.';
comment on column fleet_state.checkpoints.created_at is 'When it was taken.';
comment on column fleet_state.checkpoints.state is 'available, consumed or deleted.';
comment on column fleet_state.checkpoints.consumed_at is 'When it was restored.';
comment on column fleet_state.checkpoints.consumed_by is 'Who restored it.';
comment on column fleet_state.checkpoints.deleted_at is 'When its texts went.';
comment on column fleet_state.checkpoints.deleted_by is 'Who deleted it.';
comment on column fleet_state.checkpoints.deleted_reason is 'pruned or manual.';
comment on column fleet_state.checkpoints.version is 'Version of the stream; the ETag.';
comment on column fleet_state.checkpoints.last_seq is 'Last event that changed the row.';

create table fleet_state.rulings (
    ruling_id text collate "C" primary key,
    project text collate "C" not null,
    scope_kind text not null,
    scope_id text collate "C" not null,
    text text not null,
    recorded_by text not null,
    recorded_at timestamptz(3) not null,
    state text not null,
    revoked_by text,
    revoked_at timestamptz(3),
    revoke_reason text,
    version int not null,
    last_seq bigint not null
) with (fillfactor = 80);
create index rulings_in_force on fleet_state.rulings (project, ruling_id) where state = 'in_force';
create index rulings_tail on fleet_state.rulings (right(ruling_id, 4));
comment on table fleet_state.rulings is 'What operators decided, word for word; told at every briefing until it is revoked.';
comment on column fleet_state.rulings.ruling_id is 'rul_ id; the stream.';
comment on column fleet_state.rulings.project is 'Key of the project; empty for the fleet.';
comment on column fleet_state.rulings.scope_kind is 'fleet, project, mission, sortie or pilot.';
comment on column fleet_state.rulings.scope_id is 'Id of the mission or sortie, callsign of the pilot; empty for the fleet and the project.';
comment on column fleet_state.rulings.text is 'The decision, word for word.';
comment on column fleet_state.rulings.recorded_by is 'Who decided.';
comment on column fleet_state.rulings.recorded_at is 'When.';
comment on column fleet_state.rulings.state is 'in_force or revoked.';
comment on column fleet_state.rulings.revoked_by is 'Who took it back.';
comment on column fleet_state.rulings.revoked_at is 'When it was taken back.';
comment on column fleet_state.rulings.revoke_reason is 'Why it was taken back.';
comment on column fleet_state.rulings.version is 'Version of the stream; the ETag.';
comment on column fleet_state.rulings.last_seq is 'Last event that changed the row.';

-- Texts apart from the log. Small ones are compressed, too: there are thousands of them.
create table fleet_log.checkpoint_manifests (
    checkpoint_id text collate "C" primary key,
    manifest text not null,
    stored_bytes int not null,
    kept_at timestamptz(3) not null default clock_timestamp()
) with (toast_tuple_target = 256);
comment on table fleet_log.checkpoint_manifests is 'What each checkpoint is made of; goes when the checkpoint is deleted.';
comment on column fleet_log.checkpoint_manifests.checkpoint_id is 'The checkpoint.';
comment on column fleet_log.checkpoint_manifests.manifest is 'JSON whose sha256 the checkpoint''s event holds; names its parts by theirs.';
comment on column fleet_log.checkpoint_manifests.stored_bytes is 'What it added to what was kept already, before compression.';
comment on column fleet_log.checkpoint_manifests.kept_at is 'When it was kept.';

create table fleet_log.checkpoint_parts (
    digest text collate "C" primary key,
    body text not null
) with (toast_tuple_target = 256);
comment on table fleet_log.checkpoint_parts is 'Pieces of checkpoints by digest: what did not change between two checkpoints is kept once.';
comment on column fleet_log.checkpoint_parts.digest is 'sha256 of the text, hex.';
comment on column fleet_log.checkpoint_parts.body is 'A JSON array of items.';

-- What the models of a sortie's pilots used is summed in a checkpoint; the log has no other way to find it.
create index events_usage on fleet_log.events ((data ->> 'sortie_id')) where type = 'usage_recorded';
