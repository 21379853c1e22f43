-- breaking: no
-- The four schemas, what the migrator keeps, the log, the catalogue as tables, and what `fleet.act` needs of its own.

do $$
begin
    -- Roles belong to the cluster, not to the database: another fleet on this server may have made them.
    if not exists (select from pg_roles where rolname = 'fleet_owner') then
        create role fleet_owner nologin;
    end if;
    if not pg_has_role(current_user, 'fleet_owner', 'usage') then
        execute format('grant fleet_owner to %I', current_user);
    end if;
end $$;

create schema if not exists fleet;
create schema if not exists fleet_log;
create schema if not exists fleet_state;
create schema if not exists fleet_live;
comment on schema fleet is 'The public face: functions and views. Start with: select * from fleet.overview; \df+ fleet.*';
comment on schema fleet_log is 'The events, the catalogue, and the machinery of fleet.act. Written by fleet.act only.';
comment on schema fleet_state is 'Projections: a pure fold of fleet_log.events. Rebuilt by fleet.replay, checked by fleet.verify_projections.';
comment on schema fleet_live is 'What signs of life move: leases, beats, cursors, idempotency keys, leaders. Not part of the log.';

-- What the migrator keeps -----------------------------------------------------------------------------------------

create table fleet_log.schema_versions (
    version int primary key,
    name text not null,
    sha256 text not null,
    breaking boolean not null,
    applied_at timestamptz(3) not null default clock_timestamp(),
    applied_by text not null default session_user
);
comment on table fleet_log.schema_versions is 'One row a migration that is applied; written before the migration runs, in its transaction.';
comment on column fleet_log.schema_versions.version is 'Number of the migration.';
comment on column fleet_log.schema_versions.name is 'Name of the migration file without number and ending.';
comment on column fleet_log.schema_versions.sha256 is 'Digest of the up file, hex; a changed file is refused.';
comment on column fleet_log.schema_versions.breaking is 'True if a daemon that does not know this version must not run.';
comment on column fleet_log.schema_versions.applied_at is 'When it was applied.';
comment on column fleet_log.schema_versions.applied_by is 'Database user who applied it.';

create table fleet_log.schema_repeatable (
    sha256 text primary key,
    applied_at timestamptz(3) not null default clock_timestamp(),
    build text not null
);
comment on table fleet_log.schema_repeatable is 'What is installed of sql/: one row, replaced when the repeatable files are applied again.';
comment on column fleet_log.schema_repeatable.sha256 is 'Digest over all repeatable files in their order, hex.';
comment on column fleet_log.schema_repeatable.applied_at is 'When they were applied.';
comment on column fleet_log.schema_repeatable.build is 'Version of the program that applied them.';

create table fleet_log.identity (
    only_row boolean primary key default true check (only_row),
    log_id uuid not null default gen_random_uuid(),
    created_at timestamptz(3) not null default clock_timestamp()
);
insert into fleet_log.identity default values;
comment on table fleet_log.identity is 'Which log this is; with the cluster''s identifier and timeline it makes the incarnation.';
comment on column fleet_log.identity.only_row is 'Always true: there is one row.';
comment on column fleet_log.identity.log_id is 'Drawn when the log was made. A runbook that rewinds the log by hand draws a new one.';
comment on column fleet_log.identity.created_at is 'When the log was made.';

create table fleet_log.incarnations (
    incarnation text primary key,
    after_seq bigint not null,
    began_at timestamptz(3) not null
);
comment on table fleet_log.incarnations is 'Which incarnation wrote which part of the log; tells how far an old position is still good.';
comment on column fleet_log.incarnations.incarnation is 'Eight hex digits, see fleet.incarnation().';
comment on column fleet_log.incarnations.after_seq is 'Head of the log when it began; what is above belongs to it or to a later one.';
comment on column fleet_log.incarnations.began_at is 'When the first request of it came.';

-- The log ---------------------------------------------------------------------------------------------------------

