-- Raw appends: known ids, expected versions, what may be written raw.
begin;
set search_path = tap, public;
select plan(17);
select scene();

select act(jsonb_build_array(
    ask('append', '{"events": [{"type": "x.a", "event_id": "evt_01m7y4xbh5t2qgekpjg6t2qgek", "stream_id": "s"}]}'),
    ask('append', '{"events": [{"type": "x.b", "event_id": "evt_01m7y4xbh5t2qgekpjg6t2qgek", "stream_id": "t"}, {"type": "x.c"}]}')));
select is((answer(1)).result #> '{events,0}',
    '{"seq": 4, "event_id": "evt_01m7y4xbh5t2qgekpjg6t2qgek", "stream_id": "s", "stream_version": 1, "is_new": true}',
    'an event is answered with its place');
select is((answer(2)).result #> '{events,0}',
    '{"seq": 4, "event_id": "evt_01m7y4xbh5t2qgekpjg6t2qgek", "stream_id": "s", "stream_version": 1, "is_new": false}',
    'a known id is answered from the log, in the same batch too');
select is((answer(2)).seq, 5::bigint, 'and only the rest is written');
select act(jsonb_build_array(ask('append',
    '{"events": [{"type": "x.a", "event_id": "evt_01m7y4xbh5t2qgekpjg6t2qgek"}], "expected_version": {"s": 0}}')));
select is((answer(1)).result #>> '{events,0,is_new}', 'false', 'a retry is answered whatever the version is now');
select is((answer(1)).seq, null, 'and appended nothing');

select act(jsonb_build_array(
    ask('append', '{"events": [{"type": "x.a", "stream_id": "s"}], "expected_version": {"s": 1}}'),
    ask('append', '{"events": [{"type": "x.a", "stream_id": "s"}], "expected_version": {"s": 1}}'),
    ask('append', '{"events": [{"type": "x.a", "stream_id": "s"}], "expected_version": {"s": 2, "new": 0}}'),
    ask('append', '{"events": [{"type": "x.a", "stream_id": "s"}], "expected_version": {"s": "2"}}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers),
          array['ok', 'version_conflict', 'ok', 'invalid_field'], 'expected versions are compared in order');
select is((answer(2)).detail, '{"s": {"expected": 1, "actual": 2}}', 'a conflict says both versions');
select is((select array_agg(stream_version order by seq) from fleet.events where stream_id = 's'), array[1, 2, 3],
          'versions count 1, 2, 3');

select act(jsonb_build_array(
    ask('append', '{"events": [{"type": "pilot_stale"}]}'),
    ask('append', '{"events": [{"type": "x.a", "stream_type": "pilot"}]}'),
    ask('append', '{"events": [{"type": "x.a", "stream_id": "rsv_01m7y4xbh5t2qgekpjg6t2qgek"}]}'),
    ask('append', '{"events": [{"type": "x."}]}'),
    ask('append', '{"events": [{"type": "x.a", "seq": 7}]}'),
    ask('append', '{"events": [{"type": "x.a", "occurred_at": "2026-02-31T00:00:00Z"}]}'),
    ask('append', '{"events": []}'),
    ask('append', '{"events": [{"type": "usage_recorded", "data": {"model": 1}}]}'),
    ask('append', jsonb_build_object('events', jsonb_build_array(
        jsonb_build_object('type', 'x.a', 'data', jsonb_build_object('t', (select string_agg(md5(i::text), '') from generate_series(1, 3000) i))))))));
select is((select array_agg(code order by ord) from answers),
          array['forbidden', 'forbidden', 'forbidden', 'invalid_field', 'unknown_field', 'invalid_field',
                'invalid_field', 'invalid_field', 'too_large'], 'only x.* and open types may be written raw');
select is((answer(8)).field, '/args/events/0/data/' || split_part((answer(8)).field, '/', 6),
          'a wrong payload is named down to its field');

select act(jsonb_build_array(ask('append', '{"events": [{"type": "x.a", "occurred_at": "2026-01-31T12:00:00.5Z",
    "correlation_id": "c1", "causation_id": "evt_1", "data": {"deep": {"a": [1, 2]}}}]}', '{"metadata": {"pid": 7}}')));
select is((select jsonb_build_array(fleet_log.json_time(occurred_at), correlation_id, causation_id, data, metadata)
             from fleet.events order by seq desc limit 1),
          '["2026-01-31T12:00:00.500Z", "c1", "evt_1", {"deep": {"a": [1, 2]}}, {"pid": 7}]', 'what the writer says is kept');
select ok((select recorded_at > occurred_at from fleet.events order by seq desc limit 1), 'recorded_at is the database''s');
select is((select stream_type || ' ' || stream_id from fleet.events order by seq desc limit 1), 'x x:demo', 'the default stream');

-- What the trigger holds command-written events to.
select throws_ok($$insert into fleet_log.events (seq, event_id, project, type, stream_type, stream_id, stream_version, actor,
        data, occurred_at, recorded_at)
    values (1000, fleet.new_id('evt'), 'demo', 'pilot_stale', 'pilot', 'plt_x', 1, 'a', '{"nope": 1}', now(), now())$$,
    'FL500', null, 'an event that does not fit its schema cannot be written, even by the owner');

-- An x event must not be mistaken for a refusal of the whole batch.
select act((select jsonb_agg(note(i)) from generate_series(1, 500) i));
select is((select count(*) from answers where ok), 500::bigint, 'five hundred in one batch');
select is((select max(seq) - min(seq) from answers), 499::bigint, 'contiguous');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'the projections are the fold of the log');
select * from finish();
rollback;
