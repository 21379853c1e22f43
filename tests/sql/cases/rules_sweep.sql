-- Rules about time: mail without its acknowledgement, blockers that nobody removes; told of twice, and no more.
begin;
set search_path = tap, public;
select no_plan();
select scene();
create function pg_temp.rule(name text, types text[], tells text[], more jsonb default '{}', only_if jsonb default '{}') returns jsonb language sql as $$
    select jsonb_build_object('op', 'set_notification_rule', 'actor', 'ada', 'roles', '["operator"]'::jsonb, 'args',
        jsonb_build_object('name', name, 'to', tells, 'on', jsonb_build_object('types', types) || only_if) || more)
$$;
create function pg_temp.mail(subject text, more jsonb default '{}') returns jsonb language sql as $$
    select ask('send_message', jsonb_build_object('to', '["raven-1"]'::jsonb, 'subject', subject, 'body', 'b', 'ack_required', true, 'ack_seconds', 1) || more)
$$;
create temp table looked as select 0::bigint as seq;
create function pg_temp.told() returns text[] language plpgsql as $$
declare found text[];
begin
    found := (select array_agg(m.importance || ' ' || array_to_string(m.recipients, ',') || ': ' || m.subject order by m.sent_seq)
                from fleet_state.messages m join fleet_log.events e on e.seq = m.sent_seq where m.sent_seq > (select seq from looked) and e.metadata ? 'rule');
    update looked set seq = (select max(seq) from fleet_log.events);
    return found;
end $$;
create function pg_temp.sweep() returns jsonb language plpgsql as $$
begin
    perform act(jsonb_build_array(ask('sweep', '{}', '{"roles": ["operator"]}')));
    return (answer(1)).result -> 'rules';
end $$;
create function pg_temp.later(seconds int) returns void language sql as $$
    update fleet_live.escalations set told_at = told_at - make_interval(secs => $1);
    update fleet_state.sorties set blocked_at = blocked_at - make_interval(secs => $1) where state = 'blocked';
$$;
create function pg_temp.overdue() returns void language sql as $$ update fleet_state.message_recipients set ack_due_at = now() - interval '1 minute' where awaits_ack and ack_due_at > now() - interval '1 minute' $$;

-- Mail that was overdue before there was a rule is not brought up by it.
select act(jsonb_build_array(pg_temp.mail('old')));
select pg_temp.overdue();
select is(pg_temp.sweep(), '{"unanswered": 0, "still_unanswered": 0}', 'without a rule nobody is told');
select act(jsonb_build_array(pg_temp.rule('late', '{mail_unanswered}', '{operator}', '{"subject": "{to} does not answer {from}: {subject}", "escalate_after_seconds": 600}'),
    pg_temp.mail('first'), pg_temp.mail('in time', '{"ack_seconds": 3600}'), pg_temp.mail('no ack', '{"ack_required": false, "ack_seconds": null}')));
update fleet_state.message_recipients r set ack_due_at = now() - interval '1 minute' from fleet_state.messages m where m.message_id = r.message_id and m.subject = 'first';
select is(pg_temp.sweep(), '{"unanswered": 1, "still_unanswered": 0}', 'what is overdue is found');
select is(pg_temp.told(), '{"normal operator: raven-1 does not answer viper-1: first"}', 'and told of, without what was overdue before the rule');
select is((select c.type || ' ' || (c.data ->> 'subject') from fleet_log.events e join fleet_log.events c on c.event_id = e.causation_id where e.type = 'message_sent' order by e.seq desc limit 1), 'message_sent first', 'because of the message');
select pg_temp.sweep();
select is(pg_temp.told(), null, 'once');
select pg_temp.later(601);
select pg_temp.sweep();
select is(pg_temp.told(), '{"high operator: raven-1 does not answer viper-1: first"}', 'again after the time of the rule, more important');
select pg_temp.later(6001);
select pg_temp.sweep();
select is(pg_temp.told(), null, 'and never more');
select is((select array_agg(notices) from fleet_live.escalations), '{2}', 'while it is open it is remembered');
select act(jsonb_build_array(ask('ack_message', jsonb_build_object('message_id', (select message_id from fleet_state.messages where subject = 'first')), '{"actor": "raven-1"}')));
select pg_temp.sweep();
select is((select count(*) from fleet_live.escalations), 0::bigint, 'answered, it is forgotten');
select act(jsonb_build_array(pg_temp.mail('quick')));
update fleet_state.message_recipients r set ack_due_at = now() - interval '1 minute' from fleet_state.messages m where m.message_id = r.message_id and m.subject = 'quick';
select pg_temp.sweep();
select pg_temp.told();
select act(jsonb_build_array(ask('ack_message', jsonb_build_object('message_id', (select message_id from fleet_state.messages where subject = 'quick')), '{"actor": "raven-1"}')));
select pg_temp.later(601);
select is(pg_temp.sweep(), '{"unanswered": 0, "still_unanswered": 0}', 'an answer after the first notice ends it');
select act(jsonb_build_array('{"op": "remove_notification_rule", "roles": ["operator"], "args": {"name": "late"}}'::jsonb,
    pg_temp.rule('urgent', '{mail_unanswered}', '{operator}', '{"subject": "{subject}"}', '{"min_priority": "high", "contains": {"to": "raven-1"}}'), pg_temp.mail('low one', '{"importance": "low"}'), pg_temp.mail('urgent one', '{"importance": "urgent"}')));
