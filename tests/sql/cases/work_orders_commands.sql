-- Every command of the queue: the good way and every refusal.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(ask('register_pilot', '{"callsign": "lynx-1", "program": "codex", "model": "m", "role": "reviewer"}')));
create function pg_temp.one(op text, args jsonb, more jsonb default '{}') returns answers language sql as $$
    select act(jsonb_build_array(ask(op, args, more))); select answer(1);
$$;
create function pg_temp.fence(id text, token bigint) returns jsonb language sql as $$
    select jsonb_build_object('fence', jsonb_build_object('kind', 'work_order', 'id', id, 'token', token))
$$;
create temp table o (name text primary key, id text, token bigint);

-- enqueue
insert into o select 'plain', r.result ->> 'work_order_id' from pg_temp.one('enqueue', '{"kind": "lint", "payload": {"a": null, "b": [1]}}') r;
select matches((select id from o where name = 'plain'), '^wo_[0-7][0-9a-hjkmnp-tv-z]{25}$', 'an id is drawn');
select is((answer(1)).result - '{work_order_id,created_at,last_seq}'::text[],
    '{"kind": "lint", "project": "demo", "priority": "medium", "status": "pending", "ready": true, "depends_on": [], "blocked_by": 0,
      "attempts": 0, "max_attempts": 3, "lost": 0, "backoff_seconds": 10, "created_by": "viper-1", "stream_version": 1}', 'it answers with the order');
select is((select e.data from fleet_log.events e where e.seq = (answer(1)).seq),
    '{"kind": "lint", "payload": {"a": null, "b": [1]}, "priority": "medium", "depends_on": [], "max_attempts": 3}',
    'the event holds the payload as it came, nulls included');
