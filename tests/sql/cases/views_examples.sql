-- \df+ fleet.* and \d+ fleet.* are the manual: every function and view of the public face has an example, and it runs.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act((select jsonb_agg(note(i)) from generate_series(1, 60) i));

-- Where an example says rsv_01… and 42, it means an entity as it would be then, and its token.
create temp table meant (name text, prefix text, id text, token bigint);
select act(jsonb_build_array(want('viper-1', '{held/**}'), want('raven-1', '{held/a}', '{"wait_seconds": 600}')));
insert into meant select null, 'rsv', r.reservation_id, r.token from fleet_state.reservations r;
insert into meant
select n.name, 'rsv', r.reservation_id, null from fleet_state.reservation_requests r,
    unnest(array['end_wait', 'waits_for']) n(name);
insert into meant values (null, 'host', fleet.new_id('host'), null);
select act((select jsonb_build_array(ask('host_join', jsonb_build_object('host_id', id, 'hostname', 'h', 'version', '1', 'pid', 1,
    'lease_seconds', 30))) from meant where prefix = 'host'));
select act('[{"op": "register_project", "args": {"key": "legacy"}},
    {"op": "halt", "roles": ["operator"], "args": {"scope_kind": "project", "scope_id": "legacy", "reason": "frozen"}},
    {"op": "set_price", "roles": ["operator"], "args": {"model": "my-model", "valid_from": "2026-01-31", "input_micros": 1, "output_micros": 1}},
    {"op": "set_notification_rule", "roles": ["operator"], "args": {"name": "stuck", "on": {"types": ["sortie_blocked"]}, "to": ["operator"]}}]');
select act(jsonb_build_array(ask('set_budget', '{"scope_kind": "pilot", "scope_id": "viper-1", "period": "day", "limit_tokens": 1000000}',
                                 '{"roles": ["operator"]}')));
-- Mail, orders, missions and sorties in the states that the examples need; a mission or sortie for each function that needs its own.
create function pg_temp.demo(op text, actor text, args jsonb default '{}', fence jsonb default null) returns jsonb language sql as $$
    select must('demo', op, actor, args, fence)
$$;
create function pg_temp.examples_of_mail() returns void language plpgsql as $$
declare
    sent jsonb := pg_temp.demo('send_message', 'viper-1', '{"to": ["raven-1"], "subject": "a", "body": "key: abc", "ack_required": true}');
begin
    insert into meant values (null, 'msg', sent ->> 'message_id', null), (null, 'thr', sent ->> 'thread_id', null),
        (null, 'evt', (select event_id from fleet_log.events where stream_id = sent ->> 'message_id'), null);
end $$;
create function pg_temp.examples_of_orders() returns void language plpgsql as $$
declare
    o jsonb;
begin
    perform pg_temp.demo('enqueue', 'ada', '{"kind": "lint", "max_attempts": 1}');
    o := pg_temp.demo('claim_work', 'viper-1') #> '{orders,0}';
    perform pg_temp.demo('fail_work', 'viper-1', jsonb_build_object('work_order_id', o ->> 'work_order_id', 'error',
        '{"kind": "k", "message": "m"}'::jsonb), jsonb_build_object('kind', 'work_order', 'id', o ->> 'work_order_id', 'token', o -> 'token'));
    insert into meant values ('retry_work', 'wo', o ->> 'work_order_id', null);
    perform pg_temp.demo('enqueue', 'ada', '{"kind": "lint"}');
    o := pg_temp.demo('claim_work', 'viper-1') #> '{orders,0}';
    insert into meant values (null, 'wo', o ->> 'work_order_id', (o ->> 'token')::bigint);
    perform pg_temp.demo('enqueue', 'ada', '{"kind": "lint"}');
end $$;
create function pg_temp.examples_of_missions() returns void language plpgsql as $$
declare
    pending text := pg_temp.demo('create_mission', 'ada', '{"title": "a"}') ->> 'mission_id';
    done text := pg_temp.demo('create_mission', 'ada', '{"title": "b", "complete_by_itself": false}') ->> 'mission_id';
    judged text := pg_temp.demo('create_mission', 'ada', '{"title": "c", "complete_by_itself": false, "require_review": true}') ->> 'mission_id';
begin
    perform pg_temp.demo('start_mission', 'ada', jsonb_build_object('mission_id', m)) from unnest(array[done, judged]) m;
    perform pg_temp.demo('complete_mission', 'ada', jsonb_build_object('mission_id', judged));
    insert into meant values (null, 'msn', pending, null), ('complete_mission', 'msn', done, null), ('review_mission', 'msn', judged, null),
        ('fail_mission', 'msn', done, null);
    perform pg_temp.demo('create_sortie', 'ada', jsonb_build_object('mission_id', pending, 'name', 'parser', 'title', 'The parser'));
