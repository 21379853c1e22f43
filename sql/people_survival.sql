-- Wrappers for people at psql: checkpoints, recovery, rulings.

create function fleet.checkpoint(
    project text, actor text default null, name text default null, mission_id text default null, summary text default null)
returns table (ok boolean, checkpoint_id text, mission_id text, trigger text, progress int, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'checkpoint_id', a.result ->> 'mission_id', a.result ->> 'trigger',
           (a.result ->> 'progress')::int, a.code, a.message, a.hint
      from fleet_log.ask('create_checkpoint', $1, $2, jsonb_build_object('name', $3, 'mission_id', $4, 'summary', $5)) a
$$;
comment on function fleet.checkpoint is
    'Takes a checkpoint of a mission. Example: select * from fleet.checkpoint(''demo'', ''viper-1'', ''before the merge'')';

create function fleet.restore(project text, checkpoint_id text, dry_run boolean default false, force boolean default false)
returns table (ok boolean, checkpoint_id text, sorties int, reservations int, messages int, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'checkpoint_id',
           jsonb_array_length(jsonb_path_query_array(a.result, '$.sorties[*] ? (@.action == "assigned")')),
           jsonb_array_length(jsonb_path_query_array(a.result, '$.reservations[*] ? (@.action == "taken")')),
           jsonb_array_length(a.result -> 'messages'), a.code, a.message, a.hint
      from fleet_log.ask('restore_checkpoint', $1, null, jsonb_build_object('checkpoint_id', $2, 'dry_run', $3, 'force', $4)) a
$$;
comment on function fleet.restore is
    'Operators only: brings back what a checkpoint remembers and nothing later contradicts. Example: select * from fleet.restore(''demo'', ''latest'', dry_run => true)';

create function fleet.resume(project text, mission_id text default null, dry_run boolean default false, force boolean default false)
returns table (ok boolean, mission_id text, checkpoint_id text, sorties int, reservations int, messages int, code text,
               message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'mission_id', a.result ->> 'checkpoint_id',
           jsonb_array_length(jsonb_path_query_array(a.result, '$.sorties[*] ? (@.action == "assigned")')),
           jsonb_array_length(jsonb_path_query_array(a.result, '$.reservations[*] ? (@.action == "taken")')),
           jsonb_array_length(a.result -> 'messages'), a.code, a.message, a.hint
      from fleet_log.ask('recover', $1, null, jsonb_build_object('mission_id', $2, 'dry_run', $3, 'force', $4)) a
$$;
comment on function fleet.resume is
    'Operators only: a mission that stands still goes on from its best checkpoint. Example: select * from fleet.resume(''demo'')';

create function fleet.prune(project text, dry_run boolean default false, older_than_seconds bigint default null, keep int default null)
returns table (ok boolean, deleted int, freed_bytes bigint, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, (a.result ->> 'deleted')::int, (a.result ->> 'freed_bytes')::bigint, a.code, a.message, a.hint
      from fleet_log.ask('prune_checkpoints', $1, null, jsonb_build_object('dry_run', $2, 'older_than_seconds', $3, 'keep', $4)) a
$$;
comment on function fleet.prune is
    'Operators only: deletes checkpoints that nobody needs any more. Example: select * from fleet.prune(''demo'', dry_run => true)';

create function fleet.rule(project text, text text, scope_kind text default null, scope_id text default null)
returns table (ok boolean, ruling_id text, scope_kind text, status text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'ruling_id', a.result ->> 'scope_kind', a.result ->> 'status', a.code, a.message, a.hint
      from fleet_log.ask('record_ruling', $1, null, jsonb_build_object('text', $2, 'scope_kind', $3, 'scope_id', $4)) a
$$;
comment on function fleet.rule is
    'Operators only: a decision, kept word for word and told at every briefing. Example: select * from fleet.rule(''demo'', ''Never touch the payment module'')';

create function fleet.revoke_ruling(project text, ruling_id text, reason text default null)
returns table (ok boolean, ruling_id text, status text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'ruling_id', a.result ->> 'status', a.code, a.message, a.hint
      from fleet_log.ask('revoke_ruling', $1, null, jsonb_build_object('ruling_id', $2, 'reason', $3)) a
$$;
comment on function fleet.revoke_ruling is
    'Operators only: takes a ruling back. Example: select * from fleet.revoke_ruling(''demo'', ''rul_01…'', ''the freeze is over'')';
