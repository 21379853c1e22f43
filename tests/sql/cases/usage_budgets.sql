-- Budgets: a warning, then a stop of whatever begins something; what is at work may end.
begin;
set search_path = tap, public;
select no_plan();
select scene();
create temp table op as select '{"roles": ["operator"]}'::jsonb as role;
create function pg_temp.budget(args jsonb) returns fleet_state.budgets language plpgsql as $$
declare
    b fleet_state.budgets;
begin
    perform act(jsonb_build_array(ask('set_budget', args, '{"roles": ["operator"]}')));
    select * into b from fleet_state.budgets x where x.budget_id = (answer(1)).result ->> 'budget_id';
    return b;
end $$;
create function pg_temp.code(op text, args jsonb default '{}', more jsonb default '{}') returns text language sql as $$
    select coalesce(a.code, 'done') from act(jsonb_build_array(ask(op, args, more))) a
$$;
create function pg_temp.uses(tokens int, more jsonb default '{}') returns text language sql as $$
    select pg_temp.code('record_usage', jsonb_build_object('model', 'mystery', 'input_tokens', tokens, 'output_tokens', 0) || more)
$$;
create function pg_temp.events_of(budget text) returns text[] language sql as $$
    select array_agg(e.type order by e.seq) from fleet_log.events e where e.stream_id = budget
$$;

-- What may be set.
select is(pg_temp.code('set_budget', '{"scope_kind": "project", "limit_tokens": 5}'), 'forbidden', 'operators set budgets');
select is(pg_temp.code('set_budget', '{"scope_kind": "project"}', (select role from op)), 'invalid_field', 'of something');
select is(pg_temp.code('set_budget', '{"scope_kind": "pilot", "limit_tokens": 5}', (select role from op)), 'invalid_field', 'for somebody');
select is(pg_temp.code('set_budget', '{"scope_kind": "pilot", "scope_id": "nobody", "limit_tokens": 5}', (select role from op)), 'not_found', 'who is there');
select is(pg_temp.code('set_budget', '{"scope_kind": "mission", "scope_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "limit_tokens": 5}', (select role from op)), 'not_found', 'likewise a mission');
select is(pg_temp.code('set_budget', '{"scope_kind": "project", "scope_id": "two", "limit_tokens": 5}', (select role from op)), 'invalid_field', 'a project sets its own');
select is(pg_temp.code('remove_budget', '{"scope_kind": "project"}', (select role from op)), 'not_found', 'what is not there is not removed');

-- A pilot's, by day.
select pg_temp.uses(100);
select is((b).used_tokens || ' ' || (b).state, '100 open', 'what was used before counts')
  from (select pg_temp.budget('{"scope_kind": "pilot", "scope_id": "viper-1", "period": "day", "limit_tokens": 1000, "warn_percent": 70}') as b) x;
select pg_temp.uses(599);
select is((select state from fleet_state.budgets), 'open', 'just below');
select pg_temp.uses(1);
select is((select state || ' ' || told from fleet_state.budgets), 'warned warned', 'at it');
select is((select array_agg(subject) from fleet_state.messages), array['Budget warning: the budget of the pilot viper-1 for '
          || (now() at time zone 'UTC')::date], 'whom it is about has mail');
select pg_temp.uses(1);
select is(pg_temp.events_of('budget:pilot:demo:viper-1:day'), '{budget_set,budget_warned}', 'told once');
select is(pg_temp.uses(5000, '{"cache_read_tokens": 5000, "input_tokens": 0}'), 'done', 'tokens of a cache');
select is((select used_tokens from fleet_state.budgets), 701::bigint, 'do not count');
select is(pg_temp.code('claim_sortie'), 'nothing_ready', 'a warning stops nobody');
select pg_temp.uses(299);
select is(pg_temp.events_of('budget:pilot:demo:viper-1:day'), '{budget_set,budget_warned,budget_stopped}', 'then it is used up');
select is(pg_temp.code('claim_sortie'), 'budget_stopped', 'no sortie is claimed');
select is(pg_temp.code('claim_work'), 'budget_stopped', 'no order');
select is((answer(1)).message, format('the budget of the pilot viper-1 for %s is used up: 1000 of 1000 tokens', (now() at time zone 'UTC')::date), 'it says whose and how much');
select is((answer(1)).hint, 'write down where you are and stop, tomorrow (UTC) begins anew; an operator raises it: fleet budget set --pilot viper-1 --day --tokens N',
          'and what to do');
