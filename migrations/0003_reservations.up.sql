-- breaking: no
-- Reservations: who holds which patterns, who waits for some, and by which index an overlap is found.

create table fleet_state.reservations (
    reservation_id text collate "C" primary key,
    project text collate "C" not null,
    holder text collate "C" not null,
    patterns text[] not null,
    mode text not null,
    purpose text not null,
    reason text,
    sortie_id text collate "C",
    ttl_seconds int not null,
    state text not null,
    token bigint not null,
    reserved_at timestamptz(3) not null,
    extended_at timestamptz(3) not null,
    expires_at timestamptz(3) not null,
    ended_at timestamptz(3),
    end_cause text,
    ended_by text,
    end_reason text,
    version int not null,
    last_seq bigint not null
) with (fillfactor = 70);
-- No index holds expires_at: an extension is a HOT update. What a fold writes needs no CHECK: its events were checked,
-- and each constraint would cost every grant some microseconds.
create index reservations_active on fleet_state.reservations (project, holder) where state = 'active';
comment on table fleet_state.reservations is 'Leases on file patterns, those that ended included.';
comment on column fleet_state.reservations.reservation_id is 'rsv_ id; the stream.';
comment on column fleet_state.reservations.project is 'Key of the project.';
comment on column fleet_state.reservations.holder is 'Who holds the files.';
comment on column fleet_state.reservations.patterns is 'What is held, canonical, in the order asked for.';
comment on column fleet_state.reservations.mode is 'exclusive, or shared with other shared ones.';
comment on column fleet_state.reservations.purpose is 'edit, read, review or delete: a label.';
comment on column fleet_state.reservations.reason is 'What the holder says it is for.';
comment on column fleet_state.reservations.sortie_id is 'Sortie it belongs to.';
comment on column fleet_state.reservations.ttl_seconds is 'How long a sign of life of the holder is good for.';
comment on column fleet_state.reservations.state is 'active (lapsed ones included), released, expired or forced.';
comment on column fleet_state.reservations.token is 'Fencing token: seq of the event that granted it.';
comment on column fleet_state.reservations.reserved_at is 'When it was granted.';
comment on column fleet_state.reservations.extended_at is 'When it was granted or last extended.';
comment on column fleet_state.reservations.expires_at is 'What was promised; signs of life of the holder may keep it longer, see fleet.reservations.';
comment on column fleet_state.reservations.ended_at is 'When it ended, if it has.';
comment on column fleet_state.reservations.end_cause is 'explicit, expired, holder_lost, pilot_stale, deregistered, sortie_done or forced.';
comment on column fleet_state.reservations.ended_by is 'Whose command ended it.';
comment on column fleet_state.reservations.end_reason is 'Why it was forced.';
comment on column fleet_state.reservations.version is 'Version of the stream; the ETag.';
comment on column fleet_state.reservations.last_seq is 'Last event that changed the row.';

create table fleet_state.reservation_requests (
    reservation_id text collate "C" primary key,
    project text collate "C" not null,
    holder text collate "C" not null,
    patterns text[] not null,
    mode text not null check (mode in ('exclusive', 'shared')),
    purpose text not null,
    reason text,
    ttl_seconds int not null,
    priority text not null check (priority in ('low', 'medium', 'high', 'critical')),
    state text not null check (state in ('waiting', 'granted', 'timeout', 'cancelled', 'deadlock')),
    arrival bigint not null,
    started_at timestamptz(3) not null,
    deadline timestamptz(3) not null,
    ended_at timestamptz(3),
    version int not null,
    last_seq bigint not null
) with (fillfactor = 70);
create index reservation_requests_waiting on fleet_state.reservation_requests (project, arrival) where state = 'waiting';
create index reservation_requests_holder on fleet_state.reservation_requests (project, holder) where state = 'waiting';
comment on table fleet_state.reservation_requests is 'Requests that waited in line for files, those whose wait is over included.';
comment on column fleet_state.reservation_requests.reservation_id is 'rsv_ id that the reservation has once it is granted; the stream.';
comment on column fleet_state.reservation_requests.project is 'Key of the project.';
comment on column fleet_state.reservation_requests.holder is 'Who waits.';
comment on column fleet_state.reservation_requests.patterns is 'What is asked for, canonical.';
comment on column fleet_state.reservation_requests.mode is 'exclusive or shared.';
comment on column fleet_state.reservation_requests.purpose is 'edit, read, review or delete: a label.';
comment on column fleet_state.reservation_requests.reason is 'What it is for.';
comment on column fleet_state.reservation_requests.ttl_seconds is 'Time to live once it is granted.';
comment on column fleet_state.reservation_requests.priority is 'Place in the line: by priority, then arrival; each minute of waiting counts as one step of priority.';
comment on column fleet_state.reservation_requests.state is 'waiting, granted, timeout, cancelled or deadlock.';
comment on column fleet_state.reservation_requests.arrival is 'Seq of the event that began the wait.';
comment on column fleet_state.reservation_requests.started_at is 'When the wait began.';
comment on column fleet_state.reservation_requests.deadline is 'When it gives up.';
comment on column fleet_state.reservation_requests.ended_at is 'When the wait ended, if it has.';
comment on column fleet_state.reservation_requests.version is 'Version of the stream.';
comment on column fleet_state.reservation_requests.last_seq is 'Last event that changed the row.';

