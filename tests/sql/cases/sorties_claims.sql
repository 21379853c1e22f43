-- Claims: who takes which, in which order, and what a lease is worth.
begin;
set search_path = tap, public;
select plan(52);
select scene();
select act(jsonb_build_array(
    ask('register_pilot', '{"callsign": "tester-1", "program": "p", "model": "m", "role": "tester", "capabilities": ["cpp", "sql"]}'),
    ask('register_pilot', '{"callsign": "gone-1", "program": "p", "model": "m"}'), ask('deregister_pilot', '{"callsign": "gone-1"}')));
create function pg_temp.claim(who text, args jsonb default '{}') returns text language sql as $$
    select coalesce(a.code, s.name || case when a.result ? 'displaced' then ' from ' || (a.result ->> 'displaced') else '' end)
      from act(jsonb_build_array(ask('claim_sortie', args, jsonb_build_object('actor', who)))) a
      left join fleet_state.sorties s on s.sortie_id = a.result ->> 'sortie_id' $$;

-- Who may.
select does(make('x'));
select is(pg_temp.claim('nobody-1'), 'not_found', 'only registered pilots claim');
select is((answer(1)).field, '/actor', 'which is said of the actor');
select is(pg_temp.claim('gone-1'), 'not_found', 'who has left does not');
update fleet_live.pilots set seen_at = now() - interval '1 hour' where callsign = 'raven-1';
select act('[{"op": "sweep", "roles": ["operator"], "args": {}}]');
select is(pg_temp.claim('raven-1'), 'transition_refused', 'nor who is stale');
select does(ask('register_pilot', '{"callsign": "raven-1", "program": "p", "model": "m", "resume": true}'));
select is(pg_temp.claim('raven-1'), 'x', 'who comes back does');

-- In which order: priority, then age; what fits the pilot.
select does(make('low', '{"priority": "low"}')), does(make('first')), does(make('second')), does(make('urgent', '{"priority": "critical"}')),
       does(make('test_one', '{"role": "tester", "priority": "high"}')), does(make('cpp', '{"capabilities": ["cpp"], "priority": "high"}'));
select is(pg_temp.claim('viper-1'), 'urgent', 'the most urgent first');
select is(pg_temp.claim('tester-1', '{"role": "tester"}'), 'test_one', 'only of the role, if asked so');
select is(pg_temp.claim('tester-1', '{"capabilities": ["cpp"]}'), 'cpp', 'only what wants these capabilities, if asked so');
select is(pg_temp.claim('viper-1'), 'first', 'then by age');
select is(pg_temp.claim('tester-1'), 'second', 'a role takes what is for everybody, too');
select is(pg_temp.claim('viper-1'), 'low', 'the least urgent last');
select does(make('for_testers', '{"role": "tester"}')), does(make('for_sql', '{"capabilities": ["sql", "cpp", "ada"]}'));
select is(pg_temp.claim('viper-1'), 'nothing_ready', 'nothing fits');
select is((answer(1)).detail, '{"pending": 2, "running": 7, "reasons": {"role": 1, "capabilities": 1}, "ready_for_others": 2}', 'and why');
select is(pg_temp.claim('viper-1', jsonb_build_object('sortie_id', srt('for_testers'))), 'forbidden', 'nor by id');
select is((answer(1)).message, 'it wants the role tester; viper-1 has none', 'which is said');
select is(pg_temp.claim('tester-1', jsonb_build_object('sortie_id', srt('for_sql'))), 'forbidden', 'capabilities are needed all');
select is((answer(1)).message, 'it wants capabilities that tester-1 lacks: ada', 'the missing ones are named');
select is((select array_agg(item::jsonb ->> 'name' || ': ' || (item::jsonb ->> 'why_not')) from fleet.list_ready('{"project": "demo", "callsign": "viper-1", "all": true}')),
          '{"for_testers: it wants the role tester","for_sql: it wants sql, cpp, ada"}', 'the list of what is ready says the same');
select is((select count(*) from fleet.list_ready('{"project": "demo"}')), 2::bigint, 'for somebody they are ready');
select is(pg_temp.claim('tester-1'), 'for_testers', 'for the tester one is');

