-- Conditions: checked when they are written, evaluated when the dependencies have ended.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select does(make('seo'));
select does(make('tests'));
select does(ask('create_sortie', '{"title": "nameless"}'));

select is(run(make('ship', after('{"seo": "success"}', '{"condition": "seo.score >"}'))), 'invalid_field', 'what cannot be read is refused');
select ok((answer(1)).field = '/args/condition' and (answer(1)).detail ? 'position', 'with the place');
select is(run(make('ship', after('{"seo": "success"}', '{"condition": "tests.failed == 0"}'))), 'invalid_field', 'a name that it does not depend on is unknown');
select is((answer(1)).detail -> 'known', '["seo"]', 'the refusal says which are known');
select is(run(make('ship', '{"condition": "seo.score > 80"}')), 'invalid_field', 'without dependencies there is none');
select is(run(make('ship', after('{"seo": "success", "tests": "settled"}', '{"condition": "seo.score > 80 and tests.failed == 0"}'))), 'ok', 'a sound one is kept');
select is((answer(1)).result ->> 'why_not', 'its condition waits for seo (pending), tests (pending)', 'it waits');
select is(run(job('update_sortie', 'ship', '{"depends_on": []}')), 'invalid_field', 'dependencies that it names cannot be taken away');
select is(run(job('update_sortie', 'ship', '{"condition": "seo.score > 90"}')), 'ok', 'it may change');
select is((answer(1)).result ->> 'condition', 'seo.score > 90', 'then it reads so');

-- All have to end before it is looked at.
select is(steps('seo', 'claim_sortie', 'start_sortie') || run(job('complete_sortie', 'seo', '{"result": {"score": 91}}')), 'okok', 'one ends');
select is((select gate || state from fleet_state.sorties where name = 'ship'), 'waitingpending', 'it waits for the other');
select is(run(make('fast', after('{"seo": "success", "tests": "success"}', '{"join": "any", "condition": "seo.score > 1"}'))), 'ok', 'even one that would take any');
select is((select item::jsonb ->> 'why_not' from fleet.show_sortie(jsonb_build_object('sortie_id', srt('fast')))), 'its condition waits for tests (pending)', 'because its condition may look at both');
select is(run(job('cancel_sortie', 'tests')), 'ok', 'the other ends');
select is((select array_agg(name || ' ' || state || ' ' || ready order by created_seq) from fleet_state.sorties where condition is not null), '{"ship pending true","fast pending true"}', 'now both are true, so both are ready');

-- A missing value is false, with a reason.
select is(run(make('late', after('{"seo": "success"}', '{"condition": "seo.colour == \"red\""}'))), 'ok', 'one that looks at what is not there');
select is((answer(1)).result ->> 'status', 'skipped', 'is skipped');
select is((select data ->> 'cause' from fleet.events where type = 'sortie_skipped'), 'condition', 'because of its condition');
select matches((answer(1)).result ->> 'reason', 'colour', 'which says what was missing');
select is(run(make('twin')) || run(make('twin')), 'okok', 'without a mission a name may be there twice');
select is(run(make('odd', jsonb_build_object('condition', 'twin.a == 1', 'depends_on', (select jsonb_agg(jsonb_build_object('id', sortie_id)) from fleet_state.sorties where name = 'twin')))),
          'invalid_field', 'two dependencies of one name cannot be told apart');

-- What a result says is not repeated where it could not be erased.
select is(run(make('told')) || steps('told', 'claim_sortie', 'start_sortie') || run(job('complete_sortie', 'told', '{"result": {"word": "hunter2swordfish"}}')), 'okokok', 'a result with a secret');
select is(run(make('sees', after('{"told": "success"}', '{"condition": "told.word == \"nope\""}'))) || ((answer(1)).result ->> 'reason'),
    'okits condition is false: told.word is a text, not == "nope"', 'the reason says what kind it is');
select is((select count(*) from fleet_log.events where data::text like '%hunter2%'), 0::bigint, 'no event holds it');

-- An erased result is nothing to look at.
select is(run(ask('redact', jsonb_build_object('event_id', (select event_id from fleet.events where type = 'sortie_completed' and stream_id = srt('seo')), 'reason', 'a key'), '{"roles": ["operator"]}')), 'ok', 'the result is erased');
select is(run(make('after_all', after('{"seo": "success"}', '{"condition": "seo.score > 1"}'))) || ((answer(1)).result ->> 'status'), 'okskipped', 'then a condition finds nothing');
select is_empty($$select * from fleet.verify_projections()$$, 'a replay gives the same');
select * from finish();
rollback;
