-- Halts: every scope against every command that begins something; the state machine; what goes on all the same.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(
    '{"op": "register_project", "args": {"key": "two"}}'::jsonb,
    ask('register_pilot', '{"callsign": "lynx-1", "program": "p", "model": "m"}', '{"project": "two"}')));
create temp table mission as select x.n, null::text as id from generate_series(1, 2) x(n);
select act(jsonb_build_array(ask('create_mission', '{"title": "one"}'), ask('create_mission', '{"title": "two"}')));
update mission m set id = (answer(m.n)).result ->> 'mission_id';
select act(jsonb_build_array(ask('start_mission', jsonb_build_object('mission_id', (select id from mission where n = 1))),
                             ask('start_mission', jsonb_build_object('mission_id', (select id from mission where n = 2)))));
create temp table sortie (n int, id text, token bigint);
insert into sortie (n) select generate_series(1, 4);
-- 1 and 2 of the first mission, 3 of the second, 4 of none.
select act(jsonb_build_array(
    ask('create_sortie', jsonb_build_object('title', 'a', 'mission_id', (select id from mission where n = 1))),
    ask('create_sortie', jsonb_build_object('title', 'b', 'mission_id', (select id from mission where n = 1))),
    ask('create_sortie', jsonb_build_object('title', 'c', 'mission_id', (select id from mission where n = 2))),
    ask('create_sortie', '{"title": "d"}')));
update sortie s set id = (answer(s.n)).result ->> 'sortie_id';
select act(jsonb_build_array(ask('claim_sortie', jsonb_build_object('sortie_id', (select id from sortie where n = 2))),
    ask('create_mission', '{"title": "three"}'), ask('enqueue', '{"kind": "k"}')));
update sortie set token = ((answer(1)).result ->> 'token')::bigint where n = 2;
create temp table waiting as select (answer(2)).result ->> 'mission_id' as id;
select is((select array_agg(code) filter (where code is not null) from answers), null, 'a scene with work of every kind');

create function pg_temp.op(op text, kind text, id text default null, reason text default null, more jsonb default '{}') returns jsonb language sql as $$
    select jsonb_build_object('op', op, 'project', 'demo', 'actor', 'ada', 'roles', '["operator"]'::jsonb,
               'args', jsonb_strip_nulls(jsonb_build_object('scope_kind', kind, 'scope_id', id, 'reason', reason))) || more
$$;
create function pg_temp.start_two() returns jsonb language sql as $$
    select ask('start_sortie', jsonb_build_object('sortie_id', s.id), jsonb_build_object('fence', jsonb_build_object(
        'kind', 'sortie', 'id', s.id, 'token', s.token))) from sortie s where n = 2
$$;
-- The five commands: a reservation, a claim by id, a start, a claim of an order, the start of a mission.
create function pg_temp.five() returns text[] language plpgsql as $$
declare codes text[];
begin
    begin
        perform act(jsonb_build_array(
            want('viper-1', '{x.c}'), ask('claim_sortie', jsonb_build_object('sortie_id', (select id from sortie where n = 4))),
            pg_temp.start_two(), ask('claim_work'), ask('start_mission', jsonb_build_object('mission_id', (select id from waiting)))));
        codes := (select array_agg(coalesce(code, 'ok') order by ord) from answers);
        raise exception 'back' using errcode = 'ZZ001';
    exception when sqlstate 'ZZ001' then
        return codes;
    end;
end $$;
select is(pg_temp.five(), '{ok,ok,ok,ok,ok}', 'before: all go');

