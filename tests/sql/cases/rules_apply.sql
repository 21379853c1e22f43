-- Notification rules: what they match, whom they tell, in the same transaction, once, and never about themselves.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(ask('register_pilot', '{"callsign": "lead-1", "program": "p", "model": "m", "role": "lead"}'),
    ask('register_pilot', '{"callsign": "lead-2", "program": "p", "model": "m", "role": "lead"}'),
    '{"op": "register_project", "args": {"key": "two"}}'::jsonb, ask('register_pilot', '{"callsign": "viper-1", "program": "p", "model": "m"}', '{"project": "two"}')));
create function pg_temp.rule(name text, types text[], tells text[], more jsonb default '{}', only_if jsonb default '{}') returns jsonb language sql as $$
    select jsonb_build_object('op', 'set_notification_rule', 'actor', 'ada', 'roles', '["operator"]'::jsonb, 'args',
        jsonb_build_object('name', name, 'to', tells, 'on', jsonb_build_object('types', types) || only_if) || more)
$$;
create function pg_temp.gone(name text) returns jsonb language sql as $$
    select jsonb_build_object('op', 'remove_notification_rule', 'actor', 'ada', 'roles', '["operator"]'::jsonb, 'args', jsonb_build_object('name', name))
$$;
create function pg_temp.fact(type text, data jsonb default '{}', more jsonb default '{}') returns jsonb language sql as $$
    select ask('append', jsonb_build_object('events', jsonb_build_array(jsonb_build_object('type', type, 'data', data)))) || more
$$;
-- What the messages since the last look say: "importance to,to: subject".
create temp table looked as select 0::bigint as seq;
create function pg_temp.told() returns text[] language plpgsql as $$
declare found text[];
begin
    found := (select array_agg(m.importance || ' ' || array_to_string(m.recipients, ',') || ': ' || m.subject order by m.sent_seq)
                from fleet_state.messages m where m.sent_seq > (select seq from looked));
    update looked set seq = (select max(seq) from fleet_log.events);
    return found;
end $$;

select act(jsonb_build_array(pg_temp.fact('x.build', '{"branch": "main"}')));
select is(pg_temp.told(), null, 'without rules nobody is told');
select act(jsonb_build_array(pg_temp.rule('build', '{x.build}', '{raven-1}', '{"subject": "build of {branch} by {actor}: {result.state} {nothing}"}')));
select is((answer(1)).result - '{last_seq,set_at}'::text[], '{"name": "build", "status": "enabled", "on": {"types": ["x.build"]}, "to": ["raven-1"], "importance": "normal", "set_by": "ada", "stream_version": 1,
    "subject": "build of {branch} by {actor}: {result.state} {nothing}"}', 'a rule is answered');
select act(jsonb_build_array(pg_temp.fact('x.build', '{"branch": "main", "result": {"state": "{branch}"}}'), pg_temp.fact('x.other'), note(1)));
select is(pg_temp.told(), '{"normal raven-1: build of main by viper-1: {branch} -"}', 'an event of the type is told of, its fields filled in once');
select is((select e.causation_id from fleet.events e where e.type = 'message_sent' order by seq desc limit 1), (select e.event_id from fleet.events e where e.type = 'x.build' order by seq desc limit 1), 'because of the event');
select is((select e.metadata ->> 'rule' || ' ' || e.actor || ' ' || (e.data ->> 'from') from fleet.events e where e.type = 'message_sent' order by seq desc limit 1), 'build system system', 'by the fleet; the event names the rule');
select is((select array_agg(seq order by ord) from answers), (select array_agg(e.seq order by e.seq) from fleet.events e where e.type in ('x.build', 'x.other', 'x.note') and e.seq > 9), 'the answers are those of the requests');
select matches((select b.body from fleet_log.bodies b join fleet_state.messages m on m.body_digest = b.digest order by m.sent_seq desc limit 1), '(?s)^x.build in demo, by viper-1\..*"branch": "main".*Rule: build', 'the text says what happened');
select is((select count(*) from fleet_log.events where type = 'x.build'), 2::bigint, 'the work stands');

