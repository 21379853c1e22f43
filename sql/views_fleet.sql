-- Halts and notification rules for people at psql.

create view fleet.halts as
select h.scope_kind as scope, coalesce(nullif(h.scope_id, ''), 'all') as id, left(h.project, 20) as project, h.halted,
       h.reason, h.halted_by as by, h.halted_at as since, h.lifted_by, h.lifted_at, h.lift_reason, h.halt_id, h.version, h.last_seq
  from fleet_state.halts h
 order by not h.halted, h.halted_at desc;
comment on view fleet.halts is 'What is halted, and what was. Example: select * from fleet.halts where halted';
comment on column fleet.halts.scope is 'fleet, project, mission or pilot.';
comment on column fleet.halts.id is 'Key, id or callsign; all for the fleet.';
comment on column fleet.halts.by is 'Who halted it last.';
comment on column fleet.halts.since is 'When.';

create view fleet.notification_rules as
select r.name, r.state, array_to_string(r.types, ', ') as when,
       concat_ws(', ', r.project, r.mission_id, 'from ' || r.min_priority, nullif(r.contains::text, '{}')) as only_if,
       array_to_string(r.recipients, ', ') as tells, r.importance, r.subject, r.body, r.escalate_after_seconds, r.set_by, r.set_at, r.version, r.last_seq
  from fleet_state.notification_rules r
 order by r.state = 'removed', r.name;
comment on view fleet.notification_rules is 'Who is sent a squawk when something happens. Example: select name, "when", tells from fleet.notification_rules where state = ''enabled''';
comment on column fleet.notification_rules.when is 'Event types, and mail_unanswered, blocker_unanswered.';
comment on column fleet.notification_rules.only_if is 'What else must be so.';
comment on column fleet.notification_rules.tells is 'Callsigns, roles, operator.';
