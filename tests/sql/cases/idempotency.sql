-- A key gives the first answer back, in the same batch and later; only what wrote something is kept.
begin;
set search_path = tap, public;
select plan(14);
select scene();

select act(jsonb_build_array(note(1, '{"key": "k1"}'), note(1, '{"key": "k1"}'), note(2, '{"key": "k1"}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), array['ok', 'ok', 'idempotency_mismatch'],
          'the same key with another body is refused, in one batch');
select is((select array_agg(replayed order by ord) from answers), array[false, true, false], 'a replay says so');
select is((answer(2)).result, (answer(1)).result, 'the answer is the first one');
select is((answer(2)).seq, (answer(1)).seq, 'with its seq');
select is((select count(*) from fleet.events where type = 'x.note'), 1::bigint, 'one event was written');
select act(jsonb_build_array(note(1, '{"key": "k1"}'), note(2, '{"key": "k1"}'), note(1, '{"key": "k1", "caller": "uid:7"}')));
select is((select array_agg(coalesce(code, 'ok') || replayed order by ord) from answers),
          array['oktrue', 'idempotency_mismatchfalse', 'okfalse'], 'the same later; a key belongs to its caller');
select act(jsonb_build_array(ask('set_pilot_status', '{"to": "idle"}', '{"key": "k1"}')));
select is((answer(1)).code, 'idempotency_mismatch', 'a key belongs to its operation');

select act(jsonb_build_array(
    ask('register_pilot', '{"callsign": "lynx-1", "program": "p", "model": "m"}', '{"key": "k2"}'),
    ask('register_pilot', '{"callsign": "lynx-1", "program": "p", "model": "m"}', '{"key": "k2"}'),
    ask('register_pilot', '{"callsign": "lynx-1", "program": "p", "model": "m"}', '{"key": "k3"}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), array['ok', 'ok', 'callsign_taken'],
          'a command answers again, too');
select is((answer(2)).result, (answer(1)).result, 'with the answer of then');
select act(jsonb_build_array(ask('deregister_pilot', '{"callsign": "lynx-1"}'),
    ask('register_pilot', '{"callsign": "lynx-1", "program": "p", "model": "m"}', '{"key": "k3"}')));
select is((answer(2)).code, null, 'a refusal that wrote nothing was not kept: the key is free');

select act(jsonb_build_array(note(9, '{"project": "nope", "key": "k4"}'), note(9, '{"project": "nope", "key": "k4"}')));
select is((select array_agg(code order by ord) from answers), array['not_found', 'not_found'],
          'a refused twin is tried again');

update fleet_live.idempotency set stored_at = stored_at - interval '25 hours' where key = 'k1';
select act(jsonb_build_array(note(1, '{"key": "k1"}')));
select is((answer(1)).replayed, false, 'a key is forgotten after a day');
update fleet_live.idempotency set stored_at = stored_at - interval '25 hours';
select act(jsonb_build_array(ask('sweep', '{}', '{"roles": ["operator"]}')));
select is((select count(*) from fleet_live.idempotency), 0::bigint, 'and swept away');
select act(jsonb_build_array(note(1, jsonb_build_object('key', 'k5', 'digest', repeat('a', 64))),
                             note(2, jsonb_build_object('key', 'k5', 'digest', repeat('a', 64)))));
select is((answer(2)).replayed, true, 'the caller''s digest decides, if there is one');
select * from finish();
rollback;
