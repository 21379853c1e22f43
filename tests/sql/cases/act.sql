-- One entry: order, atomic requests, each seeing what its predecessors did, refusals as rows.
begin;
set search_path = tap, public;
select plan(21);
select scene();

select act(jsonb_build_array(note(1), note(2), ask('set_pilot_status', '{"to": "idle"}'), note(3),
                             ask('set_pilot_status', '{"to": "active"}'), ask('set_pilot_status', '{"to": "nope"}')));
select is((select array_agg(ord order by n) from answers), array[1, 2, 3, 4, 5, 6], 'a row a request, in order');
select is((select array_agg(seq order by ord) from answers), array[4, 5, 6, 7, 8, null]::bigint[],
          'seqs follow the order of the batch, runs of appends and commands alike');
select is((answer(5)).result ->> 'status', 'active', 'a command sees what an earlier one of its batch did');
select is((answer(6)).code || (answer(6)).field, 'invalid_field/args/to', 'a refusal is a row with a pointer');
select is((select count(*) from fleet.events), 8::bigint, 'a refusal leaves nothing behind');

select act(jsonb_build_array(ask('append', '{"events": [{"type": "x.a"}, {"type": "nope"}, {"type": "x.b"}]}'), note(4)));
select is((answer(1)).code || (answer(1)).field, 'unknown_event_type/args/events/1/type', 'the wrong event is named');
select is((select count(*) from fleet.events where type in ('x.a', 'x.b')), 0::bigint,
          'a request is appended whole or not at all');
select is((answer(2)).seq, 9::bigint, 'the next request goes on, without a gap');

select act(jsonb_build_array(
    ask('register_project', '{"key": "two"}', '{"project": "two"}'),
    ask('append', '{"events": [{"type": "x.a"}]}', '{"project": "two"}'),
    ask('archive_project', '{"key": "two"}', '{"project": "two", "roles": ["operator"]}'),
    ask('append', '{"events": [{"type": "x.a"}]}', '{"project": "two"}'),
    ask('register_pilot', '{"callsign": "a", "program": "p", "model": "m"}', '{"project": "two"}'),
    ask('archive_project', '{"key": "two"}', '{"project": "two", "roles": ["operator"]}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers),
          array['ok', 'ok', 'ok', 'transition_refused', 'transition_refused', 'transition_refused'],
          'create, use, end, use in one batch');
select is((answer(6)).detail, '{"found": "archived", "asked": "project_archived", "allowed": [{"to": "active", "event": "project_registered"}]}',
          'a refused transition says the state found, the one asked for, and what is allowed');

select act('[7, {"op": "none"}, {"op": "append", "project": "demo", "bogus": 1}, {}, null, [1]]');
select is((select array_agg(code order by ord) from answers),
          array['bad_json', 'invalid_field', 'unknown_field', 'invalid_field', 'bad_json', 'bad_json'],
          'nonsense is refused row by row');
select act('[]');
select is((select count(*) from answers), 0::bigint, 'an empty batch has no rows');
select throws_ok($$select * from fleet.act('{}')$$, 'FL400', null, 'what is no array cannot be answered in rows');

select act(jsonb_build_array(ask('archive_project', '{"key": "demo"}', '{"roles": []}')));
select is((answer(1)).code, 'forbidden', 'an operation of operators needs the role');
select act(jsonb_build_array(note(1, '{"project": "nope"}'), note(1, '{"project": ""}')));
select is((select array_agg(code || field order by ord) from answers), array['not_found/project', 'invalid_field/project'],
          'a project must be there');
select act(jsonb_build_array(
    ask('register_pilot', jsonb_build_object('callsign', 'x-1', 'program', 'p', 'model', 'm', 'pilot_id', (
        select pilot_id from fleet.pilots where callsign = 'viper-1'))),
    ask('register_project', jsonb_build_object('key', 'x', 'project_id', (
        select project_id from fleet.projects where project = 'demo')), '{"project": "x"}')));
select is((select array_agg(code || field order by ord) from answers),
          array['version_conflict/args/pilot_id', 'version_conflict/args/project_id'], 'an id in use is refused, not a fault');
select is((select actor from fleet.events where seq = 9), 'viper-1', 'a daemon says who acts');

select is((select count(*) from (select seq - lag(seq) over (order by seq) as step from fleet.events) s where step <> 1),
          0::bigint, 'the log has no gap');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'the projections are the fold of the log');
select is((select array_agg(c.op order by c.op) from fleet_log.commands c
            where pg_get_functiondef('fleet_log.perform'::regproc) not like '%when ''' || c.op || ''' then%'),
          array['append'], 'every operation has its branch; append has a way of its own');
select is((select array_agg(distinct f.op) from fleet_log.command_fields f
            where f.op not in ('*', 'fence', 'event') and not exists (select from fleet_log.commands c where c.op = f.op)),
          null, 'every field belongs to an operation');
select * from finish();
rollback;
