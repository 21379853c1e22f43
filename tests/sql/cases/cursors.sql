-- Cursors move forward only, not beyond the head, and notice a rewound log; leaders have epochs; pilots beat.
begin;
set search_path = tap, public;
select plan(25);
select scene();
select act((select jsonb_agg(note(i)) from generate_series(1, 10) i));

select is((select moved from fleet.advance_cursor('demo', 'ci', 9)), true, 'a cursor moves');
select is((select moved from fleet.advance_cursor('demo', 'ci', 5)), false, 'never backwards');
select is((select at from fleet.advance_cursor('demo', 'ci', 5)), 9::bigint, 'and says where it stands');
select throws_ok($$select * from fleet.advance_cursor('demo', 'ci', 1000)$$, 'FL422', null, 'not beyond the head');
select throws_ok($$select * from fleet.advance_cursor('demo', 'ci', 10, 'evt_01m7y4xbh5t2qgekpjg6t2qgek')$$, 'FL410', null,
                 'another event there means the log was rewound');
select is((select moved from fleet.advance_cursor('demo', 'ci', 10, (select event_id from fleet.events where seq = 10))), true,
          'the right event there is fine');
select is((select behind from fleet.cursors), 3::bigint, 'how far it is behind');
update fleet_live.cursors set event_id = 'evt_01m7y4xbh5t2qgekpjg6t2qgek';
select throws_ok($$select * from fleet.advance_cursor('demo', 'ci', 11)$$, 'FL410', null,
                 'a cursor whose event is not in the log any more answers with that, never with silence');
select is(fleet.drop_cursor('demo', 'ci'), true, 'a cursor can be dropped');
select is(fleet.drop_cursor('demo', 'ci'), false, 'once');

select is((select ok from fleet.check_position(fleet.incarnation() || '.13')), true, 'a position of this log is good');
select is((select ok from fleet.check_position(fleet.incarnation() || '.14')), false, 'one beyond its head is not');
select is((select last_common from fleet.check_position('0123abcd.5')), fleet.incarnation() || '.0', 'one of an unknown log is not');
insert into fleet_log.incarnations values ('0123abcd', 0, clock_timestamp() - interval '1 day');
update fleet_log.incarnations set after_seq = 7 where incarnation = fleet.incarnation();
select is((select array_agg(ok order by p) from unnest(array[6, 7, 8]) p cross join lateral fleet.check_position('0123abcd.' || p)),
          array[true, true, false], 'what an older incarnation wrote is common up to where the next one began');
select is((select last_common from fleet.check_position('0123abcd.8')), fleet.incarnation() || '.7', 'and the last common one is told');
select throws_ok($$select * from fleet.check_position('7')$$, 'FL422', null, 'a position is no number');

select is(fleet.lead('sweep', 'host_a'), 1::bigint, 'a duty is led with an epoch');
select is(fleet.lead('sweep', 'host_a'), 1::bigint, 'asking again changes nothing');
select is((select holder || lock_held from fleet.leaders), 'host_atrue', 'the view says who, and whether the lock is real');
select act(jsonb_build_array('{"op": "sweep", "args": {"duty_epoch": 1}}'::jsonb, '{"op": "sweep", "args": {"duty_epoch": 0}}'::jsonb,
                             '{"op": "sweep", "args": {"duty_epoch": 2}}'::jsonb, '{"op": "sweep"}'::jsonb));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers),
          array['ok', 'invalid_field', 'duty_lost', 'duty_lost'], 'only the leader of now sweeps');
update fleet_live.leaders set holder = '', epoch = 0;
select is(fleet.lead('sweep', 'host_a'), 1::bigint, 'who holds the lock of a table made anew leads it with a new epoch');
select is(fleet.resign('sweep'), true, 'a duty is given back');
select act('[{"op": "sweep", "args": {"duty_epoch": 1}}]');
select is((answer(1)).code, 'duty_lost', 'what the old leader still sends is refused');

select is((select array_agg(b.callsign || ' ' || b.state order by b.callsign) from fleet.beat(
    '[{"project": "demo", "callsign": "viper-1"}, {"project": "demo", "callsign": "viper-1"}, {"project": "demo", "callsign": "nobody"}]') b),
    array['nobody unknown', 'viper-1 active'], 'a beat answers what state each pilot is in');
select is((select seen_at > registered_at - interval '1 second' from fleet.pilots where callsign = 'viper-1'), true, 'and is seen');
select * from finish();
rollback;
