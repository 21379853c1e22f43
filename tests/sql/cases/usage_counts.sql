-- A call counts once, whoever reports it and however often; the fullest report holds.
begin;
set search_path = tap, public;
select no_plan();
select scene();
create function pg_temp.told(args jsonb, more jsonb default '{}') returns jsonb language sql as $$
    select coalesce(a.result, jsonb_build_object('code', a.code, 'field', a.field, 'hint', a.hint))
      from act(jsonb_build_array(ask('record_usage', '{"model": "gpt-5", "input_tokens": 1000, "output_tokens": 100}'::jsonb || args, more))) a
$$;
create function pg_temp.sums() returns text[] language sql as $$
    select array_agg(concat_ws(' ', u.call_id, u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens,
                               coalesce(u.cost_micros::text, '-'), u.cost_from, u.reports) order by u.call_id)
      from fleet_state.usage_calls u where u.call_id !~ '^evt_'
$$;
select is(pg_temp.told('{"call_id": "a"}') - '{called_at,stream_version,last_seq}'::text[],
    '{"call_id": "a", "project": "demo", "pilot": "viper-1", "model": "gpt-5", "input_tokens": 1000, "output_tokens": 100, "cache_read_tokens": 0,
      "cache_write_tokens": 0, "tokens": 1100, "cost_micros": 2250, "cost_from": "price", "source": "api", "reports": 1, "counted": true, "new": true}',
    'a call is counted and priced');
select is(pg_temp.told('{"call_id": "a", "source": "otel"}') - '{called_at,stream_version,last_seq}'::text[] ->> 'counted', 'false', 'the same one again is not');
select is((select count(*) from fleet_log.events where type = 'usage_recorded'), 1::bigint, 'and writes nothing');
select is(pg_temp.told('{"call_id": "a", "input_tokens": 900}') ->> 'counted', 'false', 'nor one that says less');
select is(pg_temp.told('{"call_id": "a", "input_tokens": 400, "output_tokens": 150, "cache_read_tokens": 600}') ->> 'counted', 'true',
          'one that says more is: as a whole');
select is(pg_temp.sums(), '{"a 400 150 600 0 2075 price 2"}', 'so that no token is counted twice');
select is(pg_temp.told('{"call_id": "a", "input_tokens": 10, "output_tokens": 1, "cost_micros": 5000}') ->> 'counted', 'true', 'what the client paid is news');
select is(pg_temp.sums(), '{"a 400 150 600 0 5000 client 3"}', 'and leaves the tokens');
select is(pg_temp.told('{"call_id": "a", "input_tokens": 400, "output_tokens": 150, "cache_read_tokens": 600}') ->> 'counted', 'false',
          'after which a price says nothing');
select is(pg_temp.told('{"call_id": "b", "model": "mystery-9"}') -> 'cost_micros', 'null', 'a model without a price has no cost, not none');
select is(pg_temp.told('{"call_id": "b", "model": "mystery-9"}') ->> 'cost_from', 'unknown', 'and says so');
select is(pg_temp.told('{}') ->> 'new', 'true', 'without an id of its own every report is a call');
select is(pg_temp.told('{}') ->> 'new', 'true', 'each');

