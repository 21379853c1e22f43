-- Waiting in line: priority, then arrival; who frees files lets in, in the same call, all who meet nobody earlier.
begin;
set search_path = tap, public;
select plan(43);
select scene();
-- A project a scenario.
select act((select jsonb_agg(ask('register_project', jsonb_build_object('key', p), jsonb_build_object('project', p))) from unnest('{two,three,four,five,six,seven}'::text[]) p));

create function pg_temp.wait(actor text, patterns text[], more jsonb default '{}', project text default 'demo') returns jsonb language sql as $$
    select want(actor, patterns, '{"wait_seconds": 600}' || more) || jsonb_build_object('project', project)
$$;
create function pg_temp.line(project text) returns text[] language sql as $$
    select coalesce(array_agg(w.pilot || ' ' || w.patterns order by w.place), '{}') from fleet.waiting w where w.project = line.project
$$;
create function pg_temp.held(project text) returns text[] language sql as $$
    select coalesce(array_agg(r.holder || ' ' || array_to_string(r.patterns, ' ') order by r.token), '{}')
      from fleet_state.reservations r where r.state = 'active' and r.project = held.project
$$;
create function pg_temp.give(callsign text, project text default 'demo') returns jsonb language sql as $$
    select give_back(r.reservation_id) || jsonb_build_object('project', r.project) from fleet_state.reservations r
     where r.holder = callsign and r.state = 'active' and r.project = give.project order by r.token limit 1
$$;
create function pg_temp.request(callsign text) returns text language sql as $$
    select q.reservation_id from fleet_state.reservation_requests q where q.holder = callsign and q.state = 'waiting' limit 1
$$;
create function pg_temp.codes() returns text[] language sql as $$
    select array_agg(coalesce(code, result ->> 'outcome', 'ok') order by ord) from answers
$$;

select does(ask('create_sortie', '{"title": "t", "sortie_id": "srt_01k00000000000000000000001"}'));

