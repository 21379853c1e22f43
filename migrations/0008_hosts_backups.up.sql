-- breaking: no
-- What the fleet knows of its backups: one row for each kind on each host.

create table fleet_live.backups (
    host_id text collate "C" not null,
    kind text collate "C" not null check (kind in ('logical', 'physical', 'export')),
    tried_at timestamptz(3) not null,
    ok boolean not null,
    problem text,
    made_at timestamptz(3),
    path text,
    head_seq bigint,
    incarnation text,
    bytes bigint,
    kept int,
    took_ms bigint,
    due_at timestamptz(3),
    primary key (host_id, kind)
) with (fillfactor = 50);
comment on table fleet_live.backups is 'The last scheduled backup of each kind on each host, and how the last try went.';
comment on column fleet_live.backups.host_id is 'The host that made it and has it on its disk.';
comment on column fleet_live.backups.kind is 'logical (pg_dump), physical (pg_basebackup) or export (NDJSON).';
comment on column fleet_live.backups.tried_at is 'When the last try ended.';
comment on column fleet_live.backups.ok is 'True if the last try went well.';
comment on column fleet_live.backups.problem is 'What was wrong with the last try; null if nothing.';
comment on column fleet_live.backups.made_at is 'When the last good one was made.';
comment on column fleet_live.backups.path is 'Its directory on that host.';
comment on column fleet_live.backups.head_seq is 'Last event in it.';
comment on column fleet_live.backups.incarnation is 'Incarnation of the log that it copied.';
comment on column fleet_live.backups.bytes is 'Its size.';
comment on column fleet_live.backups.kept is 'How many of its kind that host keeps.';
comment on column fleet_live.backups.took_ms is 'How long it took.';
comment on column fleet_live.backups.due_at is 'When the next one is due at the latest; null when none is scheduled any more.';
