-- The main path: a goal, its pieces, and the mission that completes by itself.
begin;
set search_path = tap, public;
select plan(44);
select scene();

select act(jsonb_build_array(
    ask('create_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1", "title": "Parser", "priority": "high"}'),
    ask('create_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge1", "mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1", "name": "lexer", "title": "Write the lexer", "files": ["src/lexer/"]}'),
    ask('create_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge2", "mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1", "name": "parser", "title": "Write the parser", "depends_on": [{"id": "lexer"}]}'),
    ask('claim_sortie')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{ok,ok,ok,nothing_ready}', 'a goal and its pieces; nothing is ready before the start');
select is((answer(4)).detail, '{"pending": 2, "running": 0, "ready_for_others": 0, "reasons": {"mission_not_started": 2}}', 'nothing_ready counts what waits, and why');
select is((answer(1)).result ->> 'status', 'pending', 'a mission begins as pending');
select is((answer(2)).result ->> 'priority', 'high', 'a sortie has its mission''s priority');
select is((answer(2)).result -> 'files', '["src/lexer/**"]', 'files are kept as patterns are understood');
select is((answer(3)).result -> 'depends_on', '[{"mode": "success", "name": "lexer", "status": "pending", "sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge1", "satisfied": null}]', 'a dependency by name becomes an id');
select is((answer(3)).result ->> 'why_not', 'its mission is not started', 'a pending sortie says why it is not ready');

select act(jsonb_build_array(
    ask('start_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}'),
    ask('claim_sortie', '{"lease_seconds": 60}'),
    ask('claim_sortie', '{}', '{"actor": "raven-1"}'),
    ask('claim_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge2"}', '{"actor": "raven-1"}'),
    ask('claim_sortie', '{"sortie_id": "2qge1"}', '{"actor": "raven-1"}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{ok,ok,nothing_ready,transition_refused,transition_refused}', 'one claim takes it; who waits for it is not ready');
select is((answer(1)).result #> '{counts,ready}', '1', 'of two one is ready');
select is((answer(2)).result ->> 'sortie_id', 'srt_01m7y4xbh5t2qgekpjg6t2qge1', 'the best is taken');
select is((answer(2)).result ->> 'token', (answer(2)).seq::text, 'its token is the seq of the assignment');
select is((answer(2)).result ->> 'status', 'assigned', 'it is assigned');
select is(((answer(2)).result ->> 'lease_until')::timestamptz, ((answer(2)).result ->> 'assigned_at')::timestamptz + interval '60 s', 'for as long as was asked, at least');
select is((answer(3)).detail -> 'reasons', '{"dependencies": 1}', 'the rest waits for a dependency');
select is((answer(4)).message, 'it is not ready: waits for lexer (assigned)', 'by id the refusal names it');
select matches((answer(5)).message, '^it is assigned, viper-1 has it until', 'one that is taken says who has it, and until when');
select is((answer(5)).detail ->> 'found' || ((answer(5)).detail ->> 'pilot'), 'assignedviper-1', 'the detail too');

-- At work. fence() is of whoever has it now.
create function pg_temp.fence(id text) returns jsonb language sql as $$
    select jsonb_build_object('actor', s.pilot, 'fence', jsonb_build_object('kind', 'sortie', 'id', id, 'token', s.token))
      from fleet_state.sorties s where s.sortie_id = id $$;
select act(jsonb_build_array(
    ask('start_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge1"}', pg_temp.fence('srt_01m7y4xbh5t2qgekpjg6t2qge1')),
    ask('progress', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge1", "percent": 60, "message": "most of it"}', pg_temp.fence('srt_01m7y4xbh5t2qgekpjg6t2qge1')),
    ask('complete_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge1", "summary": "done", "result": {"rules": 7}, "evidence": [{"command": "make test", "exit_code": 0}]}', pg_temp.fence('srt_01m7y4xbh5t2qgekpjg6t2qge1')),
    ask('complete_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge1"}', pg_temp.fence('srt_01m7y4xbh5t2qgekpjg6t2qge1')),
    ask('claim_sortie', '{}', '{"actor": "raven-1"}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{ok,ok,ok,stale_token,ok}', 'start, progress, complete; completing twice is a stale token; the next is ready');
select is((answer(2)).result ->> 'progress', '60', 'progress is kept');
select is((select array_agg(data ->> 'percent' order by seq) from fleet.events where type = 'mission_progressed'), '{25,50}', 'a quarter and a half were crossed, once each');
select is((answer(3)).result ->> 'status', 'completed', 'it is completed');
select is((answer(3)).result - '{summary,result}'::text[], (answer(3)).result, 'an answer, which is kept for a day, has no text of a summary');
select is((select item::jsonb ->> 'summary' || (item::jsonb #>> '{result,rules}') from fleet.show_sortie('{"project": "demo", "sortie_id": "lexer"}')), null, 'a name alone is not enough to show one');
select is((select item::jsonb ->> 'summary' || (item::jsonb #>> '{result,rules}') from fleet.show_sortie('{"project": "demo", "sortie_id": "2qge1"}')), 'done7', 'showing one gives summary and result');
select is((answer(5)).result ->> 'name', 'parser', 'the one that waited is claimed');
select is((select m.item::jsonb -> 'progress' from fleet.show_mission('{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}') m), '50', 'half of the mission is done');

select act(jsonb_build_array(
    ask('complete_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}'),
    ask('start_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge2"}', pg_temp.fence('srt_01m7y4xbh5t2qgekpjg6t2qge2')),
    ask('complete_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qge2"}', pg_temp.fence('srt_01m7y4xbh5t2qgekpjg6t2qge2')),
    ask('create_sortie', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1", "title": "late"}'),
    ask('start_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}'),
    ask('start_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge9"}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{transition_refused,ok,ok,transition_refused,transition_refused,not_found}', 'a mission cannot be completed before its sorties, and is over after the last');
select is((answer(1)).message, '1 of its 2 sorties have not ended', 'with the number');
select is((answer(3)).result -> 'mission', '{"status": "completed", "mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}', 'the last end completes the mission by itself');
select is((select data -> 'result' from fleet.events where type = 'mission_completed'), '{"sorties_failed": 0, "sorties_skipped": 0, "sorties_cancelled": 0, "sorties_completed": 2}', 'with the counts');
select is((select count(distinct correlation_id) || min(correlation_id) from fleet.events where stream_type in ('mission', 'sortie')), '1msn_01m7y4xbh5t2qgekpjg6t2qge1', 'all of it is followed by the mission''s id');
select is((select array_agg(data ->> 'percent' order by seq) from fleet.events where type = 'mission_progressed'), '{25,50,75}', 'each quarter once');
select is((select actor from fleet.events where type = 'mission_completed'), 'system', 'what follows by itself is said by the system');

-- As people read it.
select is((select concat_ws('|', title, status, percent, sorties) from fleet.missions), 'Parser|completed|100|2/2', 'fleet.missions reads well');
select is((select array_agg(concat_ws('|', name, status, pilot, word) order by name) from fleet.sorties), '{lexer|completed|viper-1|done,parser|completed|raven-1}', 'fleet.sorties too');
select is((select concat_ws('|', sortie, needs_sortie, needs_state, satisfied) from fleet.sortie_dependencies), 'parser|lexer|completed|t', 'and what waits for what');
select is_empty($$select * from fleet.ready$$, 'nothing is pending');
select is_empty($$select * from fleet.verify_projections()$$, 'a replay gives the same');

-- What others handed in whole is kept whole, with the nulls that are their own; a field that is null was left out.
select act(jsonb_build_array(
    ask('create_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgn1", "title": "n", "description": null, "metadata": {"a": null, "b": {"c": null}}}'),
    ask('start_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgn1"}'),
    ask('create_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qgn1", "mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgn1", "title": "n", "max_attempts": 1}'),
    ask('claim_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qgn1"}')));
select is((answer(1)).result -> 'metadata', '{"a": null, "b": {"c": null}}', 'metadata as it came');
select is((select data ? 'description' from fleet.events where stream_id = 'msn_01m7y4xbh5t2qgekpjg6t2qgn1' and type = 'mission_created'), false, 'what is null is left out');
select act(jsonb_build_array(
    ask('update_mission', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qgn1", "metadata": {"d": null}}'),
    ask('fail_sortie', '{"sortie_id": "srt_01m7y4xbh5t2qgekpjg6t2qgn1", "error": {"kind": "k", "message": "m", "detail": {"e": null}}}',
        jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', 'srt_01m7y4xbh5t2qgekpjg6t2qgn1', 'token', (answer(4)).result -> 'token')))));
select is((answer(1)).result -> 'metadata', '{"d": null}', 'changed as it came');
select is((answer(2)).result -> 'error', '{"kind": "k", "message": "m", "detail": {"e": null}}', 'the detail of an error, too');
select is((select error from fleet_state.sorties where sortie_id = 'srt_01m7y4xbh5t2qgekpjg6t2qgn1'), '{"kind": "k", "message": "m", "detail": {"e": null}}', 'in the log and the state');
select is_empty($$select * from fleet.verify_projections()$$, 'a replay gives the same');
select * from finish();
rollback;
