-- Dependencies: what is refused, how branches part and meet again, how ends travel.
begin;
set search_path = tap, public;
select plan(56);
select scene();

-- What cannot be depended on.
select is(run(make('a')), 'ok', 'a sortie may stand alone');
select is((answer(1)).result -> 'ready', 'true', 'and is ready at once');
select is(run(make('b', '{"depends_on": [{"id": "srt_01m7y4xbh5t2qgekpjg6t2qge1"}]}')), 'not_found', 'only sorties that exist');
select is((answer(1)).field, '/args/depends_on/0/id', 'the one that is wrong is named');
select is(run(make('b', after('{"a": "sometimes"}'))), 'invalid_field', 'only modes that exist');
select is(run(make('b', jsonb_build_object('depends_on', jsonb_build_array(jsonb_build_object('id', srt('a')), jsonb_build_object('id', srt('a')))))),
          'invalid_field', 'each once');
select is(run(make('b', '{"depends_on": [{"id": 7}]}')), 'invalid_field', 'an id is a text');
select is(run(make('b', '{"depends_on": [{"id": "x", "why": 1}]}')), 'unknown_field', 'and nothing else');

-- Circles.
select is(run(make('b', after('{"a": "success"}'))), 'ok', 'b after a');
select is(run(make('c', after('{"b": "success"}'))), 'ok', 'c after b');
select is(run(job('update_sortie', 'a', after('{"c": "success"}'))), 'invalid_field', 'a after c would close a circle');
select is((answer(1)).detail -> 'cycle', jsonb_build_array(srt('a'), srt('c'), srt('b'), srt('a')), 'detail.cycle names it in order');
select is((answer(1)).message, 'the dependencies would go round in a circle: a needs c needs b needs a', 'and the message in words');
select is(run(job('update_sortie', 'a', after('{"a": "success"}'))), 'invalid_field', 'nor may it wait for itself');
select is((answer(1)).detail -> 'cycle', jsonb_build_array(srt('a'), srt('a')), 'which is the shortest circle');
select is(run(job('update_sortie', 'c', after('{"a": "settled"}'))), 'ok', 'dependencies of a pending one may change');
select is((select array_agg(needs_sortie || ' ' || mode) from fleet.sortie_dependencies where sortie = 'c'), '{"a settled"}', 'the new ones take the place of the old');
select is(run(job('update_sortie', 'b', '{"depends_on": []}')), 'ok', 'they may be taken away');
select is((answer(1)).result -> 'ready', 'true', 'then it is ready');
select is(run(job('update_sortie', 'b', after('{"a": "success"}'))), 'ok', 'and put back');
select is((answer(1)).result ->> 'why_not', 'waits for a (pending)', 'then it is not');

-- How an end travels: c only wants a to have ended, b wants success; d wants b.
select is(run(make('d', after('{"b": "success"}'))), 'ok', 'd after b');
select is(run(make('e', after('{"d": "settled"}'))), 'ok', 'e after the end of d, however');
select is(steps('a', 'claim_sortie', 'start_sortie', 'fail_sortie'), 'ok', 'a fails');
select is(states(), '{"a failed","b skipped","c pending","d skipped","e pending"}', 'who needs its success is skipped, as are those who need them');
select is((answer(1)).result -> 'skipped', jsonb_build_array(srt('b'), srt('d')), 'in the order of the dependencies');
select is((select array_agg(name || ': ' || reason order by created_seq) from fleet_state.sorties where state = 'skipped'),
          array['b: dependency a failed', 'd: dependency b was skipped'], 'each says why');
select is((select array_agg(name order by created_seq) from fleet_state.sorties where ready), '{c,e}', 'who waits for an end only, is ready');
select is((select array_agg(distinct causation_id = (select event_id from fleet.events where type = 'sortie_failed')) from fleet.events where type = 'sortie_skipped'), '{t}', 'the end of a is named as the cause');
select is(run(make('f', after('{"b": "success"}'))), 'ok', 'who is made too late');
select is((answer(1)).result ->> 'status' || (answer(1)).seq::text, 'skipped' || (select max(seq) from fleet.events), 'is skipped at once');

-- if/else: the branches part by conditions and meet again, whichever was taken.
select is((select string_agg(run(x), ',') from unnest(array[
    make('scan')]) x), 'ok', 'a scan');
select is((select string_agg(run(x), ',') from unnest(array[
    make('patch', after('{"scan": "success"}', '{"condition": "scan.holes > 0"}')),
    make('praise', after('{"scan": "success"}', '{"condition": "scan.holes == 0"}'))]) x), 'ok,ok', 'two branches');