-- Only in one mission.
select does(ask('create_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1", "title": "m"}')), does(ask('start_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}'));
select does(make('out')), does(make('inside', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}'));
select is(pg_temp.claim('viper-1', '{"mission_id": "2qge1"}'), 'inside', 'of this mission');
select is(pg_temp.claim('viper-1', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge9"}'), 'not_found', 'which must exist');
select does(job('return_sortie', 'inside'));
select does(ask('halt', '{"scope_kind": "mission", "scope_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1", "reason": "wait"}', '{"roles": ["operator"]}'));
select is((select array_agg(item::jsonb ->> 'name' || coalesce(': ' || (item::jsonb ->> 'why_not'), '')) from fleet.list_ready('{"project": "demo", "callsign": "viper-1", "all": true}')),
          '{out,"for_sql: it wants sql, cpp, ada","inside: the mission msn_01m7y4xbh5t2qgekpjg6t2qge1 is halted: wait"}', 'a halted mission is the reason why not');
select is(pg_temp.claim('viper-1'), 'out', 'a claim without an id passes it over');
select is(pg_temp.claim('viper-1'), 'nothing_ready', 'to the end');
select is((answer(1)).detail #> '{reasons,halted}', '1', 'which nothing_ready counts');
select is(pg_temp.claim('viper-1', jsonb_build_object('sortie_id', srt('inside'))), 'halted', 'by id it is refused');
select does(ask('lift_halt', '{"scope_kind": "mission", "scope_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}', '{"roles": ["operator"]}'));

-- A batch takes each once.
select does(make('b' || i)) from generate_series(1, 6) i;
select is((select array_agg(coalesce(a.code, s.name) order by a.ord) from act((select jsonb_agg(ask('claim_sortie', '{}', jsonb_build_object('actor', case when i % 2 = 0 then 'viper-1' else 'raven-1' end))) from generate_series(1, 8) i)) a
             left join fleet_state.sorties s on s.sortie_id = a.result ->> 'sortie_id'), '{inside,b1,b2,b3,b4,b5,b6,nothing_ready}', 'of claims in one batch each takes another');

-- The lease, and what comes after it.
select does(ask('reserve', jsonb_build_object('patterns', '["b1/**"]'::jsonb, 'sortie_id', srt('b1')), '{"actor": "viper-1"}'));
select is(run(job('progress', 'b1', '{"percent": 30}')), 'transition_refused', 'progress before the start is refused');
select is(steps('b1', 'start_sortie', 'progress'), 'ok', 'at work');
select lapse_sortie('b1');
select is((select lapsed::text from fleet.sorties where sortie_id = srt('b1')), 'true', 'its lease lapses');
select is(run(job('progress', 'b1', '{"percent": 50}')), 'ok', 'the token stays good until somebody takes it over');
select is((select lapsed::text from fleet.sorties where sortie_id = srt('b1')), 'false', 'and progress renews the lease');
select lapse_sortie('b1');
update fleet_live.pilots set seen_at = now() where callsign = 'viper-1';
select is((select lapsed::text from fleet.sorties where sortie_id = srt('b1')), 'false', 'so does any sign of life');
update fleet_state.sorties set assigned_at = now() - interval '25 hours', signed_at = now() - interval '25 hours' where sortie_id = srt('b1');
select is((select lapsed::text from fleet.sorties where sortie_id = srt('b1')), 'true', 'for a day: then work must show');
create temp table old as select job('progress', 'b1', '{"percent": 99}') as late;
select is(pg_temp.claim('raven-1', jsonb_build_object('sortie_id', srt('b1'))), 'b1 from viper-1', 'by id it is taken over');
select is(run((select late from old)), 'stale_token', 'the token of before is worth nothing then');
select matches((answer(1)).message, 'raven-1 has it', 'and the refusal says who has it');
select is((select data ->> 'cause' || (data ->> 'pilot') from fleet.events where type = 'sortie_requeued' order by seq desc limit 1), 'lease_expiredviper-1', 'the log says how');
select is((select state || end_cause from fleet_state.reservations where sortie_id = srt('b1')), 'releasedsortie_done', 'files reserved for it are free');
select is((select progress::text || state from fleet_state.sorties where sortie_id = srt('b1')), '50assigned', 'its progress is kept');
select lapse_sortie('b3');
update fleet_live.pilots set seen_at = now() where callsign <> 'viper-1';
select is(pg_temp.claim('raven-1'), 'b3 from viper-1', 'when nothing else is ready a lapsed one is taken');
select is((select attempt from fleet_state.sorties where sortie_id = srt('b3')), 1, 'which costs it no attempt');

-- The sweep.
select lapse_sortie('b5');
update fleet_live.pilots set seen_at = now() where callsign <> 'viper-1';
update fleet_state.sorties set signed_at = now() where pilot = 'viper-1' and name <> 'b5' and token is not null;
select act('[{"op": "sweep", "roles": ["operator"], "args": {"stale_seconds": 100000}}]');
select is((answer(1)).result #> '{sorties,requeued}', '1', 'the leader returns what lapsed');
select is((select state || ready from fleet_state.sorties where sortie_id = srt('b5')), 'pendingtrue', 'it is ready again');
select is((select actor from fleet.events where type = 'sortie_requeued' order by seq desc limit 1), 'system', 'said by the system');

-- A pilot that goes.
select is((select count(*) from fleet_state.sorties where pilot = 'raven-1' and token is not null) > 2, true, 'raven-1 has some');
select goes('b6', 'start_sortie', 'progress');
select does(ask('deregister_pilot', '{"callsign": "raven-1"}'));
select is((answer(1)).code, null, 'it leaves');
select is((select count(*) from fleet_state.sorties where pilot = 'raven-1' and token is not null), 0::bigint, 'all it had goes back');
select is((select progress::text || state from fleet_state.sorties where sortie_id = srt('b4')), '0pending', 'pending');
select is((select data ->> 'cause' from fleet.events where type = 'sortie_requeued' order by seq desc limit 1), 'pilot_lost', 'with the cause');
select is((select count(distinct data ->> 'pilot') from fleet_log.events e where e.type = 'sortie_requeued'), 2::bigint, 'and who had it');
select * from finish();
rollback;