select is(fleet_log.budget_refusal('demo', 'viper-1', now()) ->> 'code', 'budget_stopped', 'hooks hear of it');
select is(fleet_log.budget_refusal('demo', 'raven-1', now()), null, 'of that pilot alone');
select is(pg_temp.code('claim_work', '{}', '{"actor": "raven-1"}'), 'done', 'others go on');
select is((select count(*) from act((select jsonb_agg(ask('claim_work', '{}', jsonb_build_object('actor', p))) from unnest(array['viper-1', 'raven-1']) p))
            where code = 'budget_stopped'), 1::bigint, 'neighbours in a batch are told apart');
select is(pg_temp.code('reserve', '{"patterns": ["a"]}'), 'done', 'files are another matter');
select is(pg_temp.code('send_message', '{"to": ["raven-1"], "subject": "s", "body": "b"}'), 'done', 'so is mail');
select is(fleet_log.budget_refusal('demo', 'viper-1', now() + interval '1 day'), null, 'tomorrow begins anew');
-- As if the counters were of yesterday.
update fleet_state.budgets set day = day - 1;
select is((select i.item::jsonb ->> 'status' from fleet.list_budgets() i), 'open', 'then nothing is used');
select is((select i.item::jsonb -> 'used_tokens' from fleet.list_budgets() i), '0', 'of today');
select pg_temp.uses(10);
select is((select used_tokens || ' ' || state || ' ' || told from fleet_state.budgets), '10 open open', 'the first call of a day begins at nothing');
select pg_temp.uses(10, '{"called_at": "2026-01-01T00:00:00Z"}');
select is((select used_tokens from fleet_state.budgets), 10::bigint, 'a call of an earlier day counts for none');
select is((b).state || ' ' || (b).used_tokens, 'stopped 1010', 'a lower limit holds at once, for all of the day')
  from (select pg_temp.budget('{"scope_kind": "pilot", "scope_id": "viper-1", "period": "day", "limit_tokens": 500}') as b) x;
select is(pg_temp.code('remove_budget', '{"scope_kind": "pilot", "scope_id": "viper-1", "period": "day"}', (select role from op)), 'done', 'removed');
select is(pg_temp.code('claim_sortie'), 'nothing_ready', 'it stops nobody');
select is((select count(*) from fleet.list_budgets()), 0::bigint, 'and is not listed');

-- A mission's, in money.
select act(jsonb_build_array(ask('create_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "title": "m"}'),
    ask('start_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek"}'),
    ask('create_sortie', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "title": "one", "name": "one", "priority": "high"}'),
    ask('create_sortie', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "title": "two", "name": "two", "priority": "high"}'),
    ask('create_sortie', '{"title": "loose", "name": "loose"}')));
select pg_temp.code('claim_sortie', jsonb_build_object('sortie_id', srt('one')));
select is((b).state, 'open', 'a mission''s') from (select pg_temp.budget(
    '{"scope_kind": "mission", "scope_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "limit_micros": 1000000}') as b) x;
