-- folds of checkpoints and rulings: fleet_state.checkpoints, fleet_state.rulings.

create function fleet_state.fold_checkpoint(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- It is made before all else, so a range is right when that is folded first.
    insert into fleet_state.checkpoints (checkpoint_id, project, mission_id, sortie_id, name, trigger, progress, event_seq,
        digest, bytes, format, counts, pilot, body_digest, body_bytes, error_kind, error_message, created_by, created_at,
        state, version, last_seq)
    select e.stream_id, e.project, e.data ->> 'mission_id', e.data ->> 'sortie_id', e.data ->> 'name', e.data ->> 'trigger',
           (e.data ->> 'progress_percent')::smallint, (e.data ->> 'event_seq')::bigint, e.data ->> 'digest',
           (e.data ->> 'bytes')::int, (e.data ->> 'format')::smallint, e.data -> 'counts', e.data ->> 'pilot',
           e.data ->> 'body_digest', (e.data ->> 'body_bytes')::int, e.data ->> 'error_kind', e.data ->> 'error_message',
           e.actor, e.recorded_at, 'available', e.stream_version, e.seq
      from fleet_log.events e
     where e.seq between fold_checkpoint.from_seq and fold_checkpoint.to_seq and e.type = 'checkpoint_created'
     order by e.stream_id;

    update fleet_state.checkpoints c
       set state = case when g.deleted is not null then 'deleted' when g.restored is not null then 'consumed' else c.state end,
           consumed_at = coalesce(g.restored_at, c.consumed_at),
           consumed_by = coalesce(g.restored ->> 'by', c.consumed_by),
           deleted_at = coalesce(g.deleted_at, c.deleted_at), deleted_by = coalesce(g.deleted ->> 'by', c.deleted_by),
           deleted_reason = coalesce(g.deleted ->> 'reason', c.deleted_reason),
           version = g.version, last_seq = g.last_seq
      from (select e.stream_id, max(e.stream_version) as version, max(e.seq) as last_seq,
                   (array_agg(e.data order by e.seq desc) filter (where e.type = 'checkpoint_restored'))[1] as restored,
                   max(e.recorded_at) filter (where e.type = 'checkpoint_restored') as restored_at,
                   (array_agg(e.data order by e.seq desc) filter (where e.type = 'checkpoint_deleted'))[1] as deleted,
                   max(e.recorded_at) filter (where e.type = 'checkpoint_deleted') as deleted_at
              from fleet_log.events e
             where e.seq between fold_checkpoint.from_seq and fold_checkpoint.to_seq and e.stream_type = 'checkpoint'
               and e.type <> 'checkpoint_created'
             group by e.stream_id) g
     where c.checkpoint_id = g.stream_id;
end $$;
comment on function fleet_state.fold_checkpoint is
    'Folds the checkpoint events of a range. Example: select fleet_state.fold_checkpoint(1, 100)';

create function fleet_state.fold_ruling(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.rulings (ruling_id, project, scope_kind, scope_id, text, recorded_by, recorded_at, state,
        version, last_seq)
    select e.stream_id, e.project, e.data #>> '{scope,kind}', coalesce(e.data #>> '{scope,id}', ''), e.data ->> 'text',
           e.data ->> 'by', e.recorded_at, 'in_force', e.stream_version, e.seq
      from fleet_log.events e
     where e.seq between fold_ruling.from_seq and fold_ruling.to_seq and e.type = 'ruling_recorded'
     order by e.stream_id;

    update fleet_state.rulings r
       set state = 'revoked', revoked_by = g.data ->> 'by', revoked_at = g.recorded_at,
           revoke_reason = g.data ->> 'reason', version = g.stream_version, last_seq = g.seq
      from (select distinct on (e.stream_id) e.* from fleet_log.events e
             where e.seq between fold_ruling.from_seq and fold_ruling.to_seq and e.type = 'ruling_revoked'
             order by e.stream_id, e.seq desc) g
     where r.ruling_id = g.stream_id;
end $$;
comment on function fleet_state.fold_ruling is
    'Folds the ruling events of a range. Example: select fleet_state.fold_ruling(1, 100)';
