-- What a call costs: names of models, days, prices of one's own.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select is(fleet_log.model_name(given), wanted, given) from (values
    ('gpt-5', 'gpt-5'), ('openai/gpt-5', 'gpt-5'), ('GPT-5', 'gpt-5'), ('gpt-5-2025-08-07', 'gpt-5'), ('gpt-5-mini', 'gpt-5-mini'),
    ('claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'), ('claude-sonnet-4-5@20250929', 'claude-sonnet-4-5'),
    ('us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5'), ('anthropic.claude-opus-4-1-20250805-v1:0', 'claude-opus-4-1'),
    ('claude-opus-4-5[1m]', 'claude-opus-4-5'), ('claude-3-5-haiku-latest', 'claude-3-5-haiku'), ('gemini-2.5-pro', 'gemini-2.5-pro'),
    ('o3', 'o3'), ('codex-mini-latest', 'codex-mini')) v(given, wanted);
select is(fleet_log.call_cost('gpt-5', '2026-01-01', 1000000, 0, 0, 0), 1250000::bigint, 'a million tokens in');
select is(fleet_log.call_cost('gpt-5', '2026-01-01', 1, 0, 0, 0), 1::bigint, 'rounded, never a fraction');
select is(fleet_log.call_cost('claude-sonnet-4-5', '2026-01-01', 1000, 1000, 1000, 1000), 3000 + 15000 + 300 + 3750::bigint, 'each kind of token has its price');
select is(fleet_log.call_cost('gpt-5', '2025-08-06', 1000000, 0, 0, 0), null, 'before its first day a model has none');
select is(fleet_log.call_cost('o3', '2025-05-01', 1000000, 0, 0, 0), 10000000::bigint, 'a price holds from its day');
select is(fleet_log.call_cost('o3', '2025-06-10', 1000000, 0, 0, 0), 2000000::bigint, 'until the next one');
select is(fleet_log.call_cost('gpt-5-nano-deluxe', '2026-01-01', 1, 1, 1, 1), null, 'a name that only begins alike is another model');
select is(fleet_log.call_cost('gpt-5', '2026-01-01', 9007199254740991, 9007199254740991, 0, 0), 9007199254740991::bigint, 'too much for JSON is as much as it holds');

create function pg_temp.own(args jsonb, roles text default 'operator', op text default 'set_price') returns fleet_log.work language sql as $$
    select (null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, a.code, a.field, a.message, a.hint,
            a.detail, a.result, a.seq, null, null, null)::fleet_log.work
      from act(jsonb_build_array(ask(op, args, jsonb_build_object('roles', jsonb_build_array(roles))) - 'project')) a
$$;
select is((pg_temp.own('{"model": "gpt-5", "valid_from": "2026-02-01", "input_micros": 2000000, "output_micros": 3000000}')).result
          - '{set_at,last_seq,stream_version}'::text[], '{"model": "gpt-5", "valid_from": "2026-02-01", "input_micros": 2000000,
          "output_micros": 3000000, "cache_read_micros": 2000000, "cache_write_micros": 2000000, "origin": "own", "status": "in_force", "set_by": "viper-1"}',
          'a price of one''s own; caches cost as the input');
select is(fleet_log.call_cost('openai/gpt-5', '2026-02-01', 1000000, 0, 0, 0), 2000000::bigint, 'comes before what is shipped');
select is(fleet_log.call_cost('gpt-5', '2026-01-31', 1000000, 0, 0, 0), 1250000::bigint, 'from its day on');
select is((select project from fleet_log.events where type = 'price_set'), '', 'it holds in the whole fleet');
select is((pg_temp.own('{"model": "gpt-5", "valid_from": "2026-02-30", "input_micros": 1, "output_micros": 1}')).field, '/args/valid_from', 'a day that is none is refused');
select is((pg_temp.own('{"model": "x/", "input_micros": 1, "output_micros": 1}')).field, '/args/model', 'a name of which nothing is left, too');
select is((pg_temp.own('{"model": "m", "input_micros": 1, "output_micros": 1}', 'reader')).code, 'forbidden', 'and who is no operator');
select is((pg_temp.own('{"model": "gpt-5", "valid_from": "2026-02-02"}', 'operator', 'remove_price')).code, 'not_found', 'removing what is not there');
select is((pg_temp.own('{"model": "gpt-5", "valid_from": "2026-02-01"}', 'operator', 'remove_price')).result ->> 'status', 'removed', 'removing what is');
select is(fleet_log.call_cost('gpt-5', '2026-02-01', 1000000, 0, 0, 0), 1250000::bigint, 'then what is shipped holds again');
select is((select array_agg(i.item::jsonb ->> 'origin' order by i.cursor_key) from fleet.list_prices('{"model": "gpt-5"}') i
            where i.item::jsonb ->> 'model' = 'gpt-5'), '{shipped}', 'lists show what is in force');
select is((select count(*) from fleet.list_prices('{"limit": 2}')), 2::bigint, 'in pages');
-- What was priced stays so.
select act(jsonb_build_array(ask('record_usage', '{"model": "late", "input_tokens": 10, "output_tokens": 0, "call_id": "a"}')));
select pg_temp.own('{"model": "late", "valid_from": "2026-01-01", "input_micros": 1000000, "output_micros": 1}');
select is((select cost_micros from fleet_state.usage_calls where call_id = 'a'), null, 'a price that is set later is not for calls before');
select act(jsonb_build_array(ask('record_usage', '{"model": "late", "input_tokens": 10, "output_tokens": 0, "call_id": "a"}')));
select is((select cost_micros from fleet_state.usage_calls where call_id = 'a'), 10::bigint, 'unless they are reported again');
select pg_temp.own('{"model": "late", "valid_from": "2026-01-01", "input_micros": 5000000, "output_micros": 1}');
select is((select result ->> 'counted' from act(jsonb_build_array(ask('record_usage',
    '{"model": "late", "input_tokens": 10, "output_tokens": 0, "call_id": "a"}')))), 'false', 'a price that changed changes no cost');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'a replay gives the same');
select * from finish();
rollback;
