-- How reservations end: by their holder with the token, by an operator with a reason, with their host; and what a token is worth.
begin;
set search_path = tap, public;
select plan(37);
select scene();

create function pg_temp.on(op text, id text, token bigint, more jsonb default '{}', actor text default 'viper-1') returns jsonb language sql as $$
    select ask(op, jsonb_build_object('reservation_id', id) || more, jsonb_build_object('actor', actor,
               'fence', jsonb_build_object('kind', 'reservation', 'id', id, 'token', token)))
$$;
create function pg_temp.codes() returns text[] language sql as $$
    select array_agg(coalesce(code || field, 'ok') order by ord) from answers
$$;
select act(jsonb_build_array(want('viper-1', '{src/**}'), want('raven-1', '{docs/**}')));
create temp table v as select * from fleet.reservations where holder = 'viper-1';
create temp table r as select * from fleet.reservations where holder = 'raven-1';

select act((select jsonb_build_array(ask('release', jsonb_build_object('reservation_id', v.reservation_id)),
    pg_temp.on('release', v.reservation_id, v.token + 1), pg_temp.on('release', v.reservation_id, v.token, '{}', 'raven-1'),
    pg_temp.on('release', v.reservation_id, v.token, jsonb_build_object('reservation_id', r.reservation_id)),
    pg_temp.on('release', 'rsv_01m7y4xbh5t2qgekpjg6t2qgek', v.token), pg_temp.on('extend', v.reservation_id, v.token),
    pg_temp.on('extend', r.reservation_id, v.token, '{"ttl_seconds": 5}', 'raven-1')) from v, r));
select is(pg_temp.codes(), '{invalid_field/fence,stale_token/fence,forbidden/args/reservation_id,invalid_field/fence/id,stale_token/fence,invalid_field/args/ttl_seconds,stale_token/fence}',
          'without the token, with another one, by a stranger or for another reservation nothing is released');
select is(held(), '{viper-1 src/**,raven-1 docs/**}', 'all is as it was');
select matches((answer(2)).message, '^6 is not the token of rsv_|^5 is not the token of rsv_', 'the reason is said');

select act((select jsonb_build_array(pg_temp.on('extend', v.reservation_id, v.token, '{"ttl_seconds": 7200}'),
    pg_temp.on('extend', v.reservation_id, v.token, '{"ttl_seconds": 5}'), pg_temp.on('release', right(v.reservation_id, 6), v.token),
    pg_temp.on('release', v.reservation_id, v.token), pg_temp.on('extend', v.reservation_id, v.token, '{"ttl_seconds": 5}')) from v));
select is(pg_temp.codes(), '{ok,ok,ok,stale_token/fence,stale_token/fence}', 'extended, released, then over; an id may be short');
select is((answer(2)).result ->> 'expires_at', (answer(1)).result ->> 'expires_at', 'extending never shortens');
select is((answer(3)).result, (select jsonb_build_object('released', jsonb_build_array(reservation_id), 'granted', '[]'::jsonb) from v), 'a release says what it released');
select is((select x.status || ' ' || x.end_cause || ' ' || x.ended_by from fleet.reservations x join v using (reservation_id)),
          'released explicit viper-1', 'the row says how it ended');
select matches((answer(4)).message, 'was released at ', 'who comes too late learns what happened');

-- Force.
select act((select jsonb_build_array(
    ask('force_release', jsonb_build_object('reservation_id', r.reservation_id, 'reason', 'gone'), '{"roles": []}'),
    ask('force_release', jsonb_build_object('reservation_id', r.reservation_id), '{"roles": ["operator"]}'),
    ask('force_release', '{"reservation_id": "rsv_none", "reason": "gone"}', '{"roles": ["operator"]}'),
    want('viper-1', '{docs/x}', '{"wait_seconds": 60}'),
    ask('force_release', jsonb_build_object('reservation_id', r.reservation_id, 'reason', 'its laptop is in the lake', 'evidence', 'a photo'), '{"roles": ["operator"], "actor": "ada"}'),
    ask('force_release', jsonb_build_object('reservation_id', r.reservation_id, 'reason', 'again'), '{"roles": ["operator"]}')) from r));