select pg_temp.uses(10);
select is((select unpriced_calls from fleet_state.budgets where scope_kind = 'mission'), 1, 'a call without a price counts no money, and is counted');
select pg_temp.uses(10, '{"cost_micros": 1000000}');
select is(pg_temp.code('claim_sortie', jsonb_build_object('sortie_id', srt('two')), '{"actor": "raven-1"}'), 'budget_stopped', 'its sorties are not claimed');
select is(run(job('start_sortie', 'one')), 'budget_stopped', 'nor started');
select is((select array_agg(i.item::jsonb ->> 'name') from fleet.list_ready('{"project": "demo"}') i), '{loose}', 'nor shown as ready');
select is((select i.item::jsonb ->> 'why_not' from fleet.list_ready('{"project": "demo", "all": true}') i where i.item::jsonb ->> 'name' = 'two'),
          'the budget of the mission msn_01m7y4xbh5t2qgekpjg6t2qgek is used up', 'but with the reason');
select is(fleet_log.budget_refusal('demo', 'viper-1', now()) #>> '{detail,scope_kind}', 'mission', 'who works for it is stopped');
select is(pg_temp.code('claim_sortie', '{}', '{"actor": "raven-1"}'), 'done', 'others claim past it');
select is((answer(1)).result ->> 'name', 'loose', 'what comes next');
select is(pg_temp.code('claim_sortie', '{}', '{"actor": "raven-1"}'), 'nothing_ready', 'until nothing else is left');
select is((answer(1)).detail -> 'reasons', '{"budget": 1}', 'which is counted as what it is');
select act(jsonb_build_array(ask('halt', '{"scope_kind": "mission", "scope_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "reason": "r"}', '{"roles": ["operator"]}')));
select pg_temp.code('claim_sortie', '{}', '{"actor": "raven-1"}');
select is((answer(1)).detail -> 'reasons', '{"budget": 1}', 'once, of both reasons');
select act(jsonb_build_array(ask('lift_halt', '{"scope_kind": "mission", "scope_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek"}', '{"roles": ["operator"]}')));
select is(pg_temp.code('enqueue', jsonb_build_object('kind', 'k', 'sortie_id', srt('two'))), 'done', 'an order of the mission');
select is((select jsonb_array_length(result -> 'orders') from act(jsonb_build_array(ask('claim_work', '{}', '{"actor": "raven-1"}')))), 0, 'is not given');
select is(run(job('return_sortie', 'one')), 'ok', 'what is at work goes back');
select is((b).state, 'open', 'raised, it goes on') from (select pg_temp.budget(
    '{"scope_kind": "mission", "scope_id": "msn_01m7y4xbh5t2qgekpjg6t2qgek", "limit_micros": 5000000}') as b) x;
select is((select jsonb_array_length(result -> 'orders') from act(jsonb_build_array(ask('claim_work', '{}', '{"actor": "raven-1"}')))), 1, 'with orders, too');

-- The project's, and raw events.
select is((b).state, 'open', 'the project''s') from (select pg_temp.budget('{"scope_kind": "project", "limit_tokens": 100000}') as b) x;
select act(jsonb_build_array(ask('append', '{"events": [{"type": "usage_recorded", "data": {"pilot": "viper-1", "model": "m", "input_tokens": 100000,
    "output_tokens": 2, "source": "raw"}}]}')));
select is(pg_temp.code('claim_sortie', '{}', '{"actor": "raven-1"}'), 'budget_stopped', 'raw events stop, too');
select is(pg_temp.events_of('budget:project:demo:total'), '{budget_set}', 'untold');
select fleet.lead('sweep', 'host_a');
select is(((select result from act(jsonb_build_array(jsonb_build_object('op', 'sweep', 'args', jsonb_build_object('duty_epoch', (
    select epoch from fleet_live.leaders where duty = 'sweep')))))) ->> 'budgets')::int, 1, 'until the next round of the leader');
select is(pg_temp.events_of('budget:project:demo:total'), '{budget_set,budget_stopped}', 'which tells');
-- The row of yesterday above was altered by hand.
delete from fleet_state.budgets where scope_kind = 'pilot';
select is((select array_agg(v::text) from fleet.verify_projections() v where v.key !~ 'pilot'), null, 'a replay gives the same');
select * from finish();
rollback;
