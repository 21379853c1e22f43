-- Wrappers for people at psql: work orders.

create function fleet.enqueue(
    project text, actor text, kind text, payload jsonb default '{}', role text default null, priority text default null,
    depends_on text[] default null, delay_seconds int default null, max_attempts int default null,
    timeout_seconds int default null, sortie_id text default null)
returns table (ok boolean, work_order_id text, status text, ready boolean, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'work_order_id', a.result ->> 'status', (a.result ->> 'ready')::boolean,
           a.code, coalesce(a.message, a.result ->> 'reason'), a.hint
      from fleet_log.ask('enqueue', $1, $2, jsonb_build_object('kind', $3, 'payload', $4, 'role', $5, 'priority', $6,
               'depends_on', $7, 'delay_seconds', $8, 'max_attempts', $9, 'timeout_seconds', $10, 'sortie_id', $11)) a
$$;
comment on function fleet.enqueue is
    'Puts an order into the queue. Example: select * from fleet.enqueue(''demo'', ''viper-1'', ''lint'', ''{"path":"src/a.c"}'')';

create function fleet.claim_work(
    project text, actor text, "limit" int default 1, kinds text[] default null, role text default null,
    lease_seconds int default 300)
returns table (ok boolean, work_order_id text, token bigint, kind text, attempt int, payload jsonb, lease_until text,
               code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    -- Nothing to do is an answer without rows.
    select a.code is null, o.item ->> 'work_order_id', (o.item ->> 'token')::bigint, o.item ->> 'kind',
           (o.item ->> 'attempt')::int, o.item -> 'payload', o.item ->> 'lease_until', a.code, a.message, a.hint
      from fleet_log.ask('claim_work', $1, $2, jsonb_build_object('limit', $3, 'kinds', $4, 'role', $5,
               'lease_seconds', $6)) a
      left join lateral jsonb_array_elements(a.result -> 'orders') o (item) on true
     where a.code is not null or o.item is not null
$$;
comment on function fleet.claim_work is
    'Takes the next orders; no row when there is nothing to do. Example: select * from fleet.claim_work(''demo'', ''viper-1'')';

create function fleet.complete_work(project text, actor text, work_order_id text, token bigint, result jsonb default null)
returns table (ok boolean, status text, ready text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status',
           (select string_agg(r, ', ') from jsonb_array_elements_text(a.result -> 'ready') r), a.code, a.message, a.hint
      from fleet_log.ask('complete_work', $1, $2, jsonb_build_object('work_order_id', $3, 'result', $5),
               jsonb_build_object('kind', 'work_order', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.complete_work is
    'Says that an order is done; ready names what may go on now. Example: select * from fleet.complete_work(''demo'', ''viper-1'', ''wo_01…'', 42, ''{"warnings":0}'')';

create function fleet.fail_work(
    project text, actor text, work_order_id text, token bigint, kind text, error text, retry boolean default true,
    retry_in_seconds int default null)
returns table (ok boolean, status text, run_after text, cancelled text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', a.result ->> 'run_after',
           (select string_agg(r, ', ') from jsonb_array_elements_text(a.result -> 'cancelled') r), a.code, a.message, a.hint
      from fleet_log.ask('fail_work', $1, $2, jsonb_build_object('work_order_id', $3,
               'error', jsonb_build_object('kind', $5, 'message', $6), 'retry', $7, 'retry_in_seconds', $8),
               jsonb_build_object('kind', 'work_order', 'id', $3, 'token', $4)) a
$$;
comment on function fleet.fail_work is
    'Says that an attempt has failed; it is tried again later or dead. Example: select * from fleet.fail_work(''demo'', ''viper-1'', ''wo_01…'', 42, ''tests_failed'', ''2 of 40'')';

create function fleet.retry_work(project text, actor text, work_order_id text, delay_seconds int default 0)
returns table (ok boolean, status text, run_after text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status', a.result ->> 'run_after', a.code, a.message, a.hint
      from fleet_log.ask('retry_work', $1, $2, jsonb_build_object('work_order_id', $3, 'delay_seconds', $4)) a
$$;
comment on function fleet.retry_work is
    'Sends a dead letter again, with all its attempts. Example: select * from fleet.retry_work(''demo'', ''viper-1'', ''wo_01…'')';

create function fleet.cancel_work(project text, actor text, work_order_id text, reason text default null)
returns table (ok boolean, status text, cancelled text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'status',
           (select string_agg(r, ', ') from jsonb_array_elements_text(a.result -> 'cancelled') r), a.code, a.message, a.hint
      from fleet_log.ask('cancel_work', $1, $2, jsonb_build_object('work_order_id', $3, 'reason', $4)) a
$$;
comment on function fleet.cancel_work is
    'Calls an order off, and what depends on it. Example: select * from fleet.cancel_work(''demo'', ''viper-1'', ''wo_01…'', ''no longer needed'')';
