-- Views of checkpoints and rulings.

create view fleet.checkpoints as
select c.checkpoint_id, c.project, c.mission_id, c.sortie_id, c.name, c.trigger, c.progress, c.event_seq, c.digest, c.bytes,
       c.format, c.counts, c.pilot, c.error_kind, c.error_message, c.created_by, c.created_at, c.state as status,
       c.consumed_at, c.consumed_by, c.deleted_at, c.deleted_by, c.deleted_reason, c.version, c.last_seq
  from fleet_state.checkpoints c;
comment on view fleet.checkpoints is 'Snapshots from which missions can be resumed. Example: select * from fleet.checkpoints order by event_seq desc limit 5';
comment on column fleet.checkpoints.status is 'available, consumed or deleted.';

create view fleet.rulings as
select r.ruling_id, r.project, r.scope_kind, r.scope_id, r.text, r.recorded_by, r.recorded_at, r.state as status,
       r.revoked_by, r.revoked_at, r.revoke_reason, r.version, r.last_seq
  from fleet_state.rulings r;
comment on view fleet.rulings is 'What operators decided. Example: select scope_kind, text from fleet.rulings where status = ''in_force''';
comment on column fleet.rulings.status is 'in_force or revoked.';
