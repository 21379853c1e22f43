-- Each kind of entity as a JSON object: what commands answer, lists show and clients read. One place a kind.

create view fleet_log.project_items as
select p.project, p.state, jsonb_build_object(
           'key', p.project, 'project_id', p.project_id, 'name', p.name, 'vcs_url', p.vcs_url,
           'default_branch', p.default_branch, 'status', p.state,
           'registered_at', fleet_log.json_time(p.registered_at), 'archived_at', fleet_log.json_time(p.archived_at),
           'archive_reason', p.archive_reason, 'stream_version', p.version, 'last_seq', p.last_seq) as item
  from fleet_state.projects p;
comment on view fleet_log.project_items is 'Projects as JSON.';

create view fleet_log.host_items as
select h.host_id, h.state, jsonb_build_object(
           'host_id', h.host_id, 'hostname', h.hostname, 'version', h.version, 'pid', h.pid, 'status', h.state,
           'alive', h.state = 'joined' and l.deadline > clock_timestamp(), 'epoch', l.epoch,
           'joined_at', fleet_log.json_time(h.joined_at), 'left_at', fleet_log.json_time(h.left_at),
           'last_seen_at', fleet_log.json_time(l.seen_at), 'deadline', fleet_log.json_time(l.deadline),
           'lease_seconds', l.lease_seconds,
           'pilots', (select count(*) from fleet_state.pilots p where p.host = h.host_id and p.state in ('active', 'idle')),
           'duties', (select coalesce(jsonb_agg(d.duty order by d.duty), '[]') from fleet_live.leaders d
                       where d.holder = h.host_id and h.state = 'joined'),
           'stream_version', h.stream_version, 'last_seq', h.last_seq) as item
  from fleet_state.hosts h
  left join fleet_live.hosts l on l.host_id = h.host_id;
comment on view fleet_log.host_items is 'Hosts as JSON.';

create function fleet_log.pilot_lease()
returns int
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The leader's setting, as it was in its last round.
    return coalesce((select s.stale_seconds from fleet_live.sweeps s where s.duty = 'sweep'), 300);
end $$;
comment on function fleet_log.pilot_lease is
    'Seconds that a sign of life of a pilot is good for. Example: select fleet_log.pilot_lease()';

create view fleet_log.pilot_items as
select p.project, p.callsign, p.state, p.program, p.host, p.role, p.capabilities, jsonb_build_object(
           'pilot_id', p.pilot_id, 'project', p.project, 'callsign', p.callsign, 'program', p.program,
           'model', p.model, 'role', p.role, 'capabilities', p.capabilities, 'task_description', p.task_description,
           'host', p.host, 'status', p.state, 'current_sortie', p.current_sortie,
           'registered_at', fleet_log.json_time(p.registered_at), 'changed_at', fleet_log.json_time(p.changed_at),
           'last_seen_at', fleet_log.json_time(l.seen_at), 'stale_since', fleet_log.json_time(p.stale_since),
           'silent_seconds', greatest(0, floor(extract(epoch from clock_timestamp() - l.seen_at)))::bigint,
           'lease_until', case when p.state in ('active', 'idle')
               then fleet_log.json_time(l.seen_at + make_interval(secs => (select fleet_log.pilot_lease()))) end,
           'left_reason', p.left_reason, 'final_status', p.final_status,
           'stream_version', p.version, 'last_seq', p.last_seq) as item
  from fleet_state.pilots p
  left join fleet_live.pilots l on l.project = p.project and l.callsign = p.callsign;
comment on view fleet_log.pilot_items is 'Pilots as JSON.';

create view fleet_log.cursor_items as
select c.project, c.consumer, jsonb_build_object(
           'project', c.project, 'consumer', c.consumer, 'seq', c.seq, 'position', c.incarnation || '.' || c.seq,
           'event_id', c.event_id, 'lag', head.seq - c.seq, 'moved_at', fleet_log.json_time(c.moved_at)) as item
  from fleet_live.cursors c
 cross join (select coalesce(max(e.seq), 0) as seq from fleet_log.events e) head;
comment on view fleet_log.cursor_items is 'Cursors as JSON, with how far each is behind.';

do $$
declare
    item record;
begin
    for item in
        select c.oid::regclass as name, a.attname, case a.attname
                   when 'item' then 'The JSON object.' when 'state' then 'State, to filter by.'
                   when 'project' then 'Key of the project.' when 'host_id' then 'Id of the host.'
                   when 'callsign' then 'Callsign of the pilot.' when 'program' then 'Program, to filter by.'
                   when 'host' then 'Host, to filter by.' when 'role' then 'Role, to filter by.'
                   when 'capabilities' then 'Capabilities, to filter by.' when 'consumer' then 'Name of the consumer.' end as words
          from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
         where c.relnamespace = 'fleet_log'::regnamespace and c.relname like '%\_items'
    loop
        execute format('comment on column %s.%I is %L', item.name, item.attname, item.words);
    end loop;
end $$;