select is((pg_temp.one('enqueue', '{"kind": "lint", "role": "reviewer", "priority": "critical", "max_attempts": 5, "timeout_seconds": 60,
    "backoff_seconds": 2, "run_after": "2035-01-01T00:00:00Z", "work_order_id": "wo_01m7yhgt4ne97a7c942db3d772"}')).result - '{created_at,last_seq}'::text[],
    '{"kind": "lint", "role": "reviewer", "project": "demo", "priority": "critical", "status": "pending", "ready": false, "depends_on": [],
      "blocked_by": 0, "attempts": 0, "max_attempts": 5, "lost": 0, "backoff_seconds": 2, "timeout_seconds": 60, "created_by": "viper-1",
      "run_after": "2035-01-01T00:00:00.000Z", "work_order_id": "wo_01m7yhgt4ne97a7c942db3d772", "stream_version": 1}', 'with everything said');
select is((pg_temp.one('enqueue', '{"kind": "late", "delay_seconds": 3600}')).result ->> 'ready', 'false', 'delayed');
select ok(((answer(1)).result ->> 'run_after')::timestamptz - ((answer(1)).result ->> 'created_at')::timestamptz = interval '1 hour', 'by an hour');
select is((select array_agg((r).code || ' ' || (r).field order by n) from (values
    (1, pg_temp.one('enqueue', '{}')), (2, pg_temp.one('enqueue', '{"kind": ""}')), (3, pg_temp.one('enqueue', '{"kind": "k", "priority": "urgent"}')),
    (4, pg_temp.one('enqueue', '{"kind": "k", "payload": []}')), (5, pg_temp.one('enqueue', '{"kind": "k", "run_after": "tomorrow"}')),
    (6, pg_temp.one('enqueue', '{"kind": "k", "run_after": "2035-01-01T00:00:00Z", "delay_seconds": 1}')),
    (7, pg_temp.one('enqueue', '{"kind": "k", "work_order_id": "wo_01m7yhgt4ne97a7c942db3d772"}')),
    (8, pg_temp.one('enqueue', '{"kind": "k", "depends_on": ["wo_01m7yhgt4ne97a7c942db3d773"]}')),
    (9, pg_temp.one('enqueue', '{"kind": "k", "depends_on": ["#0"]}')), (10, pg_temp.one('enqueue', '{"kind": "k", "wish": 1}')),
    (11, pg_temp.one('enqueue', '{"kind": "k", "max_attempts": 0}')),
    (12, pg_temp.one('enqueue', jsonb_build_object('kind', 'k', 'payload', jsonb_build_object('x', (select string_agg(md5(i::text), '') from generate_series(1, 2100) i)))))
    ) x (n, r)), '{invalid_field /args/kind,invalid_field /args/kind,invalid_field /args/priority,invalid_field /args/payload,invalid_field /args/run_after,invalid_field /args/delay_seconds,version_conflict /args/work_order_id,not_found /args/depends_on/0,not_found /args/depends_on/0,unknown_field /args/wish,invalid_field /args/max_attempts,too_large /args/payload}', 'what enqueue refuses, and where');
select is((pg_temp.one('enqueue', '{"kind": "k"}', '{"project": "nowhere"}')).code, 'not_found', 'in a project that is not there');

-- a list
select is((pg_temp.one('enqueue', '{"orders": [{"kind": "a"}, {"kind": "b", "depends_on": ["#0"]}, {"kind": "c", "depends_on": ["#1", "#0", "#1"], "role": "nobody"}]}')).code, null, 'orders that depend on each other');
insert into o select chr(96 + n::int), r.id from jsonb_path_query((answer(1)).result, '$.orders[*].work_order_id') with ordinality x (v, n), lateral (select v #>> '{}' as id) r;
select is((answer(1)).result -> 'orders' -> 2, jsonb_build_object('work_order_id', (select id from o where name = 'c'), 'status', 'pending'), 'answers id and status of each');
select is((select array_agg(w.blocked_by order by w.created_seq) from fleet_state.work_orders w join o on o.id = w.work_order_id and o.name in ('a', 'b', 'c')), '{0,1,2}', 'a dependency named twice counts once');
select is((select array_agg(distinct e.recorded_at) is not null and count(distinct e.recorded_at) = 1 from fleet_log.events e join o on o.id = e.stream_id and o.name in ('a', 'b', 'c')), true, 'one insert');
select is((select array_agg((r).code || ' ' || (r).field order by n) from (values
    (1, pg_temp.one('enqueue', '{"orders": []}')), (2, pg_temp.one('enqueue', '{"orders": [{"kind": "k"}], "kind": "k"}')),
    (3, pg_temp.one('enqueue', '{"orders": [{"kind": "k"}, {}]}')), (4, pg_temp.one('enqueue', '{"orders": [{"kind": "k"}, {"kind": 7}]}')),
    (5, pg_temp.one('enqueue', '{"orders": [{"kind": "k", "wish": 1}]}')), (6, pg_temp.one('enqueue', '{"orders": [{"kind": "k", "depends_on": ["#0"]}]}')),
    (7, pg_temp.one('enqueue', '{"orders": [{"kind": "k", "depends_on": ["#1"]}, {"kind": "k"}]}')), (8, pg_temp.one('enqueue', '{"orders": [{"kind": "k", "orders": [{"kind": "k"}]}]}')),
    (9, pg_temp.one('enqueue', '{"orders": [{"kind": "k", "work_order_id": "wo_01m7yhgt4ne97a7c942db3d774"}, {"kind": "k", "work_order_id": "wo_01m7yhgt4ne97a7c942db3d774"}]}')),
    (10, pg_temp.one('enqueue', '{"orders": [{"kind": "k"}, {"kind": "k", "run_after": "2026-02-31T00:00:00Z"}]}'))
    ) x (n, r)), '{invalid_field /args/orders,invalid_field /args/orders,invalid_field /args/orders/1/kind,invalid_field /args/orders/1/kind,unknown_field /args/orders/0/wish,not_found /args/orders/0/depends_on/0,not_found /args/orders/0/depends_on/0,invalid_field /args/orders/0/orders,version_conflict /args/orders,invalid_field /args/orders/1/run_after}', 'what a list is refused for, and where');
select is((select count(*) from fleet_state.work_orders w where w.kind = 'k'), 0::bigint, 'all or none: none');
select is((pg_temp.one('enqueue', jsonb_build_object('orders', (select jsonb_agg(jsonb_build_object('kind', 'many', 'role', 'nobody')) from generate_series(1, 1000))))).code, null, 'a thousand in one request');
select is((select count(*) from fleet_state.work_orders w where w.kind = 'many'), 1000::bigint, 'all there');
select is((pg_temp.one('enqueue', jsonb_build_object('orders', (select jsonb_agg(jsonb_build_object('kind', 'many')) from generate_series(1, 1001))))).code, 'invalid_field', 'one more is too many');

-- claim: priority, then age; what is delayed or waits for others is not given
select act(jsonb_build_array(ask('enqueue', '{"kind": "high", "priority": "high"}'), ask('enqueue', '{"kind": "low", "priority": "low"}'), ask('enqueue', '{"kind": "critical", "priority": "critical"}'),
    ask('enqueue', '{"kind": "late", "priority": "critical", "delay_seconds": 60}'), ask('enqueue', '{"kind": "review", "role": "reviewer", "priority": "low"}')));
select is((pg_temp.one('claim_work', '{"kinds": ["nothing"]}')).result, '{"orders": []}', 'nothing to do is an empty list');
select is(((pg_temp.one('claim_work', '{"limit": 4, "lease_seconds": 60}')).result #> '{orders,0}') - '{work_order_id,token,lease_until}'::text[],
    '{"kind": "critical", "attempt": 1, "max_attempts": 3, "priority": "critical", "payload": {}, "lease_seconds": 60}', 'a claim answers what is needed to work');
select is((select array_agg(x ->> 'kind' order by n) from jsonb_array_elements((answer(1)).result -> 'orders') with ordinality y (x, n)), '{critical,high,lint,a}', 'by priority, then age');
select is((select bool_and(w.token = (x ->> 'token')::bigint and w.state = 'claimed' and w.claimed_by = 'viper-1' and e.type = 'work_order_claimed' and e.data = '{"by": "viper-1", "attempt": 1, "lease_seconds": 60}')
             from jsonb_array_elements((answer(1)).result -> 'orders') x join fleet_state.work_orders w on w.work_order_id = x ->> 'work_order_id' join fleet_log.events e on e.seq = w.token), true, 'each token is the seq of its event');
update o set token = w.token from fleet_state.work_orders w where w.work_order_id = o.id;
select is((pg_temp.one('claim_work', '{"limit": 100, "role": "reviewer", "kinds": ["low", "review", "many"]}', '{"actor": "ann"}')).result #>> '{orders,0,kind}', 'low', 'a role means that role and anybody''s');
select is(jsonb_array_length((answer(1)).result -> 'orders'), 2, 'not those of other roles');
select act(jsonb_build_array(ask('enqueue', '{"kind": "review", "role": "reviewer"}'), ask('enqueue', '{"kind": "fly", "role": "pilot"}'), ask('enqueue', '{"kind": "any"}')));
select is((select array_agg(x ->> 'kind' order by n) from jsonb_array_elements((pg_temp.one('claim_work', '{"limit": 9}', '{"actor": "lynx-1"}')).result -> 'orders') with ordinality y (x, n)), '{review,any}', 'a pilot with a role gets that of its role and of none');
select is((pg_temp.one('claim_work', '{"role": "pilot"}', '{"actor": "lynx-1"}')).field, '/args/role', 'and may not ask for another');
select is((pg_temp.one('claim_work', '{"role": "pilot"}')).field, '/args/role', 'nor may one that is registered without a role');
select is((pg_temp.one('claim_work', '{"kinds": ["fly"]}')).result, '{"orders": []}', 'and it gets none that wants one');
select is((pg_temp.one('claim_work', '{"kinds": ["fly"], "role": "pilot"}', '{"actor": "ann"}')).result #>> '{orders,0,role}', 'pilot', 'a person who is no pilot may ask for any');
create temp table hers as select (answer(1)).result #> '{orders,0}' as o;
select is((select array_agg((r).code || ' ' || (r).field order by n) from (
    select 1 as n, pg_temp.one('complete_work', jsonb_build_object('work_order_id', o -> 'work_order_id'), pg_temp.fence(o ->> 'work_order_id', (o ->> 'token')::bigint)) as r from hers
    union all select 2, pg_temp.one('fail_work', jsonb_build_object('work_order_id', o -> 'work_order_id', 'error', '{"kind": "k", "message": "m"}'::jsonb), pg_temp.fence(o ->> 'work_order_id', (o ->> 'token')::bigint)) from hers
    union all select 3, pg_temp.one('complete_orders', jsonb_build_object('orders', jsonb_build_array(jsonb_build_object('work_order_id', o -> 'work_order_id', 'token', o -> 'token')))) from hers) x),
    '{forbidden /args/work_order_id,forbidden /args/work_order_id,forbidden /args/orders/0/work_order_id}', 'a token is good for who claimed the order');
select is((select array_agg((r).code || ' ' || (r).field order by n) from (values (1, pg_temp.one('claim_work', '{"limit": 0}')), (2, pg_temp.one('claim_work', '{"limit": 101}')),
    (3, pg_temp.one('claim_work', '{"kinds": []}')), (4, pg_temp.one('claim_work', '{"lease_seconds": 0}'))) x (n, r)),
    '{invalid_field /args/limit,invalid_field /args/limit,invalid_field /args/kinds,invalid_field /args/lease_seconds}', 'what claim refuses');

-- complete
select is((select array_agg((r).code || ' ' || (r).field order by n) from (values
    (1, pg_temp.one('complete_work', jsonb_build_object('work_order_id', (select id from o where name = 'a')))),
    (2, pg_temp.one('complete_work', jsonb_build_object('work_order_id', (select id from o where name = 'a')), pg_temp.fence((select id from o where name = 'a'), 1))),
    (3, pg_temp.one('complete_work', jsonb_build_object('work_order_id', (select id from o where name = 'a')), pg_temp.fence((select id from o where name = 'plain'), (select token from o where name = 'plain')))),
    (4, pg_temp.one('complete_work', jsonb_build_object('work_order_id', 'wo_01m7yhgt4ne97a7c942db3d773'), pg_temp.fence((select id from o where name = 'plain'), (select token from o where name = 'plain')))),
    (5, pg_temp.one('complete_work', jsonb_build_object('work_order_id', (select id from o where name = 'a'), 'result', jsonb_build_object('x', (select string_agg(md5(i::text), '') from generate_series(1, 2100) i))), pg_temp.fence((select id from o where name = 'a'), (select token from o where name = 'a'))))
    ) x (n, r)), '{invalid_field /fence,stale_token /fence,stale_token /fence,not_found /args/work_order_id,too_large /args/result}', 'what complete refuses');
select is((pg_temp.one('complete_work', jsonb_build_object('work_order_id', right((select id from o where name = 'a'), 6), 'result', '{"ok": null}'::jsonb), pg_temp.fence((select id from o where name = 'a'), (select token from o where name = 'a')))).result ->> 'status', 'completed', 'done, by the end of its id');
select is((answer(1)).result -> 'ready', jsonb_build_array((select id from o where name = 'b')), 'what waited for nothing else may go on');
select is((select e.data - 'duration_ms' from fleet_log.events e where e.seq = (answer(1)).seq), jsonb_build_object('by', 'viper-1', 'attempt', 1, 'result_digest', encode(sha256('{"ok": null}'), 'hex'), 'result_bytes', 12), 'the event holds the digest of the result as it came');
select is((pg_temp.one('complete_work', jsonb_build_object('work_order_id', (select id from o where name = 'a')), pg_temp.fence((select id from o where name = 'a'), (select token from o where name = 'a')))).code, 'stale_token', 'once only');
select is((select array_agg(w.blocked_by order by w.created_seq) from fleet_state.work_orders w join o on o.id = w.work_order_id and o.name in ('b', 'c')), '{0,1}', 'the dependents know');

-- complete several
select pg_temp.one('enqueue', '{"orders": [{"kind": "x"}, {"kind": "x"}, {"kind": "x"}]}');
select pg_temp.one('claim_work', '{"limit": 3, "kinds": ["x"]}');
create temp table x as select v ->> 'work_order_id' as id, (v ->> 'token')::bigint as token, n from jsonb_array_elements((answer(1)).result -> 'orders') with ordinality y (v, n);
select is((select array_agg((r).code || ' ' || (r).field order by n) from (values
    (1, pg_temp.one('complete_orders', (select jsonb_build_object('orders', jsonb_agg(jsonb_build_object('work_order_id', id, 'token', token + n / 3) order by n)) from x))),
    (2, pg_temp.one('complete_orders', (select jsonb_build_object('orders', jsonb_agg(jsonb_build_object('work_order_id', (select id from x where n = 1), 'token', (select token from x where n = 1)))) from x))),
    (3, pg_temp.one('complete_orders', '{"orders": [{"work_order_id": "wo_01m7yhgt4ne97a7c942db3d773", "token": 1}]}')),
    (4, pg_temp.one('complete_orders', '{"orders": [{"work_order_id": "wo_01m7yhgt4ne97a7c942db3d773"}]}')),
    (5, pg_temp.one('complete_orders', (select jsonb_build_object('orders', jsonb_agg(jsonb_build_object('work_order_id', id, 'token', token, 'result', 1))) from x)))
    ) y (n, r)), '{stale_token /args/orders/2/token,stale_token /args/orders/1/token,not_found /args/orders/0/work_order_id,invalid_field /args/orders/0,invalid_field /args/orders/0}', 'what complete_orders refuses, and where');
select is((select count(*) from fleet_state.work_orders w where w.kind = 'x' and w.state = 'claimed'), 3::bigint, 'all or none: none');
select is((pg_temp.one('complete_orders', (select jsonb_build_object('orders', jsonb_agg(jsonb_build_object('work_order_id', id, 'token', token, 'result', jsonb_build_object('n', n)) order by n)) from x))).result,
    (select jsonb_build_object('ready', '[]'::jsonb, 'orders', jsonb_agg(jsonb_build_object('work_order_id', id, 'status', 'completed') order by n)) from x), 'all at once');

-- fail: back-off with jitter, dead letters, what depends on them
select is((select array_agg((r).code || ' ' || (r).field order by n) from (values
    (1, pg_temp.one('fail_work', jsonb_build_object('work_order_id', (select id from o where name = 'plain')), pg_temp.fence((select id from o where name = 'plain'), (select token from o where name = 'plain')))),
    (2, pg_temp.one('fail_work', jsonb_build_object('work_order_id', (select id from o where name = 'plain'), 'error', '{"kind": "k"}'::jsonb), pg_temp.fence((select id from o where name = 'plain'), (select token from o where name = 'plain')))),
    (3, pg_temp.one('fail_work', jsonb_build_object('work_order_id', (select id from o where name = 'plain'), 'error', '{"kind": "k", "message": "m", "more": 1}'::jsonb), pg_temp.fence((select id from o where name = 'plain'), (select token from o where name = 'plain')))),
    (4, pg_temp.one('fail_work', jsonb_build_object('work_order_id', (select id from o where name = 'plain'), 'error', '{"kind": "k", "message": 5}'::jsonb), pg_temp.fence((select id from o where name = 'plain'), (select token from o where name = 'plain')))),
    (5, pg_temp.one('fail_work', jsonb_build_object('work_order_id', (select id from o where name = 'plain'), 'error', '{"kind": "k", "message": "m"}'::jsonb), pg_temp.fence((select id from o where name = 'plain'), 3)))
    ) y (n, r)), '{invalid_field /args/error,invalid_field /args/error,invalid_field /args/error,invalid_field /args/error,stale_token /fence}', 'what fail refuses');
select is((pg_temp.one('fail_work', jsonb_build_object('work_order_id', (select id from o where name = 'plain'), 'error', '{"kind": "k", "message": "m", "detail": "d"}'::jsonb), pg_temp.fence((select id from o where name = 'plain'), (select token from o where name = 'plain')))).result
    - '{created_at,last_seq,run_after,work_order_id}'::text[],
    '{"kind": "lint", "project": "demo", "priority": "medium", "status": "pending", "ready": false, "depends_on": [], "blocked_by": 0, "attempts": 1, "max_attempts": 3, "lost": 0,
      "backoff_seconds": 10, "created_by": "viper-1", "stream_version": 4, "error": {"kind": "k", "message": "m", "detail": "d"}, "cancelled": []}', 'back in the line, later');
select is((select array_agg(e.type || ' ' || (e.data ->> 'attempt') order by e.seq) from fleet_log.events e join o on o.id = e.stream_id and o.name = 'plain' and e.stream_version > 2), '{"work_order_failed 1","work_order_requeued 1"}', 'two events, one transaction');
select ok((select ((answer(1)).result ->> 'run_after')::timestamptz - e.recorded_at between interval '5 s' and interval '10 s' from fleet_log.events e where e.seq = (answer(1)).seq), 'the wait is between half and the whole of the back-off');
select ok((select min(fleet_log.backoff_seconds(10, 3)) >= 20 and max(fleet_log.backoff_seconds(10, 3)) <= 40 and count(distinct fleet_log.backoff_seconds(10, 3)) > 90 from generate_series(1, 100)), 'it doubles and is drawn');
select ok((select max(fleet_log.backoff_seconds(10, 100)) <= 3600 and max(fleet_log.backoff_seconds(86400, 100)) <= 86400 from generate_series(1, 50)), 'and ends at an hour');
select pg_temp.one('enqueue', '{"orders": [{"kind": "doomed", "max_attempts": 2}, {"kind": "d1", "depends_on": ["#0"]}, {"kind": "d2", "depends_on": ["#1"]}, {"kind": "d3"}]}');
select pg_temp.one('claim_work', '{"kinds": ["doomed"]}');
create function pg_temp.fail(kind text, more jsonb default '{}') returns answers language sql as $$
    select pg_temp.one('fail_work', jsonb_build_object('work_order_id', w.work_order_id, 'error', '{"kind": "k", "message": "m"}'::jsonb) || more, pg_temp.fence(w.work_order_id, w.token))
      from fleet_state.work_orders w where w.kind = fail.kind and w.state = 'claimed'
$$;
select is((pg_temp.fail('doomed', '{"retry_in_seconds": 0}')).result ->> 'status', 'pending', 'first attempt of two');
select pg_temp.one('claim_work', '{"kinds": ["doomed"]}');
select is((answer(1)).result #>> '{orders,0,attempt}', '2', 'the second');
select is((pg_temp.fail('doomed')).result ->> 'status', 'dead', 'then it is a dead letter');
select is((answer(1)).result -> 'cancelled', (select jsonb_agg(w.work_order_id order by w.created_seq) from fleet_state.work_orders w where w.kind in ('d1', 'd2')), 'what depends on it is cancelled, and what depends on that');
select is((select w.reason from fleet_state.work_orders w where w.kind = 'd2'), (select w.work_order_id || ', which it depends on, is cancelled' from fleet_state.work_orders w where w.kind = 'd1'), 'and says why');
select is((pg_temp.one('enqueue', (select jsonb_build_object('orders', jsonb_build_array(jsonb_build_object('kind', 'late', 'depends_on', jsonb_build_array(w.work_order_id)), '{"kind": "later", "depends_on": ["#0"]}'::jsonb)) from fleet_state.work_orders w where w.kind = 'doomed'))).result #> '{orders}' @? '$[*] ? (@.status != "cancelled")', false, 'an order that depends on a dead one is cancelled from the start');
select pg_temp.one('claim_work', '{"kinds": ["d3"]}');
select is((pg_temp.fail('d3', '{"retry": false}')).result ->> 'status', 'dead', 'or at once, if the claimer says so');

-- retry and cancel
select is((pg_temp.one('retry_work', (select jsonb_build_object('work_order_id', w.work_order_id) from fleet_state.work_orders w where w.kind = 'doomed'))).result @> '{"status": "pending", "attempts": 0, "ready": true}', true, 'a dead letter is sent again, with all its attempts');
select is((pg_temp.one('retry_work', (select jsonb_build_object('work_order_id', w.work_order_id, 'delay_seconds', 60) from fleet_state.work_orders w where w.kind = 'd3'))).result ->> 'ready', 'false', 'or later');
select is((pg_temp.one('retry_work', (select jsonb_build_object('work_order_id', w.work_order_id) from fleet_state.work_orders w where w.kind = 'd3'))).code, 'transition_refused', 'not one that is in the line');
select is((pg_temp.one('retry_work', '{"work_order_id": "wo_01m7yhgt4ne97a7c942db3d773"}')).code, 'not_found', 'nor one that is not there');
select is((pg_temp.one('cancel_work', jsonb_build_object('work_order_id', (select id from o where name = 'b'), 'reason', 'no need'))).result - '{created_at,ended_at,last_seq,work_order_id,depends_on}'::text[],
    jsonb_build_object('kind', 'b', 'project', 'demo', 'priority', 'medium', 'status', 'cancelled', 'ready', false, 'attempts', 0, 'max_attempts', 3, 'lost', 0, 'backoff_seconds', 10, 'created_by', 'viper-1',
        'ended_by', 'viper-1', 'reason', 'no need', 'stream_version', 2, 'cancelled', jsonb_build_array((select id from o where name = 'c'))), 'called off, and what depends on it');
select is((pg_temp.one('cancel_work', jsonb_build_object('work_order_id', (select id from o where name = 'b')))).detail, '{"found": "cancelled", "asked": "work_order_cancelled", "allowed": []}', 'once');
select is((pg_temp.one('cancel_work', '{"work_order_id": "nothing"}')).code, 'not_found', 'something that is there');
select pg_temp.one('claim_work', '{"kinds": ["doomed"]}');
select is((pg_temp.one('cancel_work', (select jsonb_build_object('work_order_id', w.work_order_id) from fleet_state.work_orders w where w.kind = 'doomed'))).result ->> 'status', 'cancelled', 'a claimed one, too');
select is((pg_temp.fail('doomed')).ok, null, 'whose claimer then');
select is((select fleet_log.work_order_fence_problem('demo', w.work_order_id, w.token) from fleet_state.work_orders w where w.kind = 'doomed'), (select 'the order ' || w.work_order_id || ' is cancelled' from fleet_state.work_orders w where w.kind = 'doomed'), 'is told by its token');

-- several commands in one batch see each other
select act(jsonb_build_array(ask('enqueue', '{"kind": "batch"}'), ask('claim_work', '{"kinds": ["batch"]}'), ask('claim_work', '{"kinds": ["batch"]}', '{"actor": "raven-1"}'), ask('cancel_work', '{"work_order_id": "nothing"}'), ask('enqueue', '{"kind": "batch"}'), ask('claim_work', '{"kinds": ["batch"]}', '{"actor": "raven-1"}')));
select is((select array_agg(coalesce(code, jsonb_array_length(result -> 'orders')::text, 'ok') order by ord) from answers), '{ok,1,0,not_found,ok,1}', 'two claimers never get one order');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'a replay gives the same');
select * from finish();
rollback;
