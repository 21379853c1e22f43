-- Hosts: joining, leaving, being declared lost, and what follows for their pilots.
begin;
set search_path = tap, public;
select plan(44);
select scene();
create function pg_temp.host_op(op text, more jsonb default '{}') returns jsonb language sql as $$
    select jsonb_build_object('op', $1, 'args', '{"host_id": "host_01m7y4xbh5t2qgekpjg6t2qgek"}'::jsonb || $2)
$$;
create function pg_temp.join_args(pid int) returns jsonb language sql as $$
    select jsonb_build_object('hostname', 'alpha', 'version', '0.1', 'pid', $1, 'lease_seconds', 30)
$$;
create function pg_temp.late(seconds int) returns void language sql as $$
    update fleet_live.hosts set deadline = clock_timestamp() - make_interval(secs => $1)
$$;
create function pg_temp.epoch() returns bigint language sql as $$ select epoch from fleet_live.hosts $$;

select act(jsonb_build_array(pg_temp.host_op('host_join', pg_temp.join_args(1))));
select is(((answer(1)).result ->> 'epoch')::bigint, (answer(1)).seq, 'the epoch is the seq of the joining');
select is((select project from fleet.events order by seq desc limit 1), '', 'a host belongs to no project');
select is((select state || alive from fleet.hosts), 'joinedtrue', 'it is alive');
select is((select number from fleet_live.hosts), (select number from fleet_live.hosts), 'it has a number for its beacon');
select is((select ok from fleet.beat_host('host_01m7y4xbh5t2qgekpjg6t2qgek', pg_temp.epoch(), 30)), true, 'it beats');
select is((select ok from fleet.beat_host('host_01m7y4xbh5t2qgekpjg6t2qgek', pg_temp.epoch() - 1, 30)), false, 'not with another epoch');
select is(fleet.hold_beacon('host_01m7y4xbh5t2qgekpjg6t2qgek'), true, 'it holds its beacon');
select is(fleet.hold_beacon('host_01m7y4xbh5t2qgekpjg6t2qgek'), true, 'asking twice counts once');
select is((select count(*) from fleet.locks where lock = 'beacon of host_01m7y4xbh5t2qgekpjg6t2qgek'), 1::bigint,
          'the lock has a name');
select throws_ok($$select fleet.hold_beacon('host_x')$$, 'FL404', null, 'an unknown host has no beacon');