select act(jsonb_build_array(pg_temp.fact('x.early'), pg_temp.rule('early', '{x.early}', '{raven-1}', '{"subject": "{n}"}'), pg_temp.fact('x.early', '{"n": 2}')));
select is(pg_temp.told(), '{"normal raven-1: 2"}', 'a rule looks at what happens after it was set, in one batch, too');
select act(jsonb_build_array(pg_temp.gone('early')));
-- Rules do not hear themselves.
select act(jsonb_build_array(pg_temp.rule('mail', '{message_sent}', '{lead-1}', '{"subject": "mail: {title}"}'), pg_temp.fact('x.build'), ask('send_message', '{"to": ["raven-1"], "subject": "hello", "body": "b"}')));
select is(pg_temp.told(), '{"normal raven-1: hello","normal raven-1: build of - by viper-1: - -","normal lead-1: mail: hello"}', 'mail of people is told of, mail of rules is not');
select act(jsonb_build_array(pg_temp.gone('mail')));

-- Who: roles, operator, several at once, somebody unknown.
select act(jsonb_build_array(pg_temp.rule('who', '{x.who}', '{role:lead,operator,raven-1}', '{"subject": "s", "importance": "urgent", "body": "hear {stream_id}"}'), pg_temp.fact('x.who')));
select is(pg_temp.told(), '{"urgent lead-1,lead-2,operator,raven-1: s"}', 'a role, the operator, a pilot');
select act(jsonb_build_array(pg_temp.rule('who', '{x.who}', '{nobody-1,role:none}'), pg_temp.fact('x.who')));
select is((select array_agg(coalesce(code, 'ok')) from answers), '{ok,ok}', 'nobody is there to be told: the work stands');
select is((select count(*) from fleet.notification_rules where name = 'who'), 1::bigint, 'a rule of the same name replaces');
select act(jsonb_build_array(pg_temp.gone('who'), pg_temp.fact('x.who')));
select is(pg_temp.told(), null, 'a rule that is removed says nothing');
select act(jsonb_build_array(pg_temp.rule('who', '{x.who}', '{raven-1}', '{"enabled": false}'), pg_temp.fact('x.who')));
select is(pg_temp.told(), null, 'nor one that is not enabled');
select is((select state from fleet.notification_rules where name = 'who'), 'disabled', 'it is kept');

-- Only if.
select act(jsonb_build_array(pg_temp.rule('p', '{x.a}', '{viper-1}', '{"subject": "p"}', '{"project": "two"}'), pg_temp.rule('c', '{x.a}', '{viper-1}', '{"subject": "c"}', '{"contains": {"k": "v", "n": {"deep": 1}}}'),
    pg_temp.fact('x.a'), pg_temp.fact('x.a', '{"k": "v"}', '{"project": "two"}'), pg_temp.fact('x.a', '{"k": "v", "n": {"deep": 1, "b": 2}}')));
select is(pg_temp.told(), '{"normal viper-1: p","normal viper-1: c"}', 'by project and by what the data hold');
select is((select array_agg(m.project order by m.sent_seq desc) from (select * from fleet_state.messages order by sent_seq desc limit 2) m), '{demo,two}', 'told where it happened');
select act(jsonb_build_array(pg_temp.rule('halts', '{fleet_halted}', '{raven-1}', '{"subject": "{what} by {by}: {reason}"}', '{"project": "demo"}'), pg_temp.rule('halts-all', '{fleet_halted}', '{raven-1}', '{"subject": "all"}'),
    '{"op": "halt", "actor": "ada", "roles": ["operator"], "args": {"scope_kind": "fleet", "reason": "drill"}}'::jsonb));
select is(pg_temp.told(), '{"normal raven-1: fleet halted by ada: drill"}', 'what is of no project reaches a rule that names one');
select act(jsonb_build_array('{"op": "lift_halt", "roles": ["operator"], "args": {"scope_kind": "fleet"}}'::jsonb, pg_temp.gone('halts'), pg_temp.gone('halts-all'), pg_temp.gone('p'), pg_temp.gone('c')));