-- Whose, when and for what.
select is(pg_temp.told('{"call_id": "c", "pilot": "raven-1"}') ->> 'pilot', 'raven-1', 'a call of another pilot');
select is(pg_temp.told('{"call_id": "c", "pilot": "viper-1", "input_tokens": 2000}') ->> 'pilot', 'raven-1', 'stays whose it was first');
select is(pg_temp.told('{"pilot": "nobody"}') ->> 'field', '/args/pilot', 'a pilot that is not there is refused');
select is(pg_temp.told('{}', '{"actor": "nobody"}') ->> 'field', '/actor', 'likewise the one who asks');
select is(pg_temp.told('{"pilot": "raven-1"}', '{"caller": "pilot:plt_1"}') ->> 'code', 'forbidden', 'who has a pilot''s token tells of that pilot alone');
select is(pg_temp.told('{}', '{"caller": "pilot:plt_1"}') ->> 'counted', 'true', 'which it may');
select is(pg_temp.told('{"called_at": "yesterday"}') ->> 'field', '/args/called_at', 'a time that is none is refused');
select is(pg_temp.told('{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qgek"}') ->> 'code', 'not_found', 'a sortie that is not there, too');
select cmp_ok((pg_temp.told('{"called_at": "2126-01-01T00:00:00Z"}') ->> 'called_at')::timestamptz, '<=', clock_timestamp(), 'no call ends in the future');
select is(pg_temp.told('{"call_id": "old", "called_at": "2025-01-02T03:04:05.678Z"}') ->> 'called_at', '2025-01-02T03:04:05.678Z', 'but in the past');
select is((select day from fleet_state.usage_calls where call_id = 'old'), '2025-01-02'::date, 'it counts for its day');
select act(jsonb_build_array(ask('create_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "title": "m"}'),
    ask('start_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek"}'),
    ask('create_sortie', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "title": "s", "name": "one"}'), ask('claim_sortie')));
select is(pg_temp.told('{"call_id": "d"}') ->> 'mission_id', 'msn_01m7y4xbh5t2qgekpjg6t2qgek', 'a call is for the sortie in hand, and its mission');
create temp table ended as select clock_timestamp() as at;
select act(jsonb_build_array(ask('start_sortie', jsonb_build_object('sortie_id', s.sortie_id), f.fence), ask('complete_sortie',
           jsonb_build_object('sortie_id', s.sortie_id, 'summary', 'done'), f.fence)))
  from fleet_state.sorties s cross join lateral (select jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', s.sortie_id,
       'token', s.token)) as fence) f;
select is((select state from fleet_state.sorties), 'completed', 'which then ends');
select is(pg_temp.told(jsonb_build_object('call_id', 'e', 'called_at', fleet_log.json_time((select at from ended)))) ->> 'mission_id',
          'msn_01m7y4xbh5t2qgekpjg6t2qgek', 'a report that comes late is for what was in hand then');
select is(pg_temp.told('{"call_id": "f"}') ->> 'sortie_id', null, 'and one of now for nothing');

