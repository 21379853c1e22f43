-- Past its expiry: lapsed, still its holder's, in nobody's way; displaced by who takes it, in the same transaction.
begin;
set search_path = tap, public;
select plan(23);
select scene();

select act(jsonb_build_array(want('viper-1', '{src/**, docs/x}', '{"ttl_seconds": 60}')));
create temp table mine as select result ->> 'reservation_id' as id, (result ->> 'token')::bigint as token from answers;
select lapse(id) from mine;
select is((select status from fleet.reservations where token = 4), 'lapsed', 'it reads as lapsed');
select is((select valid from fleet.check_fence('demo', 'src/a.c', 4)), true, 'its token is still good');
select is((select item::jsonb ->> 'lapsed' from fleet.list_reservations('{"project": "demo"}')), 'true', 'a list of the active ones has it');

select act(jsonb_build_array(ask('extend', jsonb_build_object('reservation_id', (select id from mine), 'ttl_seconds', 60),
    jsonb_build_object('fence', jsonb_build_object('kind', 'reservation', 'id', (select id from mine), 'token', 4)))));
select is((answer(1)).code, null, 'it can be extended');
select is((select status from fleet.reservations where token = 4), 'active', 'and is active again');
select act(jsonb_build_array(want('raven-1', '{src/a.c}')));
select is((answer(1)).code, 'reservation_held', 'and in the way again');

select lapse(id) from mine;
select act(jsonb_build_array(want('viper-1', '{docs/x, src/}', '{"ttl_seconds": 60}')));
select is((answer(1)).result ->> 'token', '4', 'reserving again revives it too, with its token');

select lapse(id) from mine;
select act(jsonb_build_array(want('raven-1', '{src/a.c}')));
select is((answer(1)).result -> 'displaced', (select jsonb_build_array(jsonb_build_object('reservation_id', id, 'holder', 'viper-1')) from mine),
          'who takes a part of it displaces it');
select is((select array_agg(concat_ws(' ', type, data ->> 'cause', actor) order by seq) from fleet.events where seq > (answer(1)).seq - 2),
    array['file_released expired raven-1', 'file_reserved raven-1'],
    'its end stands in the log before the grant');
select is(held(), '{raven-1 src/a.c}', 'all of it ends');
select is((select valid from fleet.check_fence('demo', 'src/b.c', 4)), false, 'now the token is stale');
select matches((select words from fleet.check_fence('demo', 'src/b.c', 4)), 'had lapsed and was taken over', 'and the reason is said');
select act(jsonb_build_array(give_back((select id from mine))));
select is((answer(1)).code, 'stale_token', 'no command takes it any more');

-- Shared ones do not displace each other.
select act(jsonb_build_array(want('viper-1', '{lib/**}', '{"mode": "shared", "ttl_seconds": 60}')));
select lapse((answer(1)).result ->> 'reservation_id');
select act(jsonb_build_array(want('raven-1', '{lib/x}', '{"mode": "shared"}')));
select is((answer(1)).result -> 'displaced', '[]', 'a lapsed shared one stays beside a new shared one');
select act(jsonb_build_array(want('falcon-7', '{lib/y}')));
select is(held(), '{raven-1 src/a.c, raven-1 lib/x, falcon-7 lib/y}', 'an exclusive one displaces it');

-- Signs of life.
select act(jsonb_build_array(want('viper-1', '{alive/**}', '{"ttl_seconds": 60}')));
create temp table alive as select result ->> 'reservation_id' as id from answers;
update fleet_state.reservations r set expires_at = expires_at - interval '3 min', extended_at = extended_at - interval '3 min' from alive a where r.reservation_id = a.id;
select is((select status from fleet.reservations r join alive a on a.id = r.reservation_id), 'lapsed', 'silent for longer than its ttl: lapsed');
select fleet.beat('[{"project": "demo", "callsign": "viper-1"}]');
select is((select status from fleet.reservations r join alive a on a.id = r.reservation_id), 'active', 'a sign of life keeps what its holder has');
select is((select round(extract(epoch from expires_at - clock_timestamp()) / 10) * 10 from fleet.reservations r join alive a on a.id = r.reservation_id),
          60::numeric, 'for the ttl of the reservation');
select act(jsonb_build_array(want('raven-1', '{alive/x}')));
select is((answer(1)).detail #> '{conflicts,0,holder}', '"viper-1"', 'against others as well');
update fleet_state.reservations r set expires_at = expires_at - interval '2 min', extended_at = extended_at - interval '2 min' from alive a where r.reservation_id = a.id;
select is((select status from fleet.reservations r join alive a on a.id = r.reservation_id), 'lapsed', 'but for four times the ttl at most');

-- The switch that the checkers must notice: two active rows and two good tokens for one path.
do $$ begin execute format('alter database %I set fleet.test_switches = ''no_displacement''', current_database()); end $$;
set fleet.test_switches = 'no_displacement';
select act(jsonb_build_array(want('raven-1', '{alive/**}')));
select is((select count(*) from fleet.who_has('demo', 'alive/x')), 2::bigint, 'without displacement a path has two holders');
reset fleet.test_switches;
do $$ begin execute format('alter database %I reset fleet.test_switches', current_database()); end $$;

-- The leader ends what lapsed a day ago.
select lapse(id) from alive;
update fleet_state.reservations r set expires_at = expires_at - interval '23 hours', extended_at = extended_at - interval '23 hours' from alive a where r.reservation_id = a.id;
create temp table swept as select (fleet_log.sweep_reservations((null, 'sweep', '', 'system', 'x', null, null, null, null, '{}', '{}', null, '{}',
    clock_timestamp(), (select max(seq) from fleet_log.events), null, null, null, null, null, null, null, null, null, null, null)::fleet_log.work)).result as r;
select is((select r from swept), '{"timeouts": 0, "cancelled": 0, "expired": 1, "granted": 0}', 'a sweep ends what lapsed a day ago');
select is((select data ->> 'cause' from fleet.events order by seq desc limit 1), 'expired', 'as expired');
select * from finish();
rollback;