select act(jsonb_build_array(pg_temp.op('halt', 'fleet', null, 'fire drill'), want('viper-1', '{y.c}')));
select is((answer(1)).result - '{since,halt_id,last_seq}'::text[], '{"by": "ada", "scope_kind": "fleet", "status": "halted", "reason": "fire drill", "stream_version": 1}', 'a halt is answered');
select is((answer(2)).code, 'halted', 'the next command of the same batch feels it');
select matches((answer(2)).message, '^the fleet is halted by ada since 20.*Z: fire drill$', 'who, since when, why');
select is((answer(2)).detail - 'since', '{"by": "ada", "reason": "fire drill", "halt_id": "halt:fleet", "scope_kind": "fleet", "scope_id": null, "project": null}', 'in fields, too');
select matches((answer(2)).hint, 'fleet halt --lift --fleet$', 'and what lifts it');
select is(pg_temp.five(), '{halted,halted,halted,halted,halted}', 'the fleet: none goes');
select act(jsonb_build_array(want('lynx-1', '{x.c}', '{"dry_run": true}') || '{"project": "two"}', ask('sweep', '{}', '{"roles": ["operator"]}'), note(1),
    ask('set_pilot_status', '{"to": "idle"}'), ask('set_pilot_status', '{"to": "active"}'), ask('release_all'), ask('send_message', '{"to": ["raven-1"], "subject": "s", "body": "b"}'),
    ask('register_pilot', '{"callsign": "new-1", "program": "p", "model": "m"}'), ask('create_sortie', '{"title": "later"}'), ask('enqueue', '{"kind": "k"}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{halted,ok,ok,ok,ok,ok,ok,ok,ok,ok}', 'in every project; reads, release, mail and plans go on');
select is((select project || type from fleet.events where type = 'fleet_halted'), 'fleet_halted', 'its event is of no project');
select act(jsonb_build_array(pg_temp.op('lift_halt', 'fleet', null, 'it was a drill')));
select is((answer(1)).result ->> 'status' || ((answer(1)).result ->> 'lift_reason'), 'liftedit was a drill', 'lifted');
select is(pg_temp.five(), '{ok,ok,ok,ok,ok}', 'all go again');

select act(jsonb_build_array(pg_temp.op('halt', 'project', null, 'frozen')));
select is((answer(1)).result ->> 'halt_id', 'halt:project:demo', 'a project: by default the one of the request');
select is((select project from fleet.events where type = 'fleet_halted' order by seq desc limit 1), 'demo', 'its event is seen in it');
select is(pg_temp.five(), '{halted,halted,halted,halted,halted}', 'none goes in it');
select act(jsonb_build_array(want('lynx-1', '{x.c}') || '{"project": "two"}'));
select is((answer(1)).code, null, 'all go in another one');
select act(jsonb_build_array(pg_temp.op('halt', 'project', 'demo', 'frozen'), pg_temp.op('halt', 'project', 'demo', 'still frozen'), pg_temp.op('lift_halt', 'project', 'demo')));
select is((answer(1)).seq, null, 'halting it again for the same reason writes nothing');
select is((answer(2)).result ->> 'reason', 'still frozen', 'another reason is said');
select is(pg_temp.five(), '{ok,ok,ok,ok,ok}', 'and one lift ends it');

select act(jsonb_build_array(pg_temp.op('halt', 'pilot', 'viper-1', 'it loops')));
select is(pg_temp.five(), '{halted,halted,halted,halted,halted}', 'a pilot: it begins nothing');
select matches((select ask.hint from act(jsonb_build_array(want('viper-1', '{x.c}'))) ask), 'fleet halt --lift --pilot viper-1$', 'the hint names the pilot');
select act(jsonb_build_array(want('raven-1', '{x.c}'), ask('claim_work', '{}', '{"actor": "raven-1"}'), ask('release_all', '{}', '{"actor": "raven-1"}'),
    ask('complete_sortie', jsonb_build_object('sortie_id', 'none'), '{"fence": {"kind": "sortie", "id": "none", "token": 1}}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{ok,ok,ok,stale_token}', 'others do, and what ends is judged by its own rules');
select act(jsonb_build_array(pg_temp.op('lift_halt', 'pilot', 'viper-1')));

select act(jsonb_build_array(pg_temp.op('halt', 'mission', right((select id from mission where n = 1), 8), 'wrong plan')));
select is((answer(1)).result ->> 'scope_id', (select id from mission where n = 1), 'a mission, by the end of its id');
select is(pg_temp.five(), '{halted,ok,halted,ok,ok}', 'its sorties do not start, and who works for it takes no files');
select act(jsonb_build_array(
    ask('claim_sortie', jsonb_build_object('sortie_id', (select id from sortie where n = 1)), '{"actor": "raven-1"}'),
    ask('claim_sortie', jsonb_build_object('sortie_id', right((select id from sortie where n = 1), 10)), '{"actor": "raven-1"}'),
    want('raven-1', '{z.c}', jsonb_build_object('sortie_id', (select id from sortie where n = 1))), want('raven-1', '{z.c}'),
    ask('claim_sortie', '{}', '{"actor": "raven-1"}'), ask('start_mission', jsonb_build_object('mission_id', (select id from mission where n = 1)))));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{halted,halted,halted,ok,ok,halted}', 'by whatever name');
select isnt((answer(5)).result ->> 'mission_id', (select id from mission where n = 1), 'a claim without an id passes over it');
select act(jsonb_build_array(ask('enqueue', jsonb_build_object('kind', 'of', 'priority', 'critical', 'sortie_id', (select id from sortie where n = 1))), ask('enqueue', '{"kind": "of", "priority": "low"}'),
    ask('claim_work', '{"kinds": ["of"], "limit": 5}', '{"actor": "raven-1"}'), ask('claim_work', '{"kinds": ["of"]}', '{"actor": "raven-1"}')));
select is((select jsonb_path_query_array((answer(3)).result, '$.orders[*].work_order_id')), jsonb_build_array((answer(2)).result ->> 'work_order_id'), 'nor are its orders given, but others are');
select is((answer(4)).result -> 'orders', '[]', 'however often one asks');
create temp table kept as select (answer(1)).result ->> 'work_order_id' as id;
select is(fleet_log.halted_missions('demo'), array[(select id from mission where n = 1)], 'claims know which');
select is(fleet_log.halted_missions('two'), '{}', 'in their project');
select act(jsonb_build_array(pg_temp.op('lift_halt', 'mission', (select id from mission where n = 1), null, '{"project": ""}')));
select is((answer(1)).code, null, 'a whole id needs no project');
select act(jsonb_build_array(ask('claim_work', '{"kinds": ["of"]}', '{"actor": "raven-1"}')));
select is((answer(1)).result #>> '{orders,0,work_order_id}', (select id from kept), 'and then its order is given');

-- In the line for files who is halted keeps the place and is passed over; the lift looks at the line again.
select act(jsonb_build_array(ask('release_all', '{}', '{"actor": "raven-1"}'), want('ann', '{line.c}'), want('raven-1', '{line.c}', '{"wait_seconds": 600}'), want('bob', '{line.c}', '{"wait_seconds": 600}'),
    pg_temp.op('halt', 'pilot', 'raven-1', 'it loops'), ask('release_all', '{}', '{"actor": "ann"}')));
select is((select array_agg(coalesce(code, 'ok') order by ord) from answers), '{ok,ok,ok,ok,ok,ok}', 'two wait, the first of them is halted');
select is((select r.holder from fleet_state.reservations r where r.patterns = '{line.c}' and r.state = 'active'), 'bob', 'it is passed over');
select act(jsonb_build_array(ask('release_all', '{}', '{"actor": "bob"}')));
select is((select q.state from fleet_state.reservation_requests q where q.patterns = '{line.c}' and q.holder = 'raven-1'), 'waiting', 'and keeps its place, though the files are free');
select act(jsonb_build_array(pg_temp.op('lift_halt', 'pilot', 'raven-1')));
select is((answer(1)).result ->> 'status', 'lifted', 'the lift');
select is((select r.holder from fleet_state.reservations r where r.patterns = '{line.c}' and r.state = 'active'), 'raven-1', 'gives it the files');
select act(jsonb_build_array(want('ann', '{line.c}', '{"wait_seconds": 600}'), pg_temp.op('halt', 'fleet', null, 'all'), ask('release_all', '{}', '{"actor": "raven-1"}')));
select is((select count(*) from fleet_state.reservations r where r.patterns = '{line.c}' and r.state = 'active'), 0::bigint, 'nobody while all are halted');
select act(jsonb_build_array(pg_temp.op('lift_halt', 'fleet')));
select is((select r.holder from fleet_state.reservations r where r.patterns = '{line.c}' and r.state = 'active'), 'ann', 'and in every project when all may go on');

-- What is not halted cannot be lifted, and the refusal says so in words.
select act(jsonb_build_array(pg_temp.op('lift_halt', 'project', 'demo'), pg_temp.op('lift_halt', 'pilot', 'viper-1'), pg_temp.op('lift_halt', 'project', 'two')));
select is((select array_agg((answer(i)).code || ': ' || (answer(i)).message || ' (' || ((answer(i)).detail ->> 'found') || ')' order by i) from generate_series(1, 3) i),
    '{"transition_refused: the project demo is not halted (lifted)","transition_refused: the pilot viper-1 is not halted (lifted)","transition_refused: the project two is not halted (none)"}',
    'what is not halted cannot be lifted');

-- Two at once: the wider one is told, and each is lifted by itself.
select act(jsonb_build_array(pg_temp.op('halt', 'pilot', 'viper-1', 'p'), pg_temp.op('halt', 'project', 'demo', 'q'), want('viper-1', '{x.c}'), pg_temp.op('lift_halt', 'project', 'demo'), want('viper-1', '{x.c}')));
select is(array[(answer(3)).detail ->> 'scope_kind', (answer(5)).detail ->> 'scope_kind'], '{project,pilot}', 'two halts are two');
select act(jsonb_build_array(pg_temp.op('lift_halt', 'pilot', 'viper-1')));

-- Refusals.
select act(jsonb_build_array(
    pg_temp.op('halt', 'fleet', null, 'r') || '{"roles": []}', pg_temp.op('lift_halt', 'fleet') || '{"roles": []}', pg_temp.op('halt', 'fleet', 'x', 'r'), pg_temp.op('halt', 'fleet'),
    pg_temp.op('halt', 'planet', null, 'r'), pg_temp.op('halt', 'project', 'nope', 'r'), pg_temp.op('halt', 'pilot', null, 'r'), pg_temp.op('halt', 'pilot', 'nobody', 'r'),
    pg_temp.op('halt', 'mission', null, 'r'), pg_temp.op('halt', 'mission', 'msn_nope', 'r'), pg_temp.op('halt', 'mission', 'msn_', 'r'), pg_temp.op('halt', 'project', null, 'r', '{"project": ""}')));
select is((select array_agg(code || field order by ord) from answers), '{forbidden,forbidden,invalid_field/args/scope_id,invalid_field/args/reason,invalid_field/args/scope_kind,not_found/args/scope_id,invalid_field/args/scope_id,not_found/args/scope_id,invalid_field/args/scope_id,not_found/args/scope_id,not_found/args/scope_id,not_found/args/scope_id}',
          'what cannot be halted is refused with the reason');
-- Every pair of state and event, by the table.
create function pg_temp.reach(state text) returns void language sql as $$
    select act(case state when 'none' then '[]'::jsonb when 'halted' then jsonb_build_array(pg_temp.op('halt', 'pilot', 'raven-1', 'x'))
                          else jsonb_build_array(pg_temp.op('halt', 'pilot', 'raven-1', 'x'), pg_temp.op('lift_halt', 'pilot', 'raven-1')) end)
$$;
create function pg_temp.moved(state text, event text) returns text language plpgsql as $$
declare found text;
begin
    perform pg_temp.reach(state);
    perform act(jsonb_build_array(pg_temp.op(case event when 'fleet_halted' then 'halt' else 'lift_halt' end, 'pilot', 'raven-1', 'y')));
    found := (select coalesce(a.code, a.result ->> 'status') from answers a);
    raise exception 'back' using errcode = 'ZZ001';
exception when sqlstate 'ZZ001' then
    return found;
end $$;
select is(pg_temp.moved(s, e), coalesce((select t.to_state from fleet_log.transitions t where t.entity = 'halt' and t.from_state = s and t.event = e), 'transition_refused'),
          s || ' and ' || e) from unnest('{none,halted,lifted}'::text[]) s, unnest('{fleet_halted,fleet_resumed}'::text[]) e;

-- What is seen.
select act(jsonb_build_array(pg_temp.op('halt', 'fleet', null, 'f'), pg_temp.op('halt', 'pilot', 'raven-1', 'g')));
select is((select array_agg(item::jsonb ->> 'halt_id' order by cursor_key) from fleet.list_halts('{"project": "demo"}')), '{halt:fleet,halt:pilot:demo:raven-1}', 'the halts of a project and of the fleet');
select is((select count(*) from fleet.list_halts('{"project": "two"}')), 1::bigint, 'another has those of the fleet only');
select is((select count(*) from fleet.list_halts('{"status": "halted,lifted"}')), (select count(*) from fleet.halts), 'with those that were lifted: all');
select is((select count(*) from fleet.list_halts('{"scope_kind": "pilot,mission", "status": "lifted"}')), 2::bigint, 'by kind');
select is((select item::jsonb ->> 'halt_id' from fleet.list_halts('{"after": "halt:fleet", "limit": 1}')), 'halt:pilot:demo:raven-1', 'page by page');
select is((select array_agg(scope || ' ' || id || ' ' || reason order by scope) from fleet.halts where halted), '{"fleet all f","pilot raven-1 g"}', 'the view says the same');
select is((select h.ok::text || h.status from fleet.lift_halt('fleet') h), 'truelifted', 'at psql');
select is((select h.ok::text || h.status from fleet.halt('pilot', 'raven-1', 'w', 'demo') h), 'truehalted', 'both ways');
select is((select h.code from fleet.halt('pilot', 'nobody', 'w', 'demo') h), 'not_found', 'refusals, too');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'the projections are the fold of the log');
select * from finish();
rollback;
