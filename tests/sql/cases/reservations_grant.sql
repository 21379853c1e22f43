-- Reserving: all patterns or none, shared and exclusive, one's own, and how a refusal reads.
begin;
set search_path = tap, public;
select plan(33);
select scene();

select act(jsonb_build_array(want('viper-1', '{src/, docs/a.md}', '{"reason": "tidy up", "ttl_seconds": 600}')));
select is((answer(1)).result - 'reservation_id'::text - 'expires_at'::text,
    '{"outcome": "granted", "token": 4, "extended": false, "patterns": ["src/**", "docs/a.md"], "mode": "exclusive", "displaced": []}',
    'a grant says the token, the patterns as they are understood, and the mode');
select is((answer(1)).seq, 4::bigint, 'the token is the seq of the granting event');
select is((select extract(epoch from r.expires_at - r.reserved_at)::int from fleet_state.reservations r), 600, 'ttl counts from the grant');
select is((select type || ' ' || (data ->> 'holder') from fleet.events where seq = 4), 'file_reserved viper-1', 'the event says who');

select act(jsonb_build_array(want('raven-1', '{web/x.ts, src/a.c, src/b.c}')));
select is((answer(1)).code || (answer(1)).field, 'reservation_held/args/patterns', 'one pattern in the way refuses all');
select is(held(), '{viper-1 src/** docs/a.md}', 'and none is taken');
select is((answer(1)).detail -> 'count', '2', 'every overlap counts');
select is(((answer(1)).detail #> '{conflicts,0}') - 'reservation_id'::text - 'expires_at'::text,
    '{"holder": "viper-1", "pattern": "src/**", "requested_pattern": "src/a.c", "mode": "exclusive", "for_another_seconds": 600}',
    'a refusal names holder, pattern and time left');
select matches((answer(1)).message, '^src/a\.c is held by viper-1 \(src/\*\*, exclusive\) for another 10m, and 1 more$', 'and says so in words');
select is((select data ->> 'resolution' || ' ' || jsonb_array_length(data -> 'conflicts') from fleet.events where type = 'file_conflict'),
          'refused 2', 'a refused request leaves file_conflict');

-- Shared and exclusive.
select act(jsonb_build_array(want('viper-1', '{lib/**}', '{"purpose": "read"}'), want('raven-1', '{lib/x.c}', '{"purpose": "review"}'),
    want('falcon-7', '{lib/x.c}', '{"mode": "exclusive"}'), want('falcon-7', '{lib/x.c}', '{"mode": "shared", "purpose": "edit"}')));
select is((select array_agg(coalesce(result ->> 'mode', code) order by ord) from answers),
          array['shared', 'shared', 'reservation_held', 'shared'], 'purpose sets the mode if none is given; shared goes with shared only');
select is((answer(3)).detail -> 'count', '2', 'an exclusive request meets both shared ones');

-- One's own.
select act(jsonb_build_array(want('viper-1', '{src/deep/**}'), want('viper-1', '{src/deep/**, src/deep/}', '{"ttl_seconds": 7200}'),
    want('viper-1', '{docs/a.md, src/}', '{"ttl_seconds": 60}'), want('viper-1', '{src/deep/**}', '{"mode": "shared"}')));
select is((select array_agg(result ->> 'extended' order by ord) from answers), array['false', 'true', 'true', 'false'],
          'a pilot never conflicts with itself; the same patterns in the same mode extend');
select is((answer(2)).result ->> 'token', (answer(1)).result ->> 'token', 'and keep their token');
select is((answer(3)).result ->> 'token', '4', 'in any order');
select is((answer(3)).result ->> 'expires_at', (select fleet_log.json_time(expires_at) from fleet_state.reservations where token = 4),
          'the answer says until when');
select ok((select expires_at = reserved_at + interval '600 s' from fleet_state.reservations where token = 4), 'reserving again never shortens');
select is((select count(*) from fleet_state.reservations where holder = 'viper-1' and state = 'active'), 4::bigint, 'another mode is another reservation');

-- In one batch each sees what the one before did.
select act(jsonb_build_array(want('raven-1', '{one/**}'), want('viper-1', '{one/x}'), want('raven-1', '{two/x}'), want('viper-1', '{two/**}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), array['ok', 'reservation_held', 'ok', 'reservation_held'],
          'overlap is symmetric, within a batch too');

-- What cannot be reserved.
select act(jsonb_build_array(want('viper-1', '{ok, a[}'), want('viper-1', '{../../x}'), want('viper-1', '{/etc/passwd}'), want('viper-1', '{}'),
    want('viper-1', (select array_agg('f' || i) from generate_series(1, 65) i)), want('viper-1', '{a}', '{"ttl_seconds": 0}'),
    want('viper-1', '{a}', '{"mode": "mine"}'), want('viper-1', '{a}', '{"wait_seconds": 86401}'), want('viper-1', '{a}', '{"colour": 1}')));
select is((select array_agg(code || field order by ord) from answers),
          array['invalid_field/args/patterns/1', 'invalid_field/args/patterns/0', 'invalid_field/args/patterns/0', 'invalid_field/args/patterns',
                'invalid_field/args/patterns', 'invalid_field/args/ttl_seconds', 'invalid_field/args/mode',
                'invalid_field/args/wait_seconds', 'unknown_field/args/colour'], 'bad input is named down to the pattern');
select is((answer(1)).message, 'the pattern holds "["; only *, ? and ** are special, and ? stands for one character', 'with the reason');

select act(jsonb_build_array(want('viper-1', '{ids/1}', '{"reservation_id": "rsv_01m7y4xbh5t2qgekpjg6t2qgek"}'),
                             want('viper-1', '{ids/2}', '{"reservation_id": "rsv_01m7y4xbh5t2qgekpjg6t2qgek"}')));
select is((answer(1)).result ->> 'reservation_id', 'rsv_01m7y4xbh5t2qgekpjg6t2qgek', 'the id may be given');
select is((answer(2)).code, 'version_conflict', 'but not twice');

-- Only looking.
select act(jsonb_build_array(want('raven-1', '{src/x, new/x}', '{"dry_run": true}'), want('raven-1', '{new/x}', '{"dry_run": true}'),
                             want('viper-1', '{src/}', '{"dry_run": true}')));
select is((select array_agg(result ->> 'outcome' order by ord) from answers), array['held', 'granted', 'granted'], 'a dry run says what would happen');
select is((select count(seq) from answers), 0::bigint, 'and writes nothing');
select is((select array_agg(pattern || ' ' || free || coalesce(' ' || holder, '')) from fleet.can_reserve('demo', 'raven-1', '{src/x, new/x}')),
          array['src/x false viper-1', 'new/x true'], 'can_reserve reads the same');

-- A crowd.
select act((select jsonb_agg(want('raven-1', array['crowd/f' || i])) from generate_series(1, 150) i));
select act(jsonb_build_array(want('viper-1', '{crowd/*}')));
select is(jsonb_array_length((answer(1)).detail -> 'conflicts'), 20, 'twenty are named');
select is((answer(1)).detail -> 'count', '101', 'and counted up to a bound');
select matches((answer(1)).message, 'and at least a hundred more$', 'in words too');

-- Case, unicode and other projects are other names.
select act(jsonb_build_array(ask('register_project', '{"key": "two"}', '{"project": "two"}'),
    want('raven-1', '{src/a.c}') || '{"project": "two"}', want('raven-1', '{SRC/a.c}'), want('raven-1', array['caf' || U&'\00E9/x']),
    want('viper-1', array['caf?/*'])));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), array['ok', 'ok', 'ok', 'ok', 'reservation_held'],
          'projects are apart, letters count as they are, and ? is a character');
select is((select array_agg(holder || ' ' || pattern || ' ' || status) from fleet.who_has('demo', 'src/deep/x')),
          array['viper-1 src/** active', 'viper-1 src/deep/** active', 'viper-1 src/deep/** active'], 'who_has names each that covers a path');
select is((select count(*) from fleet.who_has('demo', 'crowd/')), 150::bigint, 'or that a pattern overlaps');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'the projections are the fold of the log');
select * from finish();
rollback;
