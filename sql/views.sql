-- The entities as views: what is in fleet_state, what is in fleet_live, side by side.

create view fleet.events as
select e.seq, e.event_id, e.project, e.type, e.stream_type, e.stream_id, e.stream_version, e.actor, e.causation_id,
       e.correlation_id,
       case when e.schema_version < t.schema_version then fleet_log.upcast(e.type, e.schema_version, e.data)
            else e.data end as data,
       e.metadata, e.occurred_at, e.recorded_at, greatest(e.schema_version, t.schema_version) as schema_version
  from fleet_log.events e
  left join fleet_log.event_types t on t.type = e.type;
comment on view fleet.events is 'The log, payloads in their newest version. Example: select * from fleet.events where project = ''demo'' order by seq desc limit 20';

create view fleet.projects as
select p.project, p.name, p.state, p.default_branch, p.vcs_url, p.registered_at, p.archived_at, p.archive_reason,
       p.project_id, p.version, p.last_seq
  from fleet_state.projects p;
comment on view fleet.projects is 'Code bases. Example: table fleet.projects';

create view fleet.hosts as
select h.host_id, h.hostname, h.state, h.state = 'joined' and l.deadline > clock_timestamp() as alive, h.version, h.pid,
       l.epoch, l.seen_at, l.deadline, l.lease_seconds, h.joined_at, h.left_at, h.stream_version, h.last_seq
  from fleet_state.hosts h
  left join fleet_live.hosts l on l.host_id = h.host_id;
comment on view fleet.hosts is 'Machines that run a fleetd, with their leases. Example: table fleet.hosts';

create view fleet.pilots as
select p.project, p.callsign, p.state, p.program, p.model, p.role, p.host, l.seen_at,
       case when p.state in ('active', 'idle')
            then l.seen_at + make_interval(secs => (select fleet_log.pilot_lease())) end as lease_until,
       p.current_sortie,
       p.task_description, p.capabilities, p.registered_at, p.changed_at, p.stale_since, p.left_reason, p.final_status,
       p.pilot_id, p.version, p.last_seq
  from fleet_state.pilots p
  left join fleet_live.pilots l on l.project = p.project and l.callsign = p.callsign;
comment on view fleet.pilots is 'Agents, with their last sign of life. Example: select * from fleet.pilots where state = ''active''';

create view fleet.cursors as
select c.project, c.consumer, c.seq, head.seq - c.seq as behind, c.moved_at, c.event_id, c.incarnation
  from fleet_live.cursors c
 cross join (select coalesce(max(e.seq), 0) as seq from fleet_log.events e) head;
comment on view fleet.cursors is 'Durable consumers and how far each is behind. Example: table fleet.cursors';

create view fleet.leaders as
select l.duty, nullif(l.holder, '') as holder, l.epoch, l.since,
       exists (select from pg_locks k where k.locktype = 'advisory' and k.granted and k.objsubid = 2
                  and k.classid::bigint = 1179403590 and k.objid::bigint = l.number) as lock_held
  from fleet_live.leaders l;
comment on view fleet.leaders is 'Who does which duty. Example: table fleet.leaders';
comment on column fleet.leaders.lock_held is 'True if a session really holds the duty''s lock.';

create view fleet.event_types as
select t.type, t.family, t.command, t.is_open, t.schema_version, t.words from fleet_log.event_types t;
comment on view fleet.event_types is 'The catalogue of events. Example: select * from fleet.event_types where family = ''pilot''';

create view fleet.transitions as
select t.entity, t.from_state, t.event, t.to_state, t.guard from fleet_log.transitions t;
comment on view fleet.transitions is 'The state machines. Example: select * from fleet.transitions where entity = ''pilot''';

create view fleet.operations as
select c.op, c.family, c.role, c.fence, c.words,
       (select string_agg(f.field || case when f.required then '' else '?' end, ', ' order by not f.required, f.field)
          from fleet_log.command_fields f where f.op = c.op) as arguments
  from fleet_log.commands c;
comment on view fleet.operations is 'What fleet.act can do. Example: table fleet.operations';
comment on column fleet.operations.arguments is 'Names of the arguments; ? marks an optional one.';

comment on column fleet.pilots.lease_until is 'When it turns stale, if no sign of life comes.';
comment on column fleet.hosts.alive is 'True while its lease runs.';
comment on column fleet.cursors.behind is 'Events between the cursor and the head.';
