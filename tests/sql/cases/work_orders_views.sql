-- What lists, pages and views show of the queue.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(ask('register_pilot', '{"callsign": "raven-1", "program": "codex", "model": "m", "role": "reviewer", "resume": true}')));
select act(jsonb_build_array(ask('enqueue', '{"kind": "done", "payload": {"n": 1}}'), ask('enqueue', '{"kind": "held", "role": "reviewer"}'), ask('enqueue', '{"kind": "ready", "priority": "high"}'),
    ask('enqueue', '{"kind": "late", "delay_seconds": 3600}'), ask('enqueue', '{"kind": "dead", "max_attempts": 1}'), ask('enqueue', '{"kind": "off"}')));
select act(jsonb_build_array(ask('claim_work', '{"kinds": ["done"]}'), ask('claim_work', '{"kinds": ["dead"]}'), ask('claim_work', '{"kinds": ["held"]}', '{"actor": "raven-1"}')));
create temp table had as select w.kind, w.work_order_id as id, w.token from fleet_state.work_orders w;
create function pg_temp.id(k text) returns text language sql as $$ select id from had where kind = k $$;
create function pg_temp.fence(k text) returns jsonb language sql as $$
    select jsonb_build_object('fence', jsonb_build_object('kind', 'work_order', 'id', id, 'token', token)) from had where kind = k
$$;
select act(jsonb_build_array(ask('enqueue', jsonb_build_object('kind', 'blocked', 'depends_on', jsonb_build_array(pg_temp.id('held'), pg_temp.id('done')))),
    ask('complete_work', jsonb_build_object('work_order_id', pg_temp.id('done'), 'result', '{"m": null}'::jsonb), pg_temp.fence('done')),
    ask('fail_work', jsonb_build_object('work_order_id', pg_temp.id('dead'), 'error', '{"kind": "k", "message": "it broke"}'::jsonb), pg_temp.fence('dead')),
    ask('cancel_work', jsonb_build_object('work_order_id', pg_temp.id('off'), 'reason', 'no need'))));
select is((select count(*) from answers where not ok), 0::bigint, 'a scene with every state');
insert into had select w.kind, w.work_order_id, w.token from fleet_state.work_orders w where w.kind = 'blocked';

select is((select array_agg(v.kind || ' ' || v.status order by v.kind) from fleet.work_orders v where v.project = 'demo'),
    '{"blocked blocked","dead dead","done completed","held claimed","late delayed","off cancelled","ready ready"}', 'fleet.work_orders says how each stands');
