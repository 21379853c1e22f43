-- Wrappers for people at psql, one line each: a request through fleet.act, the answer as a table.

create function fleet_log.ask(op text, project text, actor text, args jsonb, fence jsonb default null)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    answer fleet_log.work;
begin
    select a.code, a.field, a.message, a.hint, a.detail, a.result, a.seq
      into answer.code, answer.field, answer.message, answer.hint, answer.detail, answer.result, answer.seq
      from fleet.act(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
               'op', ask.op, 'project', ask.project, 'actor', ask.actor, 'fence', ask.fence,
               'roles', case when pg_has_role(session_user, 'fleet_operator', 'member') then '["operator"]'::jsonb end,
               'metadata', '{"source": "psql"}'::jsonb))
               -- A null is an argument that was left out; inside a payload, a result or metadata it is the sender's own.
               || jsonb_build_object('args', jsonb_strip_nulls(ask.args - '{payload,result,metadata}'::text[]) || (
                      select coalesce(jsonb_object_agg(g.key, g.value), '{}') from jsonb_each(ask.args) g
                       where g.key in ('payload', 'result', 'metadata') and g.value <> 'null')))) a;
    return answer;
end $$;
comment on function fleet_log.ask is
    'One request through fleet.act, its outcome as a value. Example: select (fleet_log.ask(''release_all'', ''demo'', ''viper-1'', ''{}'')).result';

create function fleet.append(
    project text, type text, data jsonb default '{}', stream_id text default null, actor text default null)
returns table (ok boolean, seq bigint, event_id text, code text, field text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.seq, a.result #>> '{events,0,event_id}', a.code, a.field, a.message, a.hint
      from fleet_log.ask('append', append.project, append.actor, jsonb_build_object('events', jsonb_build_array(
               jsonb_build_object('type', append.type, 'data', append.data, 'stream_id', append.stream_id)))) a
$$;
comment on function fleet.append is
    'Appends one event of your own. Example: select * from fleet.append(''demo'', ''x.note'', ''{"text":"hello"}'')';

create function fleet.register_project(
    key text, name text default null, vcs_url text default null, default_branch text default null)
returns table (ok boolean, key text, name text, created boolean, code text, field text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'key', a.result ->> 'name', (a.result ->> 'created')::boolean,
           a.code, a.field, a.message, a.hint
      from fleet_log.ask('register_project', null, null, jsonb_build_object(
               'key', $1, 'name', $2, 'vcs_url', $3, 'default_branch', $4)) a
$$;
comment on function fleet.register_project is
    'Makes a project known. Example: select * from fleet.register_project(''demo'')';

create function fleet.archive_project(key text, reason text default null)
returns table (ok boolean, key text, status text, code text, field text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'key', a.result ->> 'status', a.code, a.field, a.message, a.hint
      from fleet_log.ask('archive_project', null, null, jsonb_build_object('key', $1, 'reason', $2)) a
$$;
comment on function fleet.archive_project is
    'Puts a project away. Example: select * from fleet.archive_project(''demo'', ''merged'')';

create function fleet.register_pilot(
    project text, callsign text default null, program text default 'psql', model text default 'human',
    role text default null, capabilities text[] default '{}', resume boolean default false)
returns table (ok boolean, callsign text, pilot_id text, status text, code text, field text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'callsign', a.result ->> 'pilot_id', a.result ->> 'status',
           a.code, a.field, a.message, a.hint
      from fleet_log.ask('register_pilot', $1, null, jsonb_build_object('callsign', $2, 'program', $3, 'model', $4,
               'role', $5, 'capabilities', $6, 'resume', $7)) a
$$;
comment on function fleet.register_pilot is
    'Takes a callsign, or draws a free one. Example: select * from fleet.register_pilot(''demo'', ''falcon-1'')';

create function fleet.set_pilot_status(project text, callsign text, status text, current_sortie text default null)
returns table (ok boolean, callsign text, status text, code text, field text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'callsign', a.result ->> 'status', a.code, a.field, a.message, a.hint
      from fleet_log.ask('set_pilot_status', $1, $2, jsonb_build_object(
               'callsign', $2, 'to', $3, 'current_sortie', $4)) a
$$;
comment on function fleet.set_pilot_status is
    'Says that a pilot is active or idle. Example: select * from fleet.set_pilot_status(''demo'', ''viper-1'', ''idle'')';

create function fleet.deregister_pilot(
    project text, callsign text, reason text default 'manual', final_status text default null)
returns table (ok boolean, callsign text, freed bigint, code text, field text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'callsign', jsonb_array_length(a.result -> 'freed')::bigint,
           a.code, a.field, a.message, a.hint
      from fleet_log.ask('deregister_pilot', $1, $2, jsonb_build_object(
               'callsign', $2, 'reason', $3, 'final_status', $4)) a
$$;
comment on function fleet.deregister_pilot is
    'A pilot leaves; its files are free. Example: select * from fleet.deregister_pilot(''demo'', ''viper-1'')';

create function fleet.beat(project text, callsign text)
returns table (project text, callsign text, state text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select b.project, b.callsign, b.state
      from fleet.beat(jsonb_build_array(jsonb_build_object('project', $1, 'callsign', $2))) b
$$;
comment on function fleet.beat(text, text) is
    'A sign of life of one pilot. Example: select * from fleet.beat(''demo'', ''viper-1'')';
