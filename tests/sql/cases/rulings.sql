-- Rulings: recorded by operators, kept word for word, told where they hold, until they are revoked.
begin;
set search_path = tap, public;
select plan(22);
select scene();
create function pg_temp.op(op text, args jsonb default '{}') returns jsonb language sql as $$
    select tap.ask(op, args, '{"actor": "op", "roles": ["operator"]}') $$;
create temp table it as select must('demo', 'create_mission', 'viper-1', '{"title": "M"}') ->> 'mission_id' as mission;
select must('demo', 'create_sortie', 'viper-1', jsonb_build_object('mission_id', (select mission from it), 'name', 'a', 'title', 'A'));
select is(run(ask('record_ruling', '{"text": "x"}')), 'forbidden', 'a ruling is an operator''s');
select is(run(pg_temp.op('record_ruling', '{"text": "  \n "}')), 'invalid_field', 'it says something');
select is(run(pg_temp.op('record_ruling', '{"text": "  Never *touch*\n\n  payments “ever”  "}')), 'ok', 'one for the project');
select is((answer(1)).result ->> 'text', E'  Never *touch*\n\n  payments “ever”  ', 'word for word, spaces and all');
select is((answer(1)).result ->> 'scope_kind' || ((answer(1)).result ->> 'status'), 'projectin_force', 'it holds for the project');
select is(run(pg_temp.op('record_ruling', '{"text": "t", "scope_kind": "project", "scope_id": "demo"}')), 'invalid_field', 'the project of the request, no other');
select is(run(pg_temp.op('record_ruling', '{"text": "t", "scope_kind": "mission"}')), 'invalid_field', 'a mission has to be named');
select is(run(pg_temp.op('record_ruling', '{"text": "t", "scope_kind": "mission", "scope_id": "nothere"}')), 'not_found', 'and be there');
select is(run(pg_temp.op('record_ruling', '{"text": "t", "scope_kind": "pilot", "scope_id": "nobody"}')), 'not_found', 'a pilot, too');
select is(run(pg_temp.op('record_ruling', jsonb_build_object('text', 'of the mission', 'scope_kind', 'mission', 'scope_id', right((select mission from it), 6)))), 'ok', 'one for a mission, by the end of its id');
select is((answer(1)).result ->> 'scope_id', (select mission from it), 'with its whole id');
select is(run(pg_temp.op('record_ruling', jsonb_build_object('text', 'of the sortie', 'scope_kind', 'sortie', 'scope_id', srt('a')))), 'ok', 'one for a sortie');
select is(run(pg_temp.op('record_ruling', '{"text": "of viper", "scope_kind": "pilot", "scope_id": "viper-1"}')), 'ok', 'one for a pilot');
select is(run(pg_temp.op('record_ruling', '{"text": "of all", "scope_kind": "fleet"}')), 'ok', 'one for the fleet');
create function pg_temp.told(missions text[], sorties text[], pilots text[]) returns text[] language sql as $$
    select array_agg(btrim(r ->> 'text', E' \n') order by n) from jsonb_array_elements(fleet_log.rulings_for('demo', missions, sorties, pilots)) with ordinality x (r, n) $$;
select is(pg_temp.told(array[mission], array[srt('a')], '{viper-1}') , array[E'Never *touch*\n\n  payments “ever”', 'of the mission', 'of the sortie', 'of viper', 'of all'], 'who works on it is told all of them, oldest first') from it;
select is(pg_temp.told('{}', '{}', '{raven-1}'), array[E'Never *touch*\n\n  payments “ever”', 'of all'], 'others what concerns everybody');
select is(run(pg_temp.op('revoke_ruling', jsonb_build_object('ruling_id', right((select ruling_id from fleet_state.rulings where text = 'of all'), 6), 'reason', 'over'))), 'ok', 'one is revoked, by the end of its id');
select is((answer(1)).result ->> 'status' || ((answer(1)).result ->> 'revoke_reason'), 'revokedover', 'with a reason');
select is(run(pg_temp.op('revoke_ruling', jsonb_build_object('ruling_id', (select ruling_id from fleet_state.rulings where text = 'of all')))), 'transition_refused', 'once');
select is(run(pg_temp.op('revoke_ruling', '{"ruling_id": "zzzzzz"}')), 'not_found', 'one that is not there is not found');
select is((select array_agg(item::jsonb ->> 'scope_kind' order by cursor_key) from fleet.list_rulings('{"project": "demo"}')), '{project,mission,sortie,pilot}', 'lists show what is in force');
select is((select count(*)::int from fleet.verify_projections()), 0, 'a replay comes to the same');
select * from finish();
rollback;