-- No CHECKs: they are parsed again for every statement; the trigger of projections/trigger.sql holds the payloads to
-- their schemas whoever writes.
create table fleet_log.events (
    seq bigint primary key,
    event_id text collate "C" not null unique,
    project text collate "C" not null,
    type text collate "C" not null,
    stream_type text collate "C" not null,
    stream_id text collate "C" not null,
    stream_version int not null,
    actor text collate "C" not null,
    causation_id text collate "C",
    correlation_id text collate "C",
    data jsonb not null,
    metadata jsonb not null default '{}',
    occurred_at timestamptz(3) not null,
    recorded_at timestamptz(3) not null,
    schema_version int not null default 1,
    unique (stream_id, stream_version)
) with (autovacuum_vacuum_insert_threshold = 10000);
-- The two filters people use most, in log order; BRIN costs nearly nothing on times that only grow.
create index events_project on fleet_log.events (project, seq);
create index events_type on fleet_log.events (type, seq);
create index events_actor on fleet_log.events (actor, seq);
create index events_correlation on fleet_log.events (correlation_id, seq) where correlation_id is not null;
create index events_causation on fleet_log.events (causation_id, seq) where causation_id is not null;
create index events_recorded on fleet_log.events using brin (recorded_at) with (pages_per_range = 32);
comment on table fleet_log.events is 'The log: seq order is commit order, without gaps; rows are never changed.';
comment on column fleet_log.events.seq is 'Position in the log, drawn under the order lock.';
comment on column fleet_log.events.event_id is 'evt_ and a UUIDv7; the idempotency key of the event itself.';
comment on column fleet_log.events.project is 'Key of the project; empty for events of the fleet itself (hosts).';
comment on column fleet_log.events.type is 'A type of the catalogue, or x.<name>.';
comment on column fleet_log.events.stream_type is 'Kind of entity the event belongs to.';
comment on column fleet_log.events.stream_id is 'Id of that entity.';
comment on column fleet_log.events.stream_version is 'Counts the events of the stream: 1, 2, 3 and so on.';
comment on column fleet_log.events.actor is 'Callsign, user or system that caused it.';
comment on column fleet_log.events.causation_id is 'The event that led to this one.';
comment on column fleet_log.events.correlation_id is 'The conversation or mission it belongs to.';
comment on column fleet_log.events.data is 'The payload, as its type''s schema says.';
comment on column fleet_log.events.metadata is 'Source, host, client version, trace context.';
comment on column fleet_log.events.occurred_at is 'When it happened, as the writer says.';
comment on column fleet_log.events.recorded_at is 'When the database took it, read after the order lock.';
comment on column fleet_log.events.schema_version is 'Version of the payload''s schema when it was written.';

-- The catalogue as tables; filled by sql/catalogue.sql, sql/transitions.sql and sql/commands*.sql -----------------------

create table fleet_log.event_types (
    type text collate "C" primary key,
    family text not null,
    stream_type text collate "C" not null,
    command text,
    is_open boolean not null default false,
    schema_version int not null default 1,
    words text not null
);
comment on table fleet_log.event_types is 'Every event type of the catalogue; generated from client/catalogue.';
comment on column fleet_log.event_types.type is 'Name of the type.';
comment on column fleet_log.event_types.family is 'Family that folds it.';
comment on column fleet_log.event_types.stream_type is 'Kind of stream it is written to.';
comment on column fleet_log.event_types.command is 'The command that alone may write it; null if open or of a later issue.';
comment on column fleet_log.event_types.is_open is 'True if anyone may append it.';
comment on column fleet_log.event_types.schema_version is 'Current version of its payload.';
comment on column fleet_log.event_types.words is 'What it says, in one sentence.';

create table fleet_log.transitions (
    entity text collate "C" not null,
    from_state text collate "C" not null,
    event text collate "C" not null,
    to_state text collate "C" not null,
    guard text,
    primary key (entity, from_state, event, to_state)
);
comment on table fleet_log.transitions is 'The state machines: what is not here is refused, whoever asks.';
comment on column fleet_log.transitions.entity is 'Kind of entity.';
comment on column fleet_log.transitions.from_state is 'State before; the word none for an entity that does not exist.';
comment on column fleet_log.transitions.event is 'Event that moves it.';
comment on column fleet_log.transitions.to_state is 'State after.';
comment on column fleet_log.transitions.guard is 'Condition the command checks, in words; null if none.';