-- Raw events count by the same fold.
select act(jsonb_build_array(ask('append', '{"events": [
    {"type": "usage_recorded", "data": {"pilot": "viper-1", "model": "m", "input_tokens": 1, "output_tokens": 2, "source": "raw", "call_id": "r"}},
    {"type": "usage_recorded", "data": {"pilot": "viper-1", "model": "m", "input_tokens": 1, "output_tokens": 2, "source": "raw", "call_id": "r"}},
    {"type": "usage_recorded", "data": {"pilot": "viper-1", "model": "m", "input_tokens": 3, "output_tokens": 2, "source": "raw", "call_id": "r", "cost_micros": 7}}]}')));
select is((select array_agg(s) from unnest(pg_temp.sums()) s where s like 'r %'), '{"r 3 2 0 0 7 client 2"}', 'of raw reports of one call, too, the fullest holds');
select is((select code from act(jsonb_build_array(ask('append', '{"events": [{"type": "usage_recorded", "stream_id": "budget:pilot:demo:viper-1:day",
    "data": {"pilot": "viper-1", "model": "m", "input_tokens": 1, "output_tokens": 2, "source": "raw"}}]}')))), 'forbidden', 'the streams of budgets are not for raw events');

-- Counters: what no known call explains, whichever comes first.
create function pg_temp.counter(id text, first text, last text, tokens int, more jsonb default '{}') returns jsonb language sql as $$
    select pg_temp.told(jsonb_build_object('call_id', id, 'session_id', 's', 'model', 'gpt-5', 'input_tokens', tokens, 'output_tokens', 0,
        'period_from', '2026-01-01T00:00:' || first || 'Z', 'called_at', '2026-01-01T00:00:' || last || 'Z') || more)
$$;
create function pg_temp.of(id text) returns text language sql as $$
    select u.input_tokens || ' ' || coalesce(u.cost_micros::text, '-') from fleet_state.usage_calls u where u.call_id = id
$$;
select pg_temp.told('{"call_id": "s1", "session_id": "s", "output_tokens": 0, "input_tokens": 300, "called_at": "2026-01-01T00:00:05Z"}');
select pg_temp.counter('k1', '00', '10', 1000);
select is(pg_temp.of('k1'), '700 875', 'a counter counts what known calls of its time leave');
select pg_temp.told('{"call_id": "s2", "session_id": "s", "output_tokens": 0, "input_tokens": 600, "called_at": "2026-01-01T00:00:10Z"}');
select is(pg_temp.of('k1'), '100 125', 'a call that comes later is taken off');
select pg_temp.told('{"call_id": "s3", "session_id": "s", "output_tokens": 0, "input_tokens": 600, "called_at": "2026-01-01T00:00:10.001Z"}');
select is(pg_temp.of('k1'), '100 125', 'not one behind its end');
select pg_temp.told('{"call_id": "s2", "session_id": "s", "output_tokens": 0, "input_tokens": 900, "called_at": "2026-01-01T00:00:10Z"}');
select is(pg_temp.of('k1'), '0 0', 'and it never counts below nothing');
select is(pg_temp.counter('k1', '00', '10', 1000) ->> 'counted', 'false', 'a counter, too, is told once');
select is(pg_temp.counter('k1', '00', '20', 3000) ->> 'counted', 'true', 'unless it grows');
select is(pg_temp.of('k1'), '1200 1500', 'then it counts anew');
-- The first stretch begins when its first call is counted; those behind it begin where the one before ended.
select pg_temp.told('{"call_id": "t1", "session_id": "t", "output_tokens": 0, "input_tokens": 100, "called_at": "2026-01-01T00:00:57Z"}');
select pg_temp.counter('t2', '59', '59.900', 100, '{"session_id": "t"}');
select is(pg_temp.of('t2'), '0 0', 'a call shortly before the first stretch is its');
select pg_temp.told('{"call_id": "t3", "session_id": "t", "output_tokens": 0, "input_tokens": 50, "called_at": "2026-01-01T00:00:59.800Z"}');
select pg_temp.told('{"call_id": "t4", "session_id": "t", "model": "gpt-5", "output_tokens": 0, "input_tokens": 70, "period_from": "2026-01-01T00:00:59.900Z", "called_at": "2026-01-01T00:01:30Z"}');
select is(pg_temp.of('t4'), '70 88', 'not that of a later one');
-- The counter names the model that was asked for, the call the one that answered.
select pg_temp.told('{"call_id": "d1", "session_id": "d", "model": "gpt-5-2025-08-07", "output_tokens": 0, "input_tokens": 40, "called_at": "2026-01-01T00:00:05Z"}');
select pg_temp.counter('d2', '00', '10', 100, '{"session_id": "d"}');
select is(pg_temp.of('d2'), '60 75', 'one model has several names');
select pg_temp.told('{"call_id": "d3", "session_id": "d", "model": "openai/gpt-5", "output_tokens": 0, "input_tokens": 60, "called_at": "2026-01-01T00:00:06Z"}');
select pg_temp.told('{"call_id": "d4", "session_id": "d", "model": "gpt-5-mini", "output_tokens": 0, "input_tokens": 10, "called_at": "2026-01-01T00:00:06Z"}');
select is(pg_temp.of('d2'), '0 0', 'whichever comes first');
select is(pg_temp.told('{"period_from": "2026-01-01T00:00:00Z", "call_id": "k2"}') ->> 'field', '/args/period_from', 'a counter needs its session');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'a replay gives the same');
select * from finish();
rollback;