select act(jsonb_build_array(note(1, jsonb_build_object('host', 'host_01m7y4xbh5t2qgekpjg6t2qgek', 'epoch', pg_temp.epoch())),
                             note(1, jsonb_build_object('host', 'host_01m7y4xbh5t2qgekpjg6t2qgek', 'epoch', pg_temp.epoch() - 1)),
                             note(1, '{"host": "host_none", "epoch": 1}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), array['ok', 'host_epoch_moved', 'host_epoch_moved'],
          'commands carry the epoch');
select act(jsonb_build_array(pg_temp.host_op('host_join', pg_temp.join_args(1))));
select ok((answer(1)).ok, 'the same process may join again');

select act(jsonb_build_array(ask('register_pilot', '{"callsign": "lynx-1", "program": "p", "model": "m"}',
    jsonb_build_object('host', 'host_01m7y4xbh5t2qgekpjg6t2qgek', 'epoch', pg_temp.epoch()))));
select is((answer(1)).result ->> 'host', 'host_01m7y4xbh5t2qgekpjg6t2qgek', 'a pilot belongs to the host it came from');

select pg_temp.late(5);
select act(jsonb_build_array(pg_temp.host_op('declare_host_lost')));
select is((answer(1)).result ->> 'lost', 'false', '5 s late is not lost');
select is((answer(1)).seq, null, 'and nothing is written');
select pg_temp.late(11);
-- This session holds the beacon and could take it again; the rule for a free one is shown with it released.
select pg_advisory_unlock(fleet.lock_class('beacon'), (select number from fleet_live.hosts));
select act(jsonb_build_array(pg_temp.host_op('declare_host_lost', '{"duty_epoch": 7}')));
select is((answer(1)).code, 'duty_lost', 'who says it leads, and does not, declares nobody lost');
select is((select state from fleet.hosts), 'joined', 'nothing happened');
select is((select array_agg(host_id) from fleet.late_hosts('host_other', true)), array['host_01m7y4xbh5t2qgekpjg6t2qgek'],
          'the leader looks for all who are late');
select is((select count(*) from fleet.late_hosts('host_01m7y4xbh5t2qgekpjg6t2qgek', true)), 0::bigint, 'but for itself');
select is((select count(*) from fleet.late_hosts('host_other', false)), 0::bigint, 'others look after the leader only');
select ok(fleet.lead('sweep', 'host_01m7y4xbh5t2qgekpjg6t2qgek') > 0, 'it leads');
select is((select count(*) from fleet.late_hosts('host_other', false)), 1::bigint, 'and would be found by everybody');
select is((select i.item -> 'duties' from fleet_log.host_items i), '["sweep"]', 'its duties are shown');
select is((select i.item ->> 'pilots' from fleet_log.host_items i), '1', 'and how many pilots it has');
select act(jsonb_build_array(pg_temp.host_op('declare_host_lost', jsonb_build_object('duty_epoch',
    (select epoch from fleet_live.leaders))), pg_temp.host_op('declare_host_lost')));
select is((answer(1)).result ->> 'lost', 'true', '11 s late with a free beacon is lost');
select is((answer(2)).result ->> 'lost', 'false', 'once');
select is((select state from fleet.hosts), 'lost', 'the host is lost');
select is((select i.item -> 'duties' from fleet_log.host_items i), '[]', 'a lost host has no duties');
select is((select state from fleet.pilots where callsign = 'lynx-1'), 'stale', 'its pilots turn stale');
select is((select state from fleet.pilots where callsign = 'raven-1'), 'active', 'others do not');
select is((select e.causation_id from fleet.events e where e.type = 'pilot_stale'),
          (select e.event_id from fleet.events e where e.type = 'host_left'), 'because of the host''s end');
select is(pg_temp.epoch(), (select seq from fleet.events where type = 'host_left'), 'the epoch moves');
select is((select ok from fleet.beat_host('host_01m7y4xbh5t2qgekpjg6t2qgek', pg_temp.epoch(), 30)), false,
          'a lost host cannot beat itself back, even with the right epoch');
select act(jsonb_build_array(pg_temp.host_op('host_leave')));
select is((answer(1)).code, 'transition_refused', 'nor leave');
select act(jsonb_build_array(pg_temp.host_op('host_join', pg_temp.join_args(2)),
    ask('register_pilot', '{"callsign": "lynx-1", "program": "p", "model": "m"}'), pg_temp.host_op('host_leave')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), array['ok', 'ok', 'ok'],
          'it joins again, its pilots come back, it leaves');
select is((answer(2)).result ->> 'resumed', 'true', 'with the same identity');
select is((select array_agg(state order by callsign) from fleet.pilots where callsign = 'lynx-1'), array['active'],
          'leaving does not end its pilots');
select is((select count(*) from fleet.hosts_alive), 0::bigint, 'a host that left is not alive');

-- Pilots without a sign of life.
update fleet_live.pilots set seen_at = seen_at - interval '301 seconds' where callsign = 'raven-1';
select act(jsonb_build_array(ask('sweep', '{}', '{"roles": ["operator"]}')));
select is((answer(1)).result -> 'stale', '[{"project": "demo", "callsign": "raven-1"}]', 'the sweep finds silent pilots');
-- A new leader was perhaps made by an outage of the database, in which nobody could give a sign of life.
update fleet_live.pilots set seen_at = seen_at - interval '301 seconds' where callsign = 'lynx-1';
update fleet_live.leaders set since = clock_timestamp() - interval '59 seconds';
select act(jsonb_build_array(ask('sweep', jsonb_build_object('duty_epoch', (select epoch from fleet_live.leaders)))));
select is((answer(1)).result -> 'stale', '[]', 'a new leader gives silent pilots a minute');
update fleet_live.leaders set since = clock_timestamp() - interval '61 seconds';
select act(jsonb_build_array(ask('sweep', jsonb_build_object('duty_epoch', (select epoch from fleet_live.leaders)))));
select is((answer(1)).result #>> '{stale,0,callsign}', 'lynx-1', 'and no more');

-- What a daemon of another version asks.
insert into fleet_log.schema_versions (version, name, sha256, breaking) values (9001, 'later', 'x', false);
select is((select version || ' ' || breaking_since from fleet.schema()), '9001 0', 'a newer schema that breaks nobody');
insert into fleet_log.schema_versions (version, name, sha256, breaking) values (9002, 'breaks', 'x', true), (9003, 'later', 'x', false);
select is((select version || ' ' || breaking_since from fleet.schema()), '9003 9002', 'and one that does');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'the projections are the fold of the log');
select * from finish();
rollback;
