-- breaking: no
-- Halts, notification rules, and what the leader's round remembers.

create table fleet_state.halts (
    halt_id text collate "C" primary key,
    scope_kind text collate "C" not null check (scope_kind in ('fleet', 'project', 'mission', 'pilot')),
    scope_id text collate "C" not null,
    project text collate "C" not null,
    halted boolean not null,
    reason text,
    halted_by text,
    halted_at timestamptz(3) not null,
    lifted_by text,
    lifted_at timestamptz(3),
    lift_reason text,
    version int not null,
    last_seq bigint not null
);
-- Commands ask whether anything at all is halted before they ask what: this index is empty then.
create index halts_now on fleet_state.halts (project, scope_kind, scope_id) where halted;
comment on table fleet_state.halts is 'Scopes that are or were halted: a row for each.';
comment on column fleet_state.halts.halt_id is 'The stream: halt:fleet, halt:project:KEY, halt:mission:ID, halt:pilot:KEY:CALLSIGN.';
comment on column fleet_state.halts.scope_kind is 'fleet, project, mission or pilot.';
comment on column fleet_state.halts.scope_id is 'Key of the project, id of the mission or callsign of the pilot; empty for the fleet.';
comment on column fleet_state.halts.project is 'Key of the project; empty for the fleet.';
comment on column fleet_state.halts.halted is 'True while it is halted.';
comment on column fleet_state.halts.reason is 'Why it was halted last.';
comment on column fleet_state.halts.halted_by is 'Who halted it last.';
comment on column fleet_state.halts.halted_at is 'When it was halted last, or another reason was given.';
comment on column fleet_state.halts.lifted_by is 'Who lifted the halt, if it is lifted.';
comment on column fleet_state.halts.lifted_at is 'When it was lifted, if it is.';
comment on column fleet_state.halts.lift_reason is 'What was said when it was lifted.';
comment on column fleet_state.halts.version is 'Version of the stream; the ETag.';
comment on column fleet_state.halts.last_seq is 'Last event that changed the row.';

create table fleet_state.notification_rules (
    name text collate "C" primary key,
    state text collate "C" not null check (state in ('enabled', 'disabled', 'removed')),
    types text[] not null,
    project text collate "C",
    mission_id text collate "C",
    min_priority text collate "C",
    contains jsonb not null,
    recipients text[] not null,
    importance text not null,
    subject text not null,
    body text,
    escalate_after_seconds int,
    set_by text not null,
    set_at timestamptz(3) not null,
    version int not null,
    last_seq bigint not null
);
create index notification_rules_enabled on fleet_state.notification_rules (name) where state = 'enabled';
comment on table fleet_state.notification_rules is 'Who is sent a squawk when something happens.';
comment on column fleet_state.notification_rules.name is 'Name of the rule, unique in the fleet.';
comment on column fleet_state.notification_rules.state is 'enabled, disabled or removed.';
comment on column fleet_state.notification_rules.types is 'Event types it looks at, and mail_unanswered, blocker_unanswered.';
comment on column fleet_state.notification_rules.project is 'Only events of this project; null for all.';
comment on column fleet_state.notification_rules.mission_id is 'Only events of this mission and its sorties; null for all.';
comment on column fleet_state.notification_rules.min_priority is 'Only what has this priority or a higher one; null for all.';
comment on column fleet_state.notification_rules.contains is 'Values that the data of the event must have.';
comment on column fleet_state.notification_rules.recipients is 'Callsigns, role:NAME, operator.';
comment on column fleet_state.notification_rules.importance is 'Importance of the squawk.';
comment on column fleet_state.notification_rules.subject is 'Template of its subject; {field} is filled in.';
comment on column fleet_state.notification_rules.body is 'Template of its text; null for the usual one.';
comment on column fleet_state.notification_rules.escalate_after_seconds is 'How long mail or a blocker may stay without an answer.';
comment on column fleet_state.notification_rules.set_by is 'Who set or removed it last.';
comment on column fleet_state.notification_rules.set_at is 'When.';
comment on column fleet_state.notification_rules.version is 'Version of the stream; the ETag.';
comment on column fleet_state.notification_rules.last_seq is 'Last event that changed the row.';

create table fleet_live.escalations (
    rule text collate "C" not null,
    case_id text collate "C" not null,
    notices int not null,
    told_at timestamptz(3) not null,
    primary key (rule, case_id)
) with (fillfactor = 50);
comment on table fleet_live.escalations is 'Which unanswered mail and blockers were told of already, while they stay unanswered.';
comment on column fleet_live.escalations.rule is 'The rule.';
comment on column fleet_live.escalations.case_id is 'The message and who does not answer it, or the sortie and the seq of its blocker.';
comment on column fleet_live.escalations.notices is 'How often it was told of: once after the time of the rule, once more after twice the time.';
comment on column fleet_live.escalations.told_at is 'When it was told of last.';

create table fleet_live.sweeps (
    duty text collate "C" primary key,
    stale_seconds int not null,
    swept_at timestamptz(3) not null
) with (fillfactor = 50);
comment on table fleet_live.sweeps is 'The leader''s last round.';
comment on column fleet_live.sweeps.duty is 'sweep.';
comment on column fleet_live.sweeps.stale_seconds is 'How long a pilot may be silent, as the leader is set.';
comment on column fleet_live.sweeps.swept_at is 'When the round was made.';

create type fleet_log.verdict as (value boolean, reason text);
comment on type fleet_log.verdict is 'What a condition comes to, and why.';
