-- Ways round a rule, each of which was open once.
begin;
set search_path = tap, public;
select plan(39);
select scene();
select act(jsonb_build_array(
    ask('register_project', '{"key": "two"}', '{"project": "two"}'),
    ask('create_mission', '{"title": "t"}', '{"project": "two", "key": "k1"}'),
    ask('archive_project', '{"key": "two"}', '{"project": "two", "roles": ["operator"]}')));
select act(jsonb_build_array(
    ask('create_mission', '{"title": "t"}', '{"project": "two", "key": "k1"}'),
    ask('create_mission', '{"title": "u"}', '{"project": "two"}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), array['ok', 'transition_refused'],
          'an answer given again does not open an archived project for its neighbours');
select ok((answer(1)).replayed, 'and it was given again');

-- Shapes.
select is(run(ask('register_project') || '{"args": null}'), 'invalid_field', 'arguments that are null lack what is required');
select is((answer(1)).field, '/args/key', 'and what is missing is named');
select is(run(ask('create_mission', '{"title": "t", "deadline": "9999-12-31T23:59:59-15:59"}')), 'invalid_field',
          'a time that is beyond the year 9999 in UTC is none');
select is(run(ask('enqueue', '{"kind": "k", "run_after": "9999-12-31T23:59:59-14:00"}')), 'invalid_field', 'for orders, too');
select is(fleet_log.try_time('0001-01-01T00:00:00+14:00'), null, 'nor is one before the year 1');
select is(fleet_log.try_time('9999-12-31T23:59:59Z'), '9999-12-31 23:59:59+00'::timestamptz, 'the last second is one');

-- Streams of halts and rules are nobody's to append to.
select is(run(ask('append', jsonb_build_object('events', jsonb_build_array(
              jsonb_build_object('type', 'x.note', 'stream_type', 'mine', 'stream_id', i))))), 'forbidden', i || ' is no stream of x')
  from unnest('{halt:fleet,rule:done}'::text[]) i;

-- A rule that is hidden from by saying that a rule did it.
select act(jsonb_build_array(ask('set_notification_rule', '{"name": "notes", "on": {"types": ["x.note"]}, "to": ["raven-1"]}',
                                 '{"roles": ["operator"]}')));
select is(run(note(1, '{"metadata": {"rule": "notes", "source": "rule"}}')), 'ok', 'an event that says a rule wrote it');
select is((select count(*) from fleet_state.messages where sender = 'system'), 1::bigint, 'is told of all the same');

-- Orders.
select act(jsonb_build_array(ask('register_project', '{"key": "two"}', '{"project": "two"}'), ask('create_sortie',
    '{"title": "t", "sortie_id": "srt_01k00000000000000000000000"}', '{"project": "two"}')));
select is(run(ask('enqueue', '{"kind": "k", "sortie_id": "srt_01k00000000000000000000000"}')), 'not_found',
          'an order is not for a sortie of another project');
select is(run(ask('enqueue', '{"kind": "k", "sortie_id": "srt_01k00000000000000000000000"}', '{"project": "two"}')), 'ok',
          'but for one of its own');

-- What files and mail are for is there, in this project, and is kept by its whole id.
select is(run(ask('reserve', jsonb_build_object('patterns', '["a"]'::jsonb, 'sortie_id', i))) || (answer(1)).field, 'not_found/args/sortie_id', 'no files for ' || i)
  from unnest('{nonsense,srt_01k00000000000000000000000}'::text[]) i;
select is(run(ask('send_message', jsonb_build_object('to', '["raven-1"]'::jsonb, 'subject', 's', 'body', 'b', k, i))) || (answer(1)).field, 'not_found/args/' || k, 'no mail about the ' || k || ' ' || i)
  from (values ('sortie_id', 'nonsense'), ('sortie_id', 'srt_01k00000000000000000000000'), ('mission_id', 'nonsense')) v (k, i);
select is(run(ask('create_sortie', '{"title": "t", "sortie_id": "srt_01k0000000000000000000q7wz"}')), 'ok', 'one of its own');
select is(run(ask('reserve', '{"patterns": ["a"], "sortie_id": "00q7wz"}')), 'ok', 'files for it');
select is((select r.sortie_id::text from fleet_state.reservations r where r.state = 'active'), 'srt_01k0000000000000000000q7wz', 'by the end of its id');
select does(ask('cancel_sortie', '{"sortie_id": "00q7wz"}'));
select is((select count(*) from fleet_state.reservations r where r.state = 'active'), 0::bigint, 'so they end with it');

-- All of this happens in one transaction, so in one millisecond or few: an order that fails goes back to the place where it was made.
create function pg_temp.line(first text, more int) returns void language sql as $$
    select act((select jsonb_agg(ask('enqueue', jsonb_build_object('kind', 'k', 'role', first))) from generate_series(1, more)))
$$;
create temp table taken as select null::jsonb as o;
create function pg_temp.claim(called text, most int) returns bigint language sql as $$
    select coalesce(jsonb_array_length(a.result -> 'orders'), -1) from act(jsonb_build_array(
        ask('claim_work', jsonb_build_object('role', called, 'limit', most), '{"actor": "ann"}'))) a
$$;
select pg_temp.line('y', 1);
select pg_temp.claim('y', 1);
update taken set o = (answer(1)).result #> '{orders,0}';
select act((select jsonb_agg(ask('enqueue', '{"kind": "k", "role": "y"}')) from generate_series(1, 40))
           || jsonb_build_array(ask('claim_work', '{"role": "y", "limit": 40}', '{"actor": "ann"}'),
              ask('fail_work', jsonb_build_object('work_order_id', o ->> 'work_order_id', 'retry_in_seconds', 0,
                      'error', '{"kind": "k", "message": "m"}'::jsonb),
                  jsonb_build_object('actor', 'ann', 'fence', jsonb_build_object('kind', 'work_order', 'id', o ->> 'work_order_id', 'token', o -> 'token')))))
  from taken;
select is((answer(42)).code, null, 'an order fails and may be tried at once');
select is(pg_temp.claim('y', 1), 1::bigint, 'and is found, though its line began behind it');
select act(jsonb_build_array(ask('fail_work', jsonb_build_object('work_order_id', o ->> 'work_order_id', 'retry', false,
                      'error', '{"kind": "k", "message": "m"}'::jsonb),
                  jsonb_build_object('actor', 'ann', 'fence', jsonb_build_object('kind', 'work_order', 'id', o ->> 'work_order_id',
                      'token', (answer(1)).result #> '{orders,0,token}'))))) from taken;
select act((select jsonb_agg(ask('enqueue', '{"kind": "k", "role": "y"}')) from generate_series(1, 40))
           || jsonb_build_array(ask('claim_work', '{"role": "y", "limit": 40}', '{"actor": "ann"}'),
              ask('retry_work', jsonb_build_object('work_order_id', o ->> 'work_order_id')))) from taken;
select is((answer(42)).code, null, 'a dead one is sent again');
select is(pg_temp.claim('y', 1), 1::bigint, 'and is found, too');

-- What waits for an order that is called off: everything behind it, each told of the one before, in one go.
select act(jsonb_build_array(ask('enqueue', jsonb_build_object('orders', (select jsonb_agg(jsonb_build_object('kind', 'chain',
    'depends_on', case i when 0 then '[]' when 3 then '["#1", "#2"]' else jsonb_build_array('#' || i - 1) end) order by i)
      from generate_series(0, 299) i)))));
create temp table chain as
select x.o ->> 'work_order_id' as id, x.n from jsonb_array_elements((answer(1)).result -> 'orders') with ordinality x (o, n);
select act(jsonb_build_array(ask('cancel_work', jsonb_build_object('work_order_id', id)))) from chain where n = 1;
select is((answer(1)).result -> 'cancelled', (select jsonb_agg(id order by n) from chain where n > 1), 'causes come first');
select is((select count(*) from chain c join chain p on p.n = c.n - 1 join fleet_state.work_orders o on o.work_order_id = c.id
            where o.state = 'cancelled' and (o.reason = p.id || ', which it depends on, is cancelled' or c.n = 4)), 299::bigint,
          'each says what it depended on');
select is((select array_agg(distinct e.causation_id) from chain c join fleet_log.events e on e.stream_id = c.id and e.type = 'work_order_cancelled'
            where c.n > 1), (select array_agg(e.event_id) from chain c join fleet_log.events e on e.stream_id = c.id
            and e.type = 'work_order_cancelled' where c.n = 1), 'and the one event that began it');

-- Who is gone takes nothing, at psql either; who never was there speaks for himself.
select act(jsonb_build_array(ask('enqueue', '{"kind": "gone"}')));
update fleet_state.pilots set state = 'stale' where callsign = 'raven-1';
select is(run(ask('claim_work', '{"kinds": ["gone"]}', '{"actor": "raven-1"}')), 'transition_refused', 'a stale pilot claims no order');
update fleet_state.pilots set state = 'deregistered' where callsign = 'raven-1';
select is(run(ask('claim_work', '{"kinds": ["gone"]}', '{"actor": "raven-1"}')), 'not_found', 'nor does one that has left');
select is(run(want('raven-1', '{gone.c}')), 'not_found', 'and it reserves no files');
select ok((answer(1)).hint like 'register again: fleet pilots register raven-1%', 'and is told to register again');
select is(run(want('ann', '{gone.c}')), 'ok', 'a person who never registered may');
select is(run(ask('claim_work', '{"kinds": ["gone"]}', '{"actor": "ann"}')), 'ok', 'and claims');

-- A key that comes without a digest stands for the whole request.
select act(jsonb_build_array(ask('create_mission', '{"title": "k"}', '{"key": "whole"}')));
select is((select array_agg(run(ask('create_mission', '{"title": "k"}', '{"key": "whole"}' || more)) order by n) from unnest(array['{"project": "two"}',
    '{"actor": "ann"}', '{"fence": {"kind": "sortie", "id": "s", "token": 1}}']::jsonb[]) with ordinality x (more, n)),
    '{idempotency_mismatch,idempotency_mismatch,idempotency_mismatch}', 'project, actor and fence included');
select is(run(ask('create_mission', '{"title": "k"}', '{"key": "whole"}')), 'ok', 'the very same request');
select ok((answer(1)).replayed, 'has its answer again');
select * from finish();
rollback;