create table fleet_log.commands (
    op text collate "C" primary key,
    family text not null,
    project text not null check (project in ('registered', 'any', 'none')),
    fence text not null check (fence in ('optional', 'required')),
    role text,
    words text not null
);
comment on table fleet_log.commands is 'The operations of fleet.act.';
comment on column fleet_log.commands.op is 'Name of the operation.';
comment on column fleet_log.commands.family is 'Family it belongs to.';
comment on column fleet_log.commands.project is 'registered: needs an active project; any: needs a key; none: belongs to the fleet.';
comment on column fleet_log.commands.fence is 'required: refused without a fencing token.';
comment on column fleet_log.commands.role is 'Role the caller needs; null for anyone.';
comment on column fleet_log.commands.words is 'What it does, in one sentence.';

create table fleet_log.command_fields (
    op text collate "C" not null,
    field text collate "C" not null,
    kind text not null check (kind in ('text', 'int', 'bool', 'texts', 'object', 'objects', 'any')),
    required boolean not null default false,
    least bigint,
    most bigint,
    pattern text,
    one_of text[],
    primary key (op, field)
);
comment on table fleet_log.command_fields is 'Fields of requests; op * is the request itself, fence its fence, event an element of append.';
comment on column fleet_log.command_fields.op is 'Operation.';
comment on column fleet_log.command_fields.field is 'Name of the field.';
comment on column fleet_log.command_fields.kind is 'Type in JSON; int is a whole number, texts an array of strings.';
comment on column fleet_log.command_fields.required is 'True if it must be there.';
comment on column fleet_log.command_fields.least is 'Smallest value, or fewest characters or elements.';
comment on column fleet_log.command_fields.most is 'Largest value, or most characters or elements.';
comment on column fleet_log.command_fields.pattern is 'Regular expression a text, or each of the texts, must match.';
comment on column fleet_log.command_fields.one_of is 'The only values a text may have.';

-- What a command gets and gives ------------------------------------------------------------------------------------

create type fleet_log.work as (
    ord int, op text, project text, actor text, caller text, key text, digest text,
    host text, epoch bigint, roles text[], metadata jsonb, fence jsonb, args jsonb,
    at timestamptz, head bigint, event_id text,
    code text, field text, message text, hint text, detail jsonb, result jsonb,
    seq bigint, replayed boolean, earlier int, scope text
);
create type fleet_log.draft as (
    project text, type text, stream_type text, stream_id text, data jsonb, causation_id text, actor text
);
comment on type fleet_log.draft is 'An event that a command wants written; see fleet_log.put_all.';
comment on type fleet_log.work is 'One request on its way through fleet.act: what was asked, where the log stands, what came out.';

create table fleet_live.idempotency (
    caller text collate "C" not null,
    key text collate "C" not null,
    op text not null,
    digest text not null,
    answer jsonb not null,
    seq bigint,
    stored_at timestamptz(3) not null,
    primary key (caller, key)
);
create index idempotency_age on fleet_live.idempotency using brin (stored_at);
comment on table fleet_live.idempotency is 'Answers to requests with a key, kept 24 hours; written in the transaction of the request.';
comment on column fleet_live.idempotency.caller is 'Who asked: uid, token or database user.';
comment on column fleet_live.idempotency.key is 'The caller''s key.';
comment on column fleet_live.idempotency.op is 'Operation.';
comment on column fleet_live.idempotency.digest is 'sha256 of the request''s body, hex.';
comment on column fleet_live.idempotency.answer is 'The row fleet.act gave: code, field, message, hint, detail, result.';
comment on column fleet_live.idempotency.seq is 'Last event of the request.';
comment on column fleet_live.idempotency.stored_at is 'When it was stored.';
