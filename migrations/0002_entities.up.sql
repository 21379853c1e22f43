-- breaking: no
-- Projects, hosts, pilots, cursors, leaders: projections in fleet_state, what signs of life move in fleet_live.

create table fleet_state.projects (
    project text collate "C" primary key,
    project_id text collate "C" not null unique,
    name text not null,
    vcs_url text,
    default_branch text,
    state text not null check (state in ('active', 'archived')),
    registered_at timestamptz(3) not null,
    archived_at timestamptz(3),
    archive_reason text,
    version int not null,
    last_seq bigint not null
);
comment on table fleet_state.projects is 'Code bases the fleet works on.';
comment on column fleet_state.projects.project is 'Key, the same on every host: the normalised git remote, or a chosen name.';
comment on column fleet_state.projects.project_id is 'prj_ id; the stream.';
comment on column fleet_state.projects.name is 'Name for people.';
comment on column fleet_state.projects.vcs_url is 'Where the code is cloned from.';
comment on column fleet_state.projects.default_branch is 'Branch that work is merged to.';
comment on column fleet_state.projects.state is 'active or archived.';
comment on column fleet_state.projects.registered_at is 'When it was first registered.';
comment on column fleet_state.projects.archived_at is 'When it was archived, if it is.';
comment on column fleet_state.projects.archive_reason is 'Why it was archived.';
comment on column fleet_state.projects.version is 'Version of the stream; the ETag.';
comment on column fleet_state.projects.last_seq is 'Last event that changed the row.';

create table fleet_state.hosts (
    host_id text collate "C" primary key,
    hostname text not null,
    version text not null,
    pid bigint not null,
    state text not null check (state in ('joined', 'left', 'lost')),
    joined_at timestamptz(3) not null,
    left_at timestamptz(3),
    epoch bigint not null,
    stream_version int not null,
    last_seq bigint not null
);
comment on table fleet_state.hosts is 'Machines that run a fleetd.';
comment on column fleet_state.hosts.host_id is 'host_ id, made on the first start and kept in the state directory.';
comment on column fleet_state.hosts.hostname is 'Name of the machine.';
comment on column fleet_state.hosts.version is 'Version of its fleetd.';
comment on column fleet_state.hosts.pid is 'Process id of its fleetd.';
comment on column fleet_state.hosts.state is 'joined, left (said goodbye) or lost (was declared lost).';
comment on column fleet_state.hosts.joined_at is 'When it joined last.';
comment on column fleet_state.hosts.left_at is 'When it left or was lost, if it has not joined since.';
comment on column fleet_state.hosts.epoch is 'Seq of its last joining or leaving; commands of an older epoch are refused.';
comment on column fleet_state.hosts.stream_version is 'Version of the stream; the ETag.';
comment on column fleet_state.hosts.last_seq is 'Last event that changed the row.';

create table fleet_state.pilots (
    project text collate "C" not null,
    callsign text collate "C" not null,
    pilot_id text collate "C" not null unique,
    program text not null,
    model text not null,
    role text,
    capabilities text[] not null,
    task_description text,
    host text collate "C",
    state text not null check (state in ('active', 'idle', 'stale', 'deregistered')),
    current_sortie text collate "C",
    registered_at timestamptz(3) not null,
    changed_at timestamptz(3) not null,
    stale_since timestamptz(3),
    left_reason text,
    final_status text,
    version int not null,
    last_seq bigint not null,
    primary key (project, callsign)
);
create index pilots_host on fleet_state.pilots (host) where host is not null;
comment on table fleet_state.pilots is 'Agent identities of each project.';
comment on column fleet_state.pilots.project is 'Key of the project.';
comment on column fleet_state.pilots.callsign is 'Name, unique in the project.';
comment on column fleet_state.pilots.pilot_id is 'plt_ id; the stream.';
comment on column fleet_state.pilots.program is 'claude-code, codex, opencode and so on.';
comment on column fleet_state.pilots.model is 'Model it runs on.';
comment on column fleet_state.pilots.role is 'Role it takes work for.';
comment on column fleet_state.pilots.capabilities is 'What it can do, sorted.';
comment on column fleet_state.pilots.task_description is 'What it says it is doing.';
comment on column fleet_state.pilots.host is 'Host it was registered from.';
comment on column fleet_state.pilots.state is 'active, idle, stale or deregistered.';
comment on column fleet_state.pilots.current_sortie is 'Sortie it works on.';
comment on column fleet_state.pilots.registered_at is 'When it registered first.';
comment on column fleet_state.pilots.changed_at is 'When an event last changed it.';
comment on column fleet_state.pilots.stale_since is 'When it turned stale, if it is.';
comment on column fleet_state.pilots.left_reason is 'Why it deregistered, if it did.';
comment on column fleet_state.pilots.final_status is 'What it said on deregistering.';
comment on column fleet_state.pilots.version is 'Version of the stream; the ETag.';
comment on column fleet_state.pilots.last_seq is 'Last event that changed the row.';