select is(pg_temp.codes(), '{forbidden,invalid_field/args/reason,not_found/args/reservation_id,ok,ok,transition_refused}', 'force needs an operator, a reason and something to force');
select is((answer(5)).result #>> '{granted,0,holder}', 'viper-1', 'who waited is let in');
select is((select data - 'holder' from fleet.events where type = 'file_reservation_forced'),
          '{"by": "ada", "reason": "its laptop is in the lake", "evidence": "a photo"}', 'the log has the reason');
select matches((select words from fleet.check_fence('demo', 'docs/x', (select token from r))), 'was taken away by ada \(its laptop is in the lake\)', 'the holder learns it');
select is((answer(6)).detail -> 'allowed', '[]', 'what is over has no way on');

-- What a token is worth.
select act(jsonb_build_array(want('viper-1', '{src/**, a?b/*.c}')));
create temp table now_held as select * from fleet.reservations where token = (select max(token) from fleet.reservations);
select is((select array_agg(c.valid order by n) from now_held h cross join unnest(array['src', 'src/x/y', 'axb/1.c', 'ab/1.c', 'axb/c/1.c']) with ordinality p(path, n)
            cross join lateral fleet.check_fence('demo', p.path, h.token) c), '{t,t,t,f,f}', 'a token is good for what its reservation covers');
select matches((select words from now_held h cross join lateral fleet.check_fence('demo', 'zzz', h.token)), '^the reservation of viper-1 covers src/\*\*, a\?b/\*\.c, not zzz$', 'and what it covers is said');
select is((select valid from fleet.check_fence('demo', 'src/x', 1)), false, 'an event that granted nothing is no token');
select is((select words from fleet.check_fence('demo', 'src/x', 999)), 'no reservation of this project ever had the token 999', 'nor is a number');
select is((select valid from now_held h cross join lateral fleet.check_fence('other', 'src/x', h.token)), false, 'nor one of another project');
select throws_ok($$select * from fleet.check_fence('demo', '../../x', 1)$$, 'FL422', null, 'a path that leads out is refused');
select is((select item::jsonb - 'items' from now_held h cross join lateral fleet.check_files(jsonb_build_object('project', 'demo', 'paths', array['src/x', 'zzz'], 'token', h.token))),
          (select jsonb_build_object('ok', false, 'token', token) from now_held), 'check_files answers for all paths at once');
select is((select jsonb_path_query_array(item::jsonb, '$.items[*].ok') from now_held h cross join lateral
           fleet.check_files(jsonb_build_object('project', 'demo', 'paths', array['src/x', 'zzz'], 'token', h.token))), '[true, false]', 'and for each');
do $$ begin execute format('alter database %I set fleet.test_switches = ''no_token_check''', current_database()); end $$;
set fleet.test_switches = 'no_token_check';
select is((select valid from fleet.check_fence('demo', 'src/x', 999)), true, 'the switch that the checkers must notice');
reset fleet.test_switches;
do $$ begin execute format('alter database %I reset fleet.test_switches', current_database()); end $$;

-- Lists.
select is((select array_agg(item::jsonb ->> 'holder' order by item::jsonb -> 'token') from fleet.list_reservations('{"project": "demo", "status": "active,released,forced"}')),
          '{viper-1,raven-1,viper-1,viper-1}', 'lists filter by status');
select is((select array_agg(item::jsonb ->> 'status') from fleet.list_reservations('{"project": "demo", "path": "axb/1.c"}')), '{active}', 'and by a path');
select is((select count(*) from fleet.list_reservations('{"holder": "nobody"}')), 0::bigint, 'and by holder');
select is((select array_agg(x.item) from fleet.list_reservations('{"project": "demo", "limit": 1}') a
            cross join lateral fleet.list_reservations(jsonb_build_object('project', 'demo', 'after', a.cursor_key)) x
            where x.cursor_key <= a.cursor_key), null, 'a page goes on behind the one before');
select is((select item::jsonb ->> 'reservation_id' from now_held h cross join lateral fleet.show_reservation(jsonb_build_object('project', 'demo', 'reservation_id', right(h.reservation_id, 8)))),
          (select reservation_id from now_held), 'an unambiguous end of an id is enough');
select is((select item::jsonb ->> 'status' from v cross join lateral fleet.show_reservation(jsonb_build_object('reservation_id', v.reservation_id))), 'released', 'what is over can be shown');
select is((select array_agg(item::jsonb ->> 'pattern') from fleet.list_holders('{"project": "demo", "path": "src/x"}')), '{src/**}', 'who has a path');
select is((select count(*) from fleet.list_holders('{"project": "demo", "path": "docs/[id]/x"}')), 0::bigint, 'a path may hold what a pattern may not');
select is((select array_agg(pattern || ' ' || holder order by pattern collate "C") from fleet.held_files), '{"a?b/*.c viper-1","docs/x viper-1","src/** viper-1"}', 'held files, one row a pattern');
select is((select array_agg(item::jsonb ->> 'holder') from fleet.list_waiting('{"project": "demo"}')), null, 'nobody waits');

-- For people.
select is((select ok || outcome from fleet.reserve('demo', 'raven-1', '{psql/**}', ttl_seconds => 60)), 'truegranted', 'a person reserves');
select is((select code from fleet.reserve('demo', 'viper-1', '{psql/x}')), 'reservation_held', 'and is refused');
select is((select e.ok || (r.ok)::text || r.released from fleet.reservations x
            cross join lateral fleet.extend('demo', 'raven-1', x.reservation_id, x.token, 90) e
            cross join lateral fleet.release('demo', 'raven-1', x.reservation_id, x.token) r where x.patterns = 'psql/**'),
          (select 'truetrue' || reservation_id from fleet.reservations where patterns = 'psql/**'), 'extends and releases');
select is((select ok || released::text from fleet.release_all('demo', 'viper-1')), 'true2', 'gives back everything');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'the projections are the fold of the log');
select * from finish();
rollback;
