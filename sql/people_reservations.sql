-- Wrappers for people at psql: files.

create function fleet.reserve(
    project text, actor text, patterns text[], mode text default null, ttl_seconds int default 3600,
    wait_seconds int default null, purpose text default null, reason text default null, priority text default null)
returns table (ok boolean, outcome text, reservation_id text, token bigint, expires_at text, code text, message text,
               hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'outcome', a.result ->> 'reservation_id', (a.result ->> 'token')::bigint,
           a.result ->> 'expires_at', a.code, coalesce(a.message, a.result ->> 'message'), a.hint
      from fleet_log.ask('reserve', $1, $2, jsonb_build_object('patterns', $3, 'mode', $4, 'ttl_seconds', $5,
               'wait_seconds', $6, 'purpose', $7, 'reason', $8, 'priority', $9)) a
$$;
comment on function fleet.reserve is
    'Reserves files, all patterns or none. Example: select * from fleet.reserve(''demo'', ''viper-1'', ''{src/**}'')';

create function fleet.extend(project text, actor text, reservation_id text, token bigint, ttl_seconds int default 3600)
returns table (ok boolean, expires_at text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'expires_at', a.code, a.message, a.hint
      from fleet_log.ask('extend', $1, $2, jsonb_build_object('reservation_id', $3, 'ttl_seconds', $5),
               jsonb_build_object('kind', 'reservation', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.extend is
    'Makes a reservation last longer. Example: select * from fleet.extend(''demo'', ''viper-1'', ''rsv_01…'', 42)';

create function fleet.release(project text, actor text, reservation_id text, token bigint)
returns table (ok boolean, released text, granted text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result #>> '{released,0}',
           (select string_agg(g ->> 'holder', ', ') from jsonb_array_elements(a.result -> 'granted') g),
           a.code, a.message, a.hint
      from fleet_log.ask('release', $1, $2, jsonb_build_object('reservation_id', $3),
               jsonb_build_object('kind', 'reservation', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.release is
    'Gives files back; granted names who has them now. Example: select * from fleet.release(''demo'', ''viper-1'', ''rsv_01…'', 42)';

create function fleet.release_all(project text, actor text)
returns table (ok boolean, released int, cancelled int, granted text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, jsonb_array_length(a.result -> 'released'), jsonb_array_length(a.result -> 'cancelled'),
           (select string_agg(g ->> 'holder', ', ') from jsonb_array_elements(a.result -> 'granted') g),
           a.code, a.message, a.hint
      from fleet_log.ask('release_all', $1, $2, '{}') a
$$;
comment on function fleet.release_all is
    'Gives back everything one holds or waits for. Example: select * from fleet.release_all(''demo'', ''viper-1'')';

create function fleet.force_release(project text, reservation_id text, reason text, evidence text default null)
returns table (ok boolean, holder text, granted text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'holder',
           (select string_agg(g ->> 'holder', ', ') from jsonb_array_elements(a.result -> 'granted') g),
           a.code, a.message, a.hint
      from fleet_log.ask('force_release', $1, null, jsonb_build_object('reservation_id', $2, 'reason', $3,
               'evidence', $4)) a
$$;
comment on function fleet.force_release is
    'Operators only: takes files from their holder. Example: select * from fleet.force_release(''demo'', ''rsv_01…'', ''its laptop is at the bottom of the lake'')';

create function fleet.end_wait(project text, actor text, reservation_id text)
returns table (ok boolean, ended boolean, token bigint, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, (a.result ->> 'ended')::boolean, (a.result #>> '{granted,token}')::bigint,
           a.code, a.message, a.hint
      from fleet_log.ask('end_wait', $1, $2, jsonb_build_object('reservation_id', $3)) a
$$;
comment on function fleet.end_wait is
    'Leaves the line; token is set if the files came first. Example: select * from fleet.end_wait(''demo'', ''viper-1'', ''rsv_01…'')';