select is(run(make('patch_more', after('{"patch": "success"}'))), 'ok', 'one of them longer');
select is((select string_agg(run(x), ',') from unnest(array[
    make('meet_success', after('{"patch_more": "success", "praise": "success"}', '{"join": "any"}')),
    make('meet_any', after('{"patch_more": "settled", "praise": "settled"}', '{"join": "any"}')),
    make('meet_all', after('{"patch_more": "settled", "praise": "settled"}')),
    make('meet_both', after('{"patch_more": "success", "praise": "success"}'))]) x), 'ok,ok,ok,ok', 'which meet again in every way');
select is(steps('scan', 'claim_sortie', 'start_sortie'), 'ok', 'the scan');
select is(run(job('complete_sortie', 'scan', '{"result": {"holes": 2}}')), 'ok', 'finds holes');
select is((select array_agg(name || ' ' || state || ' ' || gate order by created_seq) from fleet_state.sorties where name in ('patch', 'praise')), '{"patch pending open","praise skipped open"}', 'so one branch is taken');
select matches((select reason from fleet_state.sorties where name = 'praise'), '^its condition is false: .*holes', 'the other says why not');
select is((select array_agg(name || ' ' || state || ' ' || gate order by created_seq) from fleet_state.sorties where name like 'meet%'),
          '{"meet_success pending waiting","meet_any pending waiting","meet_all pending waiting","meet_both skipped broken"}', 'nobody overtakes the branch that is at work');
select is(steps('patch', 'claim_sortie', 'start_sortie', 'complete_sortie') || steps('patch_more', 'claim_sortie', 'start_sortie', 'complete_sortie'), 'okok', 'the branch is done');
select is((select array_agg(name order by created_seq) from fleet_state.sorties where name like 'meet%' and ready), '{meet_success,meet_any,meet_all}', 'and they meet again');

-- If everything is skipped, only success is out of reach.
select is((select string_agg(run(x), ',') from unnest(array[make('g'), make('h')]) x), 'ok,ok', 'two more');
select is((select string_agg(run(x), ',') from unnest(array[
    make('any_success', after('{"g": "success", "h": "success"}', '{"join": "any"}')),
    make('any_settled', after('{"g": "settled", "h": "settled"}', '{"join": "any"}'))]) x), 'ok,ok', 'and what follows');
select does(job('cancel_sortie', 'g')), does(job('cancel_sortie', 'h'));
select is((select array_agg(name || ' ' || state order by created_seq) from fleet_state.sorties where name like 'any%'), '{any_success skipped,any_settled pending}', 'no success is left: skipped; an end is an end: ready');
select is_empty($$select * from fleet.verify_projections()$$, 'a replay gives the same');
-- A long name is no id.
select is(run(ask('create_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge9", "title": "Names"}')), 'ok', 'a mission');
select is(run(make(repeat('n', 63), '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge9"}')), 'ok', 'a name may be long');
select is(run(make('m', jsonb_build_object('mission_id', 'msn_01m7y4xbh5t2qgekpjg6t2qge9', 'depends_on', jsonb_build_array(jsonb_build_object('id', repeat('n', 63)))))),
          'ok', 'and stands for its sortie all the same');

-- A long chain with a rung that jumps ahead and one that takes any: all of it falls in one go, whoever is deep below.
select does(make('ch0'));
create function pg_temp.grow() returns void language plpgsql as $$
begin
    for i in 1 .. 120 loop
        perform does(make('ch' || i, after(jsonb_build_object('ch' || i - 1, 'success') || case when i in (40, 41) then '{"ch10": "success"}'::jsonb else '{}' end,
                                           case when i = 60 then '{"join": "any"}'::jsonb else '{}' end)));
    end loop;
end $$;
select pg_temp.grow();
set local track_functions = 'all';
select is(run(job('cancel_sortie', 'ch0')), 'ok', 'the head of a chain of 120 is cancelled');
select cmp_ok(pg_stat_get_xact_function_calls('fleet_log.judge'::regproc), '<', 10::bigint, 'without a look at each depth by itself');
reset track_functions;
select is((select array_agg(distinct state) from fleet_state.sorties where name ~ '^ch[1-9]'), '{skipped}', 'all are skipped');
select is(jsonb_array_length((answer(1)).result -> 'skipped'), 120, 'and named');
select is((select array_agg(name || ': ' || reason order by created_seq) from fleet_state.sorties where name in ('ch1', 'ch2', 'ch40', 'ch42', 'ch60', 'ch61')),
    '{"ch1: dependency ch0 was cancelled","ch2: dependency ch1 was skipped","ch40: dependency ch10 was skipped","ch42: dependency ch41 was skipped","ch60: none of its dependencies was completed: ch59 was skipped","ch61: dependency ch60 was skipped"}',
    'each with the nearest dependency that took it down');
select is((select count(*) from fleet_state.sorties where name ~ '^ch[1-9]' and gate <> 'broken'), 0::bigint, 'their gates say so');
select is_empty($$select * from fleet.verify_projections()$$, 'a replay gives the same');

select * from finish();
rollback;
