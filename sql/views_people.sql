-- Views for people at psql: they read well at 120 columns. Here `project` is the end of a project's key, ids are their
-- last six characters (commands take them so), and what is too long ends in an ellipsis.

create view fleet.log as
select e.seq, to_char(e.recorded_at, 'HH24:MI:SS') as at, fleet_log.short_project(e.project) as project,
       fleet_log.cut(e.actor, 12) as actor, e.type,
       fleet_log.cut(fleet_log.says(e.type, e.data, fleet_log.subject_of(e.stream_id)), 39) as says
  from fleet.events e
 order by e.seq desc;
comment on view fleet.log is 'The log, one readable line an event, newest first. Example: select * from fleet.log limit 20';
comment on column fleet.log.at is 'Time of day, in the session''s time zone.';
comment on column fleet.log.says is 'What happened to what; all of it is in fleet.events.';

create view fleet.timeline as
select date_trunc('minute', e.recorded_at) as minute, fleet_log.short_project(e.project) as project, count(*) as events,
       count(distinct e.actor) as actors, fleet_log.cut(string_agg(distinct e.type, ', '), 50) as types
  from fleet_log.events e
 where e.recorded_at > clock_timestamp() - interval '24 hours'
 group by 1, e.project
 order by 1 desc, 2;
comment on view fleet.timeline is 'What happened a minute, the last day. Example: select * from fleet.timeline limit 30';
comment on column fleet.timeline.minute is 'Begin of the minute.';
comment on column fleet.timeline.events is 'Events in it.';
comment on column fleet.timeline.actors is 'How many different actors.';
comment on column fleet.timeline.types is 'Which types.';

create view fleet.hosts_alive as
select fleet_log.cut(h.hostname, 18) as hostname, h.host_id, fleet_log.cut(h.version, 10) as version, h.pid,
       round(extract(epoch from h.deadline - clock_timestamp())::numeric, 1) as seconds_left,
       (select count(*) from fleet_state.pilots p where p.host = h.host_id and p.state in ('active', 'idle')) as pilots,
       (select fleet_log.cut(coalesce(string_agg(l.duty, ', ' order by l.duty), ''), 16) from fleet_live.leaders l
         where l.holder = h.host_id) as leads
  from fleet.hosts h
 where h.alive
 order by h.hostname, h.host_id;
comment on view fleet.hosts_alive is 'Hosts whose lease runs. Example: table fleet.hosts_alive';
comment on column fleet.hosts_alive.seconds_left is 'Until its lease ends, if no beat comes.';
comment on column fleet.hosts_alive.pilots is 'Live pilots that registered from it.';
comment on column fleet.hosts_alive.leads is 'Duties of the whole fleet that it does.';

create view fleet.stale as
select 'pilot' as what, fleet_log.short_project(p.project) as project, fleet_log.cut(p.callsign, 30) as name, p.state,
       fleet.time_words(extract(epoch from clock_timestamp() - l.seen_at)) as silent_for,
       round(extract(epoch from clock_timestamp() - l.seen_at))::bigint as silent_seconds
  from fleet_state.pilots p
  join fleet_live.pilots l on l.project = p.project and l.callsign = p.callsign
 where p.state = 'stale' or (p.state in ('active', 'idle')
       and l.seen_at < clock_timestamp() - make_interval(secs => (select fleet_log.pilot_lease())))
union all
select 'host', '', fleet_log.cut(h.hostname, 30), case h.state when 'joined' then 'late' else h.state end,
       fleet.time_words(extract(epoch from clock_timestamp() - l.seen_at)),
       round(extract(epoch from clock_timestamp() - l.seen_at))::bigint
  from fleet_state.hosts h
  join fleet_live.hosts l on l.host_id = h.host_id
 where h.state = 'lost' or (h.state = 'joined' and l.deadline < clock_timestamp())
 order by 6 desc;
comment on view fleet.stale is 'Pilots and hosts without a sign of life. Example: table fleet.stale';
comment on column fleet.stale.what is 'pilot or host.';
comment on column fleet.stale.name is 'Callsign or hostname.';
comment on column fleet.stale.state is 'stale, lost, or late: not yet declared.';
comment on column fleet.stale.silent_for is 'Since its last sign of life.';
comment on column fleet.stale.silent_seconds is 'The same as a number.';

create view fleet.locks as
select l.pid, fleet.lock_name(l.classid::bigint, l.objid::bigint) as lock, l.granted, a.application_name,
       round(extract(epoch from clock_timestamp() - coalesce(l.waitstart, a.state_change))::numeric, 1) as seconds
  from pg_locks l
  left join pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'advisory' and l.objsubid = 2 and l.classid::bigint between 1179403589 and 1179403593
   and l.database = (select d.oid from pg_database d where d.datname = current_database())
 order by l.granted, 2;
comment on view fleet.locks is 'Our advisory locks by name, waiters first. Example: table fleet.locks';
comment on column fleet.locks.pid is 'Backend.';
comment on column fleet.locks.lock is 'What is locked.';
comment on column fleet.locks.granted is 'False for one who waits.';
comment on column fleet.locks.application_name is 'Which daemon and duty.';
comment on column fleet.locks.seconds is 'How long it has waited, or since its session last changed state.';

create view fleet.bus as
select 'head' as what, (select coalesce(max(e.seq), 0) from fleet_log.events e)::numeric as value, 'seq' as unit
union all
select 'events in the last minute', count(*), 'events' from fleet_log.events e
 where e.recorded_at > clock_timestamp() - interval '1 minute'
union all
select 'notification queue', round((pg_notification_queue_usage() * 100)::numeric, 3), '%'
union all
select 'listeners', count(*), 'sessions' from pg_stat_activity a
 where a.datname = current_database() and a.application_name like 'fleetd/%/listen%'
union all
select 'cursor ' || c.project || ' ' || c.consumer, c.behind, 'events behind' from fleet.cursors c;
comment on view fleet.bus is 'How the bus is: head, queue, listeners, lag of each cursor. Example: table fleet.bus';
comment on column fleet.bus.what is 'What is measured.';
comment on column fleet.bus.value is 'The figure.';
comment on column fleet.bus.unit is 'Its unit.';

do $$
declare
    item record;
begin
    for item in
        select c.oid::regclass as name, a.attname, case a.attname when 'project' then 'End of the project''s key.'
                   when 'actor' then 'Who did it.' end as words
          from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname in ('project', 'actor')
         where c.oid = any(array['fleet.log', 'fleet.timeline', 'fleet.stale']::regclass[])
    loop
        execute format('comment on column %s.%I is %L', item.name, item.attname, item.words);
    end loop;
end $$;