create table fleet_state.reservation_patterns (
    reservation_id text collate "C" not null,
    ord int not null,
    project text collate "C" not null,
    holder text collate "C" not null,
    pattern text collate "C" not null,
    kind text collate "C" not null,
    prefix text collate "C" not null,
    tail text collate "C" not null,
    likeness text collate "C" not null,
    exclusive boolean not null,
    waiting boolean not null,
    last_seq bigint not null,
    primary key (reservation_id, ord)
);
create index reservation_patterns_prefix on fleet_state.reservation_patterns (project, prefix);
comment on table fleet_state.reservation_patterns is 'One row a pattern that is held or waited for now: what an overlap is looked for in.';
comment on column fleet_state.reservation_patterns.reservation_id is 'The reservation or request.';
comment on column fleet_state.reservation_patterns.ord is 'Place of the pattern in it, from 1.';
comment on column fleet_state.reservation_patterns.project is 'Key of the project.';
comment on column fleet_state.reservation_patterns.holder is 'Who holds or waits.';
comment on column fleet_state.reservation_patterns.pattern is 'The pattern, canonical.';
comment on column fleet_state.reservation_patterns.kind is 'file (no wildcard), tree (a directory and all below it) or glob.';
comment on column fleet_state.reservation_patterns.prefix is 'The path of a file, the directory of a tree without its slash, the literal directories of a glob with it.';
comment on column fleet_state.reservation_patterns.tail is 'Characters that every path it covers ends with.';
comment on column fleet_state.reservation_patterns.likeness is 'For LIKE: matches at least the paths that a glob covers; empty for files and trees.';
comment on column fleet_state.reservation_patterns.exclusive is 'True if its mode is exclusive.';
comment on column fleet_state.reservation_patterns.waiting is 'True if it is waited for, false if it is held.';
comment on column fleet_state.reservation_patterns.last_seq is 'Event that wrote the row.';

create table fleet_live.waiters (
    reservation_id text collate "C" primary key,
    host text collate "C",
    epoch bigint,
    sortie_id text collate "C"
) with (fillfactor = 50);
comment on table fleet_live.waiters is 'What a waiting request needs beside its event: a row for each that waits.';
comment on column fleet_live.waiters.reservation_id is 'The request.';
comment on column fleet_live.waiters.host is 'Host whose daemon holds the client''s connection; null for a person at psql.';
comment on column fleet_live.waiters.epoch is 'Epoch of that host; when it moves, the wait is dead.';
comment on column fleet_live.waiters.sortie_id is 'Sortie the reservation will belong to.';

-- What an overlap search finds, and what of it stands in the way.
create type fleet_log.overlap as (
    requested text, reservation_id text, holder text, pattern text, exclusive boolean, waiting boolean
);
comment on type fleet_log.overlap is 'A pattern that was asked about, and a held or waited-for pattern that shares a path with it.';
create type fleet_log.obstacle as (
    requested text, reservation_id text, holder text, pattern text, exclusive boolean, waiting boolean,
    own boolean, lapsed boolean, expires_at timestamptz, reserved_at timestamptz
);
comment on type fleet_log.obstacle is 'An overlap with what decides whether it stands in the way.';