-- Live tables: small, hot, updated in place; half of each page is left free so that updates stay HOT. --------------------

create table fleet_live.hosts (
    host_id text collate "C" primary key,
    number int generated always as identity unique,
    epoch bigint not null,
    lease_seconds int not null,
    deadline timestamptz(3),
    seen_at timestamptz(3) not null
) with (fillfactor = 50);
comment on table fleet_live.hosts is 'Leases of hosts; every host of fleet_state.hosts has a row.';
comment on column fleet_live.hosts.host_id is 'The host.';
comment on column fleet_live.hosts.number is 'Number of its beacon lock.';
comment on column fleet_live.hosts.epoch is 'What its commands must carry: seq of its last joining or leaving.';
comment on column fleet_live.hosts.lease_seconds is 'How long one beat is good for.';
comment on column fleet_live.hosts.deadline is 'When its lease runs out; null once it left or was lost.';
comment on column fleet_live.hosts.seen_at is 'Last beat.';

create table fleet_live.pilots (
    project text collate "C" not null,
    callsign text collate "C" not null,
    seen_at timestamptz(3) not null,
    token_hash text,
    primary key (project, callsign)
) with (fillfactor = 50);
comment on table fleet_live.pilots is 'Signs of life of pilots; every pilot of fleet_state.pilots has a row.';
comment on column fleet_live.pilots.project is 'Key of the project.';
comment on column fleet_live.pilots.callsign is 'The pilot.';
comment on column fleet_live.pilots.seen_at is 'Last sign of life.';
comment on column fleet_live.pilots.token_hash is 'Hash of the token that acting as it over TCP needs.';

create table fleet_live.cursors (
    project text collate "C" not null,
    consumer text collate "C" not null,
    seq bigint not null,
    event_id text collate "C",
    incarnation text not null,
    moved_at timestamptz(3) not null,
    primary key (project, consumer)
) with (fillfactor = 50);
comment on table fleet_live.cursors is 'Durable positions of named consumers; they move forward only.';
comment on column fleet_live.cursors.project is 'Key of the project; empty for a consumer of the whole log.';
comment on column fleet_live.cursors.consumer is 'Name of the consumer.';
comment on column fleet_live.cursors.seq is 'Everything up to here was consumed.';
comment on column fleet_live.cursors.event_id is 'Event at that seq: tells a log that was rewound.';
comment on column fleet_live.cursors.incarnation is 'Incarnation of the log when the cursor moved.';
comment on column fleet_live.cursors.moved_at is 'When it moved.';

create table fleet_live.leaders (
    duty text collate "C" primary key,
    number int generated always as identity unique,
    holder text not null,
    epoch bigint not null,
    since timestamptz(3) not null
) with (fillfactor = 50);
comment on table fleet_live.leaders is 'Who does a duty that only one daemon may do; every write of a leader names its epoch.';
comment on column fleet_live.leaders.duty is 'Name of the duty.';
comment on column fleet_live.leaders.number is 'Number of its advisory lock.';
comment on column fleet_live.leaders.holder is 'Host that leads.';
comment on column fleet_live.leaders.epoch is 'Counts the leaders; a write with another epoch is refused.';
comment on column fleet_live.leaders.since is 'When this leader began.';