-- Work orders have a priority; those without one do not pass a bar.
select act(jsonb_build_array(pg_temp.rule('prio', '{work_order_created,x.a}', '{raven-1}', '{"subject": "{title} {priority}"}', '{"min_priority": "high"}'),
    ask('enqueue', '{"kind": "k1", "priority": "medium"}'), ask('enqueue', '{"kind": "k2", "priority": "high"}'), ask('enqueue', '{"kind": "k3", "priority": "critical"}'), pg_temp.fact('x.a')));
select is(pg_temp.told(), '{"normal raven-1: k2 high","normal raven-1: k3 critical"}', 'by priority');
select act(jsonb_build_array(pg_temp.gone('prio')));

-- A flood.
select act(jsonb_build_array(pg_temp.rule('flood', '{x.f}', '{raven-1}', '{"subject": "{what} {n}"}'),
    ask('append', jsonb_build_object('events', (select jsonb_agg(jsonb_build_object('type', 'x.f', 'data', jsonb_build_object('n', i))) from generate_series(1, 50) i)))));
create temp table flood as select pg_temp.told() as said;
select is((select cardinality(said) from flood), 20, 'a flood is told of in twenty');
select is((select said[20] from flood), 'normal raven-1: x.f, and 30 more 20', 'and the last says how many more');
select act(jsonb_build_array(pg_temp.gone('flood')));

-- Idempotency: the answer of a repeated request, and no second message.
select act(jsonb_build_array(pg_temp.fact('x.build', '{"branch": "k"}', '{"key": "k1", "caller": "c"}'), pg_temp.fact('x.build', '{"branch": "k"}', '{"key": "k1", "caller": "c"}')));
select act(jsonb_build_array(pg_temp.fact('x.build', '{"branch": "k"}', '{"key": "k1", "caller": "c"}')));
select is((answer(1)).replayed, true, 'a repeated request');
select is(cardinality(pg_temp.told()), 1, 'is told of once');
-- A fault in a rule's part leaves the work alone.
create function pg_temp.broken() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
create trigger broken before insert on fleet_state.messages for each statement execute function pg_temp.broken();
set local client_min_messages = error;
select act(jsonb_build_array(pg_temp.fact('x.build', '{"branch": "m"}'), note(9)));
select is((select array_agg(coalesce(code, 'ok')) from answers), '{ok,ok}', 'who cannot be told does not stop the work');
select is((select max(seq) from fleet_log.events), (select max(seq) from answers), 'nothing of the attempt stays');
drop trigger broken on fleet_state.messages;
select act(jsonb_build_array(note(10)));
select is((answer(1)).seq, (select max(seq) from fleet_log.events), 'and the next request goes on');

-- Refusals.
select act(jsonb_build_array(
    pg_temp.rule('r', '{nope}', '{raven-1}'), pg_temp.rule('r', '{x.a,X.B}', '{raven-1}'), pg_temp.rule('r', '{x.a}', '{Raven}'), pg_temp.rule('r', '{x.a}', '{}'), pg_temp.rule('r', '{}', '{raven-1}'),
    pg_temp.rule('r', '{x.a}', '{raven-1}', '{}', '{"project": "nope"}'), pg_temp.rule('r', '{x.a}', '{raven-1}', '{}', '{"mission_id": "nope"}'), pg_temp.rule('r', '{x.a}', '{raven-1}', '{}', '{"min_priority": "huge"}'),
    pg_temp.rule('r', '{x.a}', '{raven-1}', '{}', '{"contains": 3}'), pg_temp.rule('r', '{x.a}', '{raven-1}', '{}', '{"contains": {"a": null}}'), pg_temp.rule('r', '{x.a}', '{raven-1}', '{}', jsonb_build_object('contains', jsonb_build_object('a', repeat('x', 5000)))),
    pg_temp.rule('r', '{x.a}', '{raven-1}', '{}', '{"other": 1}'), pg_temp.rule('r', '{x.a}', '{raven-1}', '{"escalate_after_seconds": 60}'), pg_temp.rule('r', '{x.a}', '{raven-1}', jsonb_build_object('subject', E'a\nb')),
    pg_temp.rule('Bad Name', '{x.a}', '{raven-1}'), pg_temp.rule('r', '{x.a}', '{raven-1}', '{"importance": "huge"}'), pg_temp.rule('r', '{x.a}', '{raven-1}') || '{"roles": []}', pg_temp.gone('r'), pg_temp.gone('build') || '{"roles": []}', pg_temp.rule('r', '{x.a}', '{role:}')));