-- One waits.
select act(jsonb_build_array(want('viper-1', '{src/**}'), pg_temp.wait('raven-1', '{src/a.c, docs/x}', '{"reason": "fix", "sortie_id": "srt_01k00000000000000000000001"}')));
select is((answer(2)).result ->> 'outcome', 'waiting', 'with wait_seconds a request waits');
select is((answer(2)).result #>> '{conflicts,0,holder}', 'viper-1', 'and says for whom');
select is((select array_agg(type order by seq) from fleet.events where seq > (answer(2)).seq - 2), array['file_conflict', 'file_wait_started'], 'with both events');
select is((select waits_for from fleet.waiting), 'viper-1', 'the view says it too');
select is((select array_agg(why order by due_at) from fleet.next_expiry('demo')), array['deadline', 'lapse'], 'and when to look again');
select act(jsonb_build_array(want('falcon-7', '{docs/**}'), want('raven-1', '{docs/x}'), pg_temp.give('raven-1')));
select is((answer(1)).code, 'reservation_held', 'a later request does not overtake who waits for some of it');
select is((answer(1)).detail #>> '{waiters,0,holder}', 'raven-1', 'and is told who came first');
select matches((answer(1)).message, '^docs/\*\* is waited for by raven-1 \(docs/x\), who came first$', 'in words');
select is((answer(2)).code, null, 'nobody waits behind oneself');
select act(jsonb_build_array(pg_temp.give('viper-1')));
select is((answer(1)).result #>> '{granted,0,holder}', 'raven-1', 'a release lets in, in the same call');
select is((select array_agg(concat_ws(' ', type, actor, data ->> 'outcome') order by seq) from fleet.events where seq > (answer(1)).seq - 3),
          array['file_released viper-1', 'file_wait_ended raven-1 granted', 'file_reserved raven-1'], 'with the events in order');
select is((select causation_id from fleet.events where seq = (answer(1)).seq), (select event_id from fleet.events where seq = (answer(1)).seq - 2),
          'the grant names the release that led to it');
select is((select reason || ' ' || sortie_id from fleet.reservations where token = (answer(1)).seq), 'fix srt_01k00000000000000000000001', 'what was asked for is what is granted');
select is((select count(*) from fleet_live.waiters), 0::bigint, 'and the line is empty');

-- Order, and a chain of grants.
select act(jsonb_build_array(want('z', '{src/**}') || '{"project": "two"}', pg_temp.wait('a', '{src/**}', '{"priority": "low"}', 'two'),
    pg_temp.wait('b', '{src/a.c}', '{"mode": "shared"}', 'two'), pg_temp.wait('c', '{src/*.c}', '{"mode": "shared", "priority": "high"}', 'two'),
    pg_temp.wait('d', '{src/a.c}', '{}', 'two'), pg_temp.wait('e', '{src/lib/**}', '{"priority": "critical"}', 'two')));
select is(pg_temp.line('two'), '{e src/lib/**,c src/*.c,b src/a.c,d src/a.c,a src/**}', 'by priority, then arrival');
select act(jsonb_build_array(pg_temp.give('z', 'two')));
select is(pg_temp.held('two'), '{e src/lib/**,c src/*.c,b src/a.c}', 'all who meet nobody earlier are let in at once, in order');
select is(pg_temp.line('two'), '{d src/a.c,a src/**}', 'the others wait on');
select act(jsonb_build_array(pg_temp.give('b', 'two'), pg_temp.give('e', 'two'), pg_temp.give('c', 'two')));
select is(pg_temp.held('two'), '{d src/a.c}', 'the last shared one lets the exclusive one in, and not who comes after it');
update fleet_state.reservation_requests set started_at = started_at - interval '70 seconds' where holder = 'a';
select act(jsonb_build_array(pg_temp.wait('f', '{src/x}', '{"priority": "medium"}', 'two'), pg_temp.wait('g', '{src/y}', '{"priority": "high"}', 'two')));
select is(pg_temp.codes(), '{waiting,granted}', 'a minute in line counts as one step of priority: equals go by arrival, higher ones still go first');

-- Circles.
select act((select jsonb_agg(r || '{"project": "three"}') from unnest(array[want('a', '{1}'), want('b', '{2}'), want('c', '{3}'),
    pg_temp.wait('a', '{2}'), pg_temp.wait('b', '{3}'), pg_temp.wait('c', '{1}'), pg_temp.wait('d', '{1}')]) r));
select is(pg_temp.codes(), '{granted,granted,granted,waiting,waiting,deadlock,waiting}', 'a wait that closes a circle is refused');
select is((answer(6)).detail -> 'cycle', '["c", "a", "b", "c"]', 'with the circle');
select is((answer(6)).message, 'waiting would close a circle: c waits for a, who waits for b, who waits for c', 'in words');
select is((select array_agg(type || coalesce(' ' || (data ->> 'outcome'), '') order by seq) from fleet.events where seq between (answer(6)).seq - 2 and (answer(6)).seq),
          array['file_conflict', 'file_wait_started', 'file_wait_ended deadlock'], 'its wait ends with an event');
select act(jsonb_build_array(pg_temp.give('b', 'three')));
select is(pg_temp.held('three'), '{a 1,c 3,a 2}', 'the rest goes on');
-- Two waits that block each other by order alone: p holds x; q waits for x and is ahead of p for y.
select act((select jsonb_agg(r || '{"project": "four"}') from unnest(array[want('p', '{x}'), pg_temp.wait('q', '{x, y}'), pg_temp.wait('p', '{y}')]) r));
select is(pg_temp.codes(), '{granted,waiting,deadlock}', 'a waiter ahead of one counts like a holder');

-- Leaving the line.
select act(jsonb_build_array(want('viper-1', '{src/**}') || '{"project": "five"}', pg_temp.wait('raven-1', '{src/**}', '{}', 'five'),
                             pg_temp.wait('falcon-7', '{src/a.c}', '{"mode": "shared"}', 'five')));
select act((select jsonb_agg(r || '{"project": "five"}') from unnest(array[
    ask('end_wait', jsonb_build_object('reservation_id', pg_temp.request('raven-1')), '{"actor": "falcon-7"}'),
    ask('end_wait', jsonb_build_object('reservation_id', pg_temp.request('raven-1'), 'outcome', 'timeout'), '{"actor": "raven-1"}'),
    ask('end_wait', '{"reservation_id": "rsv_none"}')]) r));
select is((answer(1)).code, 'forbidden', 'only the waiter may leave its place');
select is((answer(2)).result ->> 'ended', 'true', 'it gives up');
select is((select data ->> 'outcome' from fleet.events where seq = (answer(2)).seq), 'timeout', 'and the log says why');
select is((answer(3)).code, 'not_found', 'an unknown wait is said to be unknown');
select act(jsonb_build_array(pg_temp.give('viper-1', 'five')));
select is(pg_temp.held('five'), '{"falcon-7 src/a.c"}', 'who waited behind it has its turn');
select act(jsonb_build_array(ask('end_wait', jsonb_build_object('reservation_id', (select reservation_id from fleet_state.reservations
    where project = 'five' and state = 'active')), '{"actor": "falcon-7", "project": "five"}')));
select is((answer(1)).result ->> 'ended', 'false', 'giving up too late');
select is(((answer(1)).result #>> '{granted,token}')::bigint, (select token from fleet.reservations where project = 'five' and status = 'active'),
          'one learns that one has the files, with the token');

-- Who cannot take it is not waited for.
select act(jsonb_build_array(want('viper-1', '{src/**}', '{"ttl_seconds": 60}') || '{"project": "six"}', pg_temp.wait('late', '{src/**}', '{}', 'six'),
                             pg_temp.wait('gone', '{src/**}', '{}', 'six'), pg_temp.wait('here', '{src/**}', '{}', 'six')));
update fleet_state.reservation_requests set deadline = clock_timestamp() - interval '1 s' where holder = 'late';
insert into fleet_live.hosts (host_id, epoch, lease_seconds, seen_at) values ('host_1', 8, 30, now());
update fleet_live.waiters set host = 'host_1', epoch = 7 where reservation_id = pg_temp.request('gone');
select lapse(reservation_id) from fleet_state.reservations where project = 'six';
select act('[{"op": "grant_waiters", "project": "six", "actor": "system"}]');
select is((answer(1)).result #>> '{granted,0,holder}', 'here', 'when its holder lapses, the first who is there has it');
select is(pg_temp.held('six'), '{"here src/**"}', 'and the lapsed one is displaced');
create temp table swept as select fleet_log.sweep_reservations((null, 'sweep', '', 'system', 'x', null, null, null, null, '{}', '{}', null, '{}',
    clock_timestamp(), (select max(seq) from fleet_log.events), null, null, null, null, null, null, null, null, null, null, null)::fleet_log.work) as w;
select is((select (w).result - 'granted' from swept), '{"timeouts": 1, "cancelled": 1, "expired": 0}', 'a sweep ends the waits that nobody ended');

-- A lapsed holder who comes back meets who waited.
select act((select jsonb_agg(r || '{"project": "seven"}') from unnest(array[want('viper-1', '{a/**}', '{"ttl_seconds": 60}'),
    want('viper-1', '{b/**}', '{"ttl_seconds": 60}'), pg_temp.wait('raven-1', '{a/x}'), pg_temp.wait('raven-1', '{b/x}')]) r));
select lapse(reservation_id) from fleet_state.reservations where project = 'seven' order by token;
create temp table first as select * from fleet_state.reservations where project = 'seven' order by token limit 1;
select act((select jsonb_agg(r || '{"project": "seven"}') from unnest(array[
    ask('extend', jsonb_build_object('reservation_id', f.reservation_id, 'ttl_seconds', 60),
        jsonb_build_object('fence', jsonb_build_object('kind', 'reservation', 'id', f.reservation_id, 'token', f.token))),
    want('viper-1', '{b/**}')]) r)) from first f;
select is(pg_temp.codes(), '{stale_token,reservation_held}', 'extending or reserving again comes too late for it');
select is(pg_temp.held('seven'), '{"raven-1 a/x","raven-1 b/x"}', 'they have their turn before that');

-- Leaving everything.
select act(jsonb_build_array(pg_temp.wait('viper-1', '{a/**}', '{}', 'seven'), pg_temp.wait('falcon-7', '{a/y, b/y}', '{}', 'seven')));
select act('[{"op": "release_all", "project": "seven", "actor": "viper-1"}]');
select is((answer(1)).result, jsonb_build_object('released', '[]'::jsonb, 'cancelled', jsonb_build_array((select reservation_id
    from fleet_state.reservation_requests where project = 'seven' and holder = 'viper-1')), 'granted', (answer(1)).result -> 'granted'),
    'release_all leaves the line too');
select is((answer(1)).result #>> '{granted,0,holder}', 'falcon-7', 'and lets in who waited behind');
select act(jsonb_build_array(pg_temp.wait('viper-1', '{a/x}', '{}', 'seven'), ask('release_all', '{}', '{"project": "seven", "actor": "raven-1"}'),
                             ask('release_all', '{}', '{"project": "seven", "actor": "raven-1"}')));
select is(pg_temp.held('seven'), '{"falcon-7 a/y b/y","viper-1 a/x"}', 'all that one holds is free in one call');
select is(jsonb_array_length((answer(2)).result -> 'released') || ' ' || jsonb_array_length((answer(3)).result -> 'released'), '2 0', 'twice is harmless');
select act('[{"op": "deregister_pilot", "project": "demo", "args": {"callsign": "raven-1"}, "actor": "raven-1"}]');
select is((select data ->> 'cause' from fleet.events where type = 'file_released' order by seq desc limit 1), 'deregistered', 'who leaves the fleet frees its files');
select is((select count(*) from fleet_state.reservation_patterns p where p.waiting and not exists (
    select from fleet_state.reservation_requests q where q.reservation_id = p.reservation_id and q.state = 'waiting')), 0::bigint, 'no pattern of a wait outlives it');
select * from finish();
rollback;