select pg_temp.overdue();
select pg_temp.sweep();
select is(pg_temp.told(), '{"normal operator: urgent one"}', 'only what the rule asks for: importance counts as priority');
select act(jsonb_build_array('{"op": "remove_notification_rule", "roles": ["operator"], "args": {"name": "urgent"}}'::jsonb));

-- Blockers.
create temp table s (id text, token bigint);
select act(jsonb_build_array(ask('create_mission', '{"title": "goal"}')));
create temp table mission as select (answer(1)).result ->> 'mission_id' as id;
select act(jsonb_build_array(ask('start_mission', jsonb_build_object('mission_id', (select id from mission))), ask('create_sortie', jsonb_build_object('title', 'the login page', 'priority', 'high', 'mission_id', (select id from mission)))));
insert into s select (answer(2)).result ->> 'sortie_id', null;
select act(jsonb_build_array(ask('claim_sortie', jsonb_build_object('sortie_id', (select id from s)))));
update s set token = ((answer(1)).result ->> 'token')::bigint;
create function pg_temp.on_it(op text, args jsonb default '{}') returns jsonb language sql as $$
    select ask(op, jsonb_build_object('sortie_id', s.id) || args, jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', s.id, 'token', s.token))) from s
$$;
select act(jsonb_build_array(pg_temp.rule('stuck', '{sortie_blocked}', '{operator}', '{"subject": "{title}: {reason}", "importance": "high"}'),
    pg_temp.rule('unsolved', '{blocker_unanswered}', '{operator,raven-1}', jsonb_build_object('subject', '{title} of {pilot} waits: {reason}', 'importance', 'high', 'escalate_after_seconds', 300), jsonb_build_object('mission_id', (select id from mission), 'min_priority', 'high', 'contains', '{"blocker_type": "clarification"}'::jsonb)),
    pg_temp.on_it('start_sortie'), pg_temp.on_it('block', '{"reason": "which colours?", "blocker_type": "clarification"}')));
select is((select array_agg(coalesce(code, 'ok')) from answers), '{ok,ok,ok,ok}', 'a blocked sortie');
select is(pg_temp.told(), '{"high operator: the login page: which colours?"}', 'its event is told of at once');
select pg_temp.sweep();
select is(pg_temp.told(), null, 'its time is not over');
select pg_temp.later(301);
select is(pg_temp.sweep(), '{"unanswered": 1, "still_unanswered": 0}', 'then it is');
select is(pg_temp.told(), '{"high operator,raven-1: the login page of viper-1 waits: which colours?"}', 'and told of');
select is((select array_agg(distinct m.sortie_id || m.mission_id) from fleet_state.messages m where m.subject like '% waits: %'), (select array[s.id || mission.id] from s, mission), 'the message belongs to the sortie');
select pg_temp.sweep();
select is(pg_temp.told(), null, 'once');
select pg_temp.later(301);
select pg_temp.sweep();
select is(pg_temp.told(), '{"urgent operator,raven-1: the login page of viper-1 waits: which colours?"}', 'again, urgent');
select pg_temp.later(3001);
select pg_temp.sweep();
select is(pg_temp.told(), null, 'and never more');
select act(jsonb_build_array(pg_temp.on_it('unblock', '{"resolution": "blue"}')));
select pg_temp.sweep();
select is((select count(*) from fleet_live.escalations), 0::bigint, 'answered, it is forgotten');
select act(jsonb_build_array(pg_temp.on_it('block', '{"reason": "which blue?", "blocker_type": "clarification"}')));
select pg_temp.told();
select pg_temp.later(301);
select pg_temp.sweep();
select is(pg_temp.told(), '{"high operator,raven-1: the login page of viper-1 waits: which blue?"}', 'a new blocker is a new case');

-- A rule that cannot be carried out holds up neither the round nor the other rules.
create function pg_temp.broken() returns trigger language plpgsql as $$ begin
    if exists (select from added a where a.recipients = '{operator}') then raise exception 'no room'; end if; return null; end $$;
create trigger broken after insert on fleet_state.messages referencing new table as added for each statement execute function pg_temp.broken();
set local client_min_messages = error;
select act(jsonb_build_array(pg_temp.rule('broken', '{blocker_unanswered,x.odd}', '{operator}', '{"escalate_after_seconds": 300}'), pg_temp.rule('whole', '{blocker_unanswered,x.odd}', '{raven-1}', '{"subject": "whole", "escalate_after_seconds": 300}'),
    pg_temp.on_it('unblock', '{"resolution": "b"}'), pg_temp.on_it('block', '{"reason": "which black?"}')));
select pg_temp.told();
select pg_temp.later(301);
select isnt(pg_temp.sweep(), null, 'the round is made');
select is(pg_temp.told(), '{"normal raven-1: whole"}', 'who can be told is told');
select act(jsonb_build_array(ask('append', '{"events": [{"type": "x.odd"}]}'), note(1)));
select is((select array_agg(coalesce(code, 'ok')) from answers), '{ok,ok}', 'the same at once');
select is(pg_temp.told(), '{"normal raven-1: whole"}', 'rule by rule');
select is((select count(*) from (select seq - lag(seq) over (order by seq) as step from fleet_log.events) x where step <> 1), 0::bigint, 'without a gap in the log');
drop trigger broken on fleet_state.messages;
select act('[{"op": "remove_notification_rule", "roles": ["operator"], "args": {"name": "broken"}}, {"op": "remove_notification_rule", "roles": ["operator"], "args": {"name": "whole"}}]');
-- The three of the manual: a mission completed, a sortie failed or blocked, mail unanswered; what is not asked for stays out.
select act(jsonb_build_array(pg_temp.rule('done', '{mission_completed}', '{role:lead,operator}', '{"subject": "{title} is done"}'), pg_temp.rule('failed', '{sortie_failed}', '{operator}', '{"subject": "{title}: {error.message}"}', jsonb_build_object('mission_id', (select id from mission))),
    pg_temp.on_it('unblock', '{"resolution": "navy"}'), pg_temp.on_it('fail_sortie', '{"error": {"kind": "tests", "message": "2 of 40 failed"}, "final": true}')));
select is((select array_agg(x order by x) from unnest(pg_temp.told()) x where x like '%failed'), '{"normal operator: the login page: 2 of 40 failed"}', 'a failure says its error');
select act(jsonb_build_array(ask('create_mission', '{"title": "other"}')));
update mission set id = (answer(1)).result ->> 'mission_id';
select act(jsonb_build_array(ask('start_mission', jsonb_build_object('mission_id', (select id from mission))), ask('complete_mission', jsonb_build_object('mission_id', (select id from mission)))));
select is((select array_agg(x) from unnest(pg_temp.told()) x where x like '%done'), (select case when bool_and(ok) then array['normal operator: other is done'] end from answers), 'a mission that is done is told of');
select is((select count(*) from fleet.verify_projections() v where v.column_name not in ('blocked_at', 'ack_due_at')), 0::bigint, 'the projections are the fold of the log (the times that this test moved aside)');
select * from finish();
rollback;