select is((select array_agg(code || field order by ord) from answers), '{invalid_field/args/on/types/0,invalid_field/args/on/types/1,invalid_field/args/to/0,invalid_field/args/to,invalid_field/args/on/types,not_found/args/on/project,not_found/args/on/mission_id,invalid_field/args/on/min_priority,invalid_field/args/on/contains,invalid_field/args/on/contains,too_large/args/on/contains,unknown_field/args/on/other,invalid_field/args/escalate_after_seconds,invalid_field/args/subject,invalid_field/args/name,invalid_field/args/importance,forbidden,not_found/args/name,forbidden,invalid_field/args/to/0}',
          'a rule that could not work is refused, with the place');
-- Setting the same again writes nothing.
select act(jsonb_build_array(pg_temp.rule('same', '{x.a}', '{raven-1}'), pg_temp.rule('same', '{x.a}', '{raven-1}'), pg_temp.rule('same', '{x.a}', '{raven-1}', '{"importance": "high"}')));
select is((select array_agg(seq is not null order by ord) from answers), '{t,f,t}', 'the same again is nothing new');
-- Every pair of state and event, by the table.
create function pg_temp.moved(state text, event text, wanted text) returns text language plpgsql as $$
declare found text;
begin
    if state <> 'none' then perform act(jsonb_build_array(pg_temp.rule('m', '{x.a}', '{raven-1}', jsonb_build_object('enabled', state = 'enabled', 'subject', 'first')))); end if;
    if state = 'removed' then perform act(jsonb_build_array(pg_temp.gone('m'))); end if;
    perform act(jsonb_build_array(case event when 'notification_rule_set' then pg_temp.rule('m', '{x.a}', '{raven-1}', jsonb_build_object('enabled', wanted = 'enabled', 'subject', 'second')) else pg_temp.gone('m') end));
    found := (select coalesce(a.code, a.result ->> 'status') from answers a);
    raise exception 'back' using errcode = 'ZZ001';
exception when sqlstate 'ZZ001' then
    return found;
end $$;
select is(pg_temp.moved(s, e.event, e.wanted), coalesce((select t.to_state from fleet_log.transitions t where t.entity = 'notification rule' and t.from_state = s and t.event = e.event and t.to_state = e.wanted),
          case when s = 'none' then 'not_found' else 'transition_refused' end), concat_ws(' ', s, 'and', e.event, e.wanted))
  from unnest('{none,enabled,disabled,removed}'::text[]) s, (values ('notification_rule_set', 'enabled'), ('notification_rule_set', 'disabled'), ('notification_rule_removed', 'removed')) e(event, wanted);

-- What is seen.
select is((select array_agg(item::jsonb ->> 'name' order by cursor_key) from fleet.list_notification_rules()), '{build,same,who}', 'rules that are there');
select is((select array_agg(item::jsonb ->> 'name' order by cursor_key) from fleet.list_notification_rules('{"status": "removed", "limit": 2, "after": "c"}')), '{early,flood}', 'those that were, page by page');
select is((select item::jsonb #>> '{on,types,0}' from fleet.list_notification_rules('{"name": "who"}')), 'x.who', 'one by its name');
select is((select "when" || '|' || tells || '|' || state from fleet.notification_rules where name = 'build'), 'x.build|raven-1|enabled', 'the view says the same');
select is((select s.ok::text || s.status from fleet.set_notification_rule('psql', '{x.a}', '{operator}', 'low', 'hi', 'demo', null, 'low', '{"a": 1}') s), 'trueenabled', 'at psql');
select is((select only_if from fleet.notification_rules where name = 'psql'), 'demo, from low, {"a": 1}', 'with all it may say');
select is((select s.ok::text || s.status from fleet.remove_notification_rule('psql') s), 'trueremoved', 'and gone');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'the projections are the fold of the log');
select * from finish();
rollback;
