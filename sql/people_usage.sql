-- Wrappers for people at psql: usage, budgets, prices. Money is in USD.

create function fleet.record_usage(
    project text, pilot text, model text, input_tokens bigint, output_tokens bigint, cache_read_tokens bigint default 0,
    cache_write_tokens bigint default 0, cost numeric default null, call_id text default null)
returns table (ok boolean, call_id text, counted boolean, cost numeric, cost_from text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'call_id', (a.result ->> 'counted')::boolean,
           round((a.result ->> 'cost_micros')::numeric / 1000000, 6), a.result ->> 'cost_from', a.code, a.message, a.hint
      from fleet_log.ask('record_usage', $1, null, jsonb_build_object('pilot', $2, 'model', $3, 'input_tokens', $4,
               'output_tokens', $5, 'cache_read_tokens', $6, 'cache_write_tokens', $7, 'cost_micros', round($8 * 1000000)::bigint,
               'call_id', $9, 'source', 'psql')) a
$$;
comment on function fleet.record_usage is
    'Counts a call of a model, once. Example: select * from fleet.record_usage(''demo'', ''viper-1'', ''gpt-5'', 1200, 300)';

create function fleet.set_budget(
    project text, scope_kind text, scope_id text default null, period text default 'total', limit_tokens bigint default null,
    limit_cost numeric default null, warn_percent int default 80)
returns table (ok boolean, budget_id text, status text, used_tokens bigint, used_cost numeric, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'budget_id', a.result ->> 'status', (a.result ->> 'used_tokens')::bigint,
           round((a.result ->> 'used_micros')::numeric / 1000000, 2), a.code, a.message, a.hint
      from fleet_log.ask('set_budget', $1, null, jsonb_build_object('scope_kind', $2, 'scope_id', $3, 'period', $4,
               'limit_tokens', $5, 'limit_micros', round($6 * 1000000)::bigint, 'warn_percent', $7)) a
$$;
comment on function fleet.set_budget is
    'Operators only: how much a scope may use. Example: select * from fleet.set_budget(''demo'', ''pilot'', ''viper-1'', ''day'', limit_tokens => 1000000)';

create function fleet.remove_budget(project text, scope_kind text, scope_id text default null, period text default 'total')
returns table (ok boolean, budget_id text, status text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'budget_id', a.result ->> 'status', a.code, a.message, a.hint
      from fleet_log.ask('remove_budget', $1, null, jsonb_build_object('scope_kind', $2, 'scope_id', $3, 'period', $4)) a
$$;
comment on function fleet.remove_budget is
    'Operators only: a scope may use what it wants again. Example: select * from fleet.remove_budget(''demo'', ''pilot'', ''viper-1'', ''day'')';

create function fleet.set_price(
    model text, input numeric, output numeric, valid_from date default null, cache_read numeric default null,
    cache_write numeric default null)
returns table (ok boolean, model text, valid_from text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'model', a.result ->> 'valid_from', a.code, a.message, a.hint
      from fleet_log.ask('set_price', null, null, jsonb_build_object('model', $1, 'input_micros', round($2 * 1000000)::bigint,
               'output_micros', round($3 * 1000000)::bigint, 'valid_from', $4::text,
               'cache_read_micros', round($5 * 1000000)::bigint, 'cache_write_micros', round($6 * 1000000)::bigint)) a
$$;
comment on function fleet.set_price is
    'Operators only: what a million tokens of a model cost from a day on, in USD. Example: select * from fleet.set_price(''my-model'', 1.25, 10)';

create function fleet.remove_price(model text, valid_from date)
returns table (ok boolean, model text, valid_from text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'model', a.result ->> 'valid_from', a.code, a.message, a.hint
      from fleet_log.ask('remove_price', null, null, jsonb_build_object('model', $1, 'valid_from', $2::text)) a
$$;
comment on function fleet.remove_price is
    'Operators only: removes a price of one''s own. Example: select * from fleet.remove_price(''my-model'', ''2026-01-31'')';