end $$;
create function pg_temp.examples_of_sorties() returns void language plpgsql as $$
declare
    id text;
    state text;
    fence jsonb;
begin
    foreach state in array array['ready', 'assigned', 'in_progress', 'blocked', 'review', 'failed'] loop
        id := pg_temp.demo('create_sortie', 'ada', jsonb_build_object('title', state)) ->> 'sortie_id';
        if state <> 'ready' then
            fence := jsonb_build_object('kind', 'sortie', 'id', id, 'token',
                pg_temp.demo('claim_sortie', 'viper-1', jsonb_build_object('sortie_id', id)) -> 'token');
        end if;
        if state not in ('ready', 'assigned') then
            perform pg_temp.demo('start_sortie', 'viper-1', jsonb_build_object('sortie_id', id), fence);
        end if;
        perform case state
            when 'blocked' then pg_temp.demo('block', 'viper-1', jsonb_build_object('sortie_id', id, 'reason', 'r'), fence)
            when 'review' then pg_temp.demo('request_review', 'viper-1', jsonb_build_object('sortie_id', id), fence)
            when 'failed' then pg_temp.demo('fail_sortie', 'viper-1', jsonb_build_object('sortie_id', id, 'error', '{"kind": "k", "message": "m"}'::jsonb), fence)
            end;
        insert into meant select n.name, 'srt', id, (fence ->> 'token')::bigint from unnest(case state
            when 'ready' then array['claim_sortie', 'update_sortie'] when 'assigned' then array['start_sortie'] when 'in_progress' then array[null]
            when 'blocked' then array['unblock'] when 'review' then array['review'] else array['retry_sortie'] end) n(name);
    end loop;
end $$;
select pg_temp.examples_of_mail(), pg_temp.examples_of_orders(), pg_temp.examples_of_missions(), pg_temp.examples_of_sorties();
insert into meant select 'revoke_ruling', 'rul', tap.must('demo', 'record_ruling', 'op', '{"text": "no"}') ->> 'ruling_id', null;
-- A refusal is what these examples show.
create temp table refusing as select unnest(array['beat_host', 'check_position']) as name;

create temp table examples as
select 'function ' || p.oid::regprocedure as what, p.proname as name,
       substring(obj_description(p.oid, 'pg_proc') from 'Example: (.*)$') as example
  from pg_proc p where p.pronamespace = 'fleet'::regnamespace
union all
select 'view ' || c.oid::regclass, c.relname, substring(obj_description(c.oid, 'pg_class') from 'Example: (.*)$')
  from pg_class c where c.relnamespace = 'fleet'::regnamespace and c.relkind = 'v';

create function pg_temp.with_ids(name text, example text) returns text language plpgsql as $$
declare
    m record;
begin
    for m in select distinct on (x.prefix) * from meant x where x.name is null or x.name = with_ids.name
              order by x.prefix, x.name nulls last loop
        if strpos(example, m.prefix || '_01…') > 0 then
            example := regexp_replace(replace(example, m.prefix || '_01…', m.id), ', 42\M', ', ' || coalesce(m.token, 1));
        end if;
    end loop;
    return example;
end $$;

-- What goes wrong with an example; whatever it does is taken back.
create function pg_temp.tried(name text, example text) returns text language plpgsql as $$
declare
    answer jsonb;
begin
    if example like 'select%' then
        execute 'select jsonb_agg(to_jsonb(x)) from (' || example || ') x' into answer;
    else
        execute example;
    end if;
    raise exception '%', coalesce((select 'refused: ' || v.value::text from jsonb_array_elements(answer) v
                                    where v.value -> 'ok' = 'false'
                                      and tried.name not in (select r.name from refusing r) limit 1), '') using errcode = 'TAKEN';
exception
    when sqlstate 'TAKEN' then return nullif(sqlerrm, '');
    when others then return sqlstate || ' ' || sqlerrm;
end $$;

select is((select array_agg(what) from examples where example is null), null, 'each has an example');
select is(pg_temp.tried(name, pg_temp.with_ids(name, example)), null, what || ': ' || example)
  from examples where example is not null and name <> 'refuse' order by what;
select throws_like($$select fleet.refuse('not_found', 'no such host')$$, 'no such host', 'fleet.refuse raises');
select * from finish();
rollback;