select is((select array[v.claimed_by, v.attempts, v.role, v.for_another] from fleet.work_orders v where v.kind = 'held'), '{raven-1,1/3,reviewer,5m}', 'who has it and for how long');
select is((select array[v.last_error, v.ended_by] from fleet.work_orders v where v.kind = 'dead'), '{it broke,viper-1}', 'what broke');
select is((select jsonb_build_array(v.payload, v.result) from fleet.work_orders v where v.kind = 'done'), '[{"n": 1}, {"m": null}]', 'what went in and what came out');
select is((select v.for_another from fleet.work_orders v where v.kind = 'late'), '1h', 'when it is ready');
select is((select to_jsonb(array_agg(row(q.kind, q.ready, q.delayed, q.blocked, q.claimed, q.completed, q.dead, q.cancelled) order by q.kind)) #>> '{0}' from fleet.work_queue q where q.project = 'demo'),
    (select to_jsonb(row('blocked'::text, 0::bigint, 0::bigint, 1::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint)) #>> '{}'), 'fleet.work_queue counts');
select is((select sum(q.ready + q.delayed + q.blocked + q.claimed + q.completed + q.dead + q.cancelled) from fleet.work_queue q), 7::numeric, 'each once');

create function pg_temp.list(filter jsonb) returns text[] language sql as $$
    select coalesce(array_agg(l.item::jsonb ->> 'kind' order by l.item::jsonb ->> 'kind'), '{}') from fleet.list_work_orders(filter) l
$$;
select is(pg_temp.list('{"project": "demo"}'), '{blocked,dead,done,held,late,off,ready}', 'a list of all');
select is(pg_temp.list('{"project": "elsewhere"}'), '{}', 'by project');
select is(pg_temp.list('{"status": "open"}'), '{blocked,held,late,ready}', 'open is pending and claimed');
select is(pg_temp.list('{"status": "dead, cancelled"}'), '{dead,off}', 'by status');
select is(pg_temp.list('{"kind": "late"}') || pg_temp.list('{"role": "reviewer"}') || pg_temp.list('{"claimed_by": "raven-1"}'), '{late,held,held}', 'by kind, role, claimer');
select is((select array_agg(l.cursor_key) from fleet.list_work_orders('{"limit": 2}') l), (select array_agg(id order by id) from (select id from had order by id limit 2) x), 'a page');
select is((select count(*) from fleet.list_work_orders(jsonb_build_object('after', (select max(l.cursor_key) from fleet.list_work_orders('{"limit": 2}') l))) l), 5::bigint, 'and the rest of it');
select is((select count(*) from fleet.list_work_orders('{}') l where l.item::jsonb ?| '{payload,result}'), 0::bigint, 'without what may be large');
select is((select s.item::jsonb from fleet.show_work_order(jsonb_build_object('work_order_id', pg_temp.id('done'))) s) - '{created_at,ended_at,last_seq,result_digest}'::text[],
    jsonb_build_object('work_order_id', pg_temp.id('done'), 'kind', 'done', 'project', 'demo', 'priority', 'medium', 'status', 'completed', 'ready', false, 'depends_on', '[]'::jsonb, 'attempts', 1,
        'max_attempts', 3, 'lost', 0, 'backoff_seconds', 10, 'created_by', 'viper-1', 'ended_by', 'viper-1', 'stream_version', 3, 'payload', '{"n": 1}'::jsonb,
        'result', '{"m": null}'::jsonb, 'result_bytes', 11, 'dependents', jsonb_build_array(pg_temp.id('blocked'))), 'one of them whole');
select is((select s.item::jsonb -> 'waits_for' from fleet.show_work_order(jsonb_build_object('project', 'demo', 'work_order_id', right(pg_temp.id('blocked'), 6))) s),
    jsonb_build_array(jsonb_build_object('work_order_id', pg_temp.id('held'), 'status', 'claimed')), 'by the end of its id, with what it waits for');
select is((select count(*) from fleet.show_work_order('{"work_order_id": "wo_"}')), 0::bigint, 'not by something that several begin with');
select is((select count(*) from fleet.show_work_order('{"work_order_id": ""}')), 0::bigint, 'nor by nothing');
select is((select array_agg(k order by k) from fleet.show_work_order(jsonb_build_object('work_order_id', pg_temp.id('held'))) s, jsonb_object_keys(s.item::jsonb) k),
    '{attempts,backoff_seconds,claimed_at,claimed_by,created_at,created_by,dependents,depends_on,kind,last_seq,lease_seconds,lease_until,lost,max_attempts,payload,priority,project,ready,role,status,stream_version,token,work_order_id}', 'a claimed one says so');

-- People at psql.
select is((select e.status || ' ' || e.ready from fleet.enqueue('demo', 'viper-1', 'psql', '{"p": null}', priority => 'critical') e), 'pending true', 'fleet.enqueue');
create temp table c as select * from fleet.claim_work('demo', 'viper-1', kinds => '{psql}');
select is((select c.kind || ' ' || c.attempt || ' ' || c.payload from c), 'psql 1 {"p": null}', 'fleet.claim_work');
select is((select count(*) from fleet.claim_work('demo', 'viper-1', kinds => '{psql}')), 0::bigint, 'no row when there is nothing');
select is((select f.status from c, fleet.fail_work('demo', 'viper-1', c.work_order_id, c.token, 'k', 'm', retry_in_seconds => 0) f), 'pending', 'fleet.fail_work');
select is((select f.code from c, fleet.complete_work('demo', 'viper-1', c.work_order_id, c.token) f), 'stale_token', 'the token is gone');
create temp table d as select * from fleet.claim_work('demo', 'viper-1', kinds => '{psql}');
select is((select f.status from d, fleet.complete_work('demo', 'viper-1', d.work_order_id, d.token, '{"r": 1}') f), 'completed', 'fleet.complete_work');
select is((select f.status from fleet.retry_work('demo', 'viper-1', pg_temp.id('dead')) f), 'pending', 'fleet.retry_work');
select is((select f.status || ' ' || f.cancelled from fleet.cancel_work('demo', 'raven-1', pg_temp.id('held'), 'enough') f), 'cancelled ' || pg_temp.id('blocked'), 'fleet.cancel_work');
select * from finish();
rollback;
