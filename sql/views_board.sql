-- How far the work is and what stands in its way, for people and for the board.

create view fleet_log.stuck_rows as
select 'halt' as kind, case when h.scope_kind = 'fleet' then null else h.project end as project,
       coalesce((select m.title from fleet_state.missions m where m.mission_id = h.scope_id), nullif(h.scope_id, '')) as who,
       h.halted_by as waits_for, h.scope_kind || ': ' || coalesce(h.reason, '') as what, h.halt_id as id,
       h.halted_at as since, null::timestamptz as until
  from fleet_state.halts h where h.halted
union all
select 'files', w.project, w.holder, w.waits_for, array_to_string(w.patterns, ' '), w.reservation_id, w.since, w.deadline
  from fleet_log.waiting_rows w
union all
select 'blocked', s.project, s.pilot, coalesce(s.blocker_id, s.blocker_type), s.title || ': ' || s.blocked_reason,
       s.sortie_id, s.blocked_at, null
  from fleet_state.sorties s where s.state = 'blocked'
union all
select 'review', s.project, s.pilot, s.reviewer, s.title, s.sortie_id, s.review_at, null
  from fleet_state.sorties s where s.state = 'review'
union all
select 'review', m.project, m.created_by, null, m.title, m.mission_id, m.review_at, null
  from fleet_state.missions m where m.state = 'review'
union all
select 'ack', r.project, r.sender, r.recipient, m.subject, r.message_id, m.sent_at, r.ack_due_at
  from fleet_state.message_recipients r
  join fleet_state.messages m on m.message_id = r.message_id
 where r.awaits_ack
union all
-- Never ready any more, unless somebody changes something.
select 'broken', s.project, null, (
           select string_agg(coalesce(o.name, o.title) || ' (' || o.state || ')', ', ' order by d.ord)
             from fleet_state.sortie_dependencies d join fleet_state.sorties o on o.sortie_id = d.needs
            where d.sortie_id = s.sortie_id and o.state in ('completed', 'failed', 'cancelled', 'skipped')),
       s.title, s.sortie_id, s.created_at, null
  from fleet_state.sorties s where s.state = 'pending' and s.gate = 'broken'
union all
select 'no pilot', s.project, null,
       concat_ws(' with ', 'role ' || s.role, nullif(array_to_string(s.capabilities, ', '), '')),
       s.title, s.sortie_id, s.created_at, null
  from fleet_state.sorties s
 where s.ready and not exists (
           select from fleet_state.pilots p
            where p.project = s.project and p.state in ('active', 'idle')
              and (s.role is null or p.role = s.role) and p.capabilities @> s.capabilities)
union all
select 'dead', o.project, o.created_by, null, o.kind || coalesce(': ' || (
           select e.data #>> '{error,message}' from fleet_log.events e where e.seq = o.failed_seq), ''),
       o.work_order_id, o.ended_at, null
  from fleet_state.work_orders o where o.state = 'dead'
union all
select 'stale', p.project, p.callsign, null, coalesce(p.task_description, p.program), p.pilot_id, p.stale_since, null
  from fleet_state.pilots p where p.state = 'stale';
comment on view fleet_log.stuck_rows is 'What does not move, and for whom or what it waits.';

create view fleet.stuck as
select w.kind, fleet_log.short_project(coalesce(w.project, '(all)')) as project, fleet_log.cut(w.who, 14) as who,
       fleet_log.cut(w.waits_for, 22) as waits_for, fleet_log.cut(w.what, 34) as what,
       fleet.time_words(extract(epoch from clock_timestamp() - w.since)) as for, '…' || right(w.id, 6) as id
  from fleet_log.stuck_rows w
 order by w.since;
comment on view fleet.stuck is 'Why nothing moves: halts, waits, blocks, reviews, answers that are due, the oldest first. Example: table fleet.stuck';

create view fleet.board as
select fleet_log.short_project(m.project) as project, fleet_log.cut(m.title, 26) as mission, m.state as status,
       repeat('█', p.percent / 10) || repeat('░', 10 - p.percent / 10) || lpad(p.percent || ' %', 6) as progress,
       p.done || '/' || p.total as done,
       fleet_log.cut(concat_ws(', ', case when m.deadline < clock_timestamp() and m.ended_at is null then 'LATE' end,
           p.working || ' at work', p.blocked || ' blocked', p.failed || ' failed', p.ready || ' ready'), 29) as now
  from fleet_state.missions m
  join lateral (
       select case when m.state = 'completed' then 100 else coalesce(floor(avg(
                  case when s.state in ('completed', 'skipped', 'cancelled') then 100 else s.progress end)), 0)::int end
                  as percent,
              count(*) as total, count(*) filter (where s.state in ('completed', 'skipped')) as done,
              nullif(count(*) filter (where s.state in ('assigned', 'in_progress', 'review')), 0) as working,
              nullif(count(*) filter (where s.ready), 0) as ready,
              nullif(count(*) filter (where s.state = 'blocked'), 0) as blocked,
              nullif(count(*) filter (where s.state = 'failed'), 0) as failed
         from fleet_state.sorties s where s.mission_id = m.mission_id) p on true
 order by case m.state when 'in_progress' then 0 when 'review' then 1 when 'pending' then 2 else 3 end,
          case when m.ended_at is null then array_position('{critical,high,medium,low}', m.priority) end,
          m.ended_at desc nulls first, m.mission_id;
comment on view fleet.board is 'Missions with their progress, those under way first. Example: select * from fleet.board where status = ''in_progress''';
comment on column fleet.board.mission is 'Its title.';
comment on column fleet.board.status is 'pending, in_progress, review, completed, failed or cancelled.';
comment on column fleet.board.progress is 'How far its sorties are.';
comment on column fleet.board.done is 'Sorties that were completed or skipped, of all.';
comment on column fleet.board.now is 'What goes on in it.';

create view fleet.overview as
select fleet_log.short_project(p.project) as project,
       case when exists (select from fleet_state.halts h where h.halted and (h.scope_kind = 'fleet'
                             or h.scope_kind = 'project' and h.project = p.project)) then 'HALTED' else p.state end as state,
       (select count(*) from fleet_state.missions m
         where m.project = p.project and m.state in ('pending', 'in_progress', 'review')) as missions,
       s.work, s.ready, s.stuck, a.pilots, a.stale,
       (select count(*) from fleet_state.reservation_requests r where r.project = p.project and r.state = 'waiting')
           as waits,
       o.orders, o.dead,
       (select count(*) from fleet_state.message_recipients m where m.project = p.project and m.state = 'unread') as unread,
       (select fleet.time_words(extract(epoch from clock_timestamp() - e.recorded_at)) from fleet_log.events e
         where e.project = p.project order by e.seq desc limit 1) as ago
  from fleet_state.projects p,
       lateral (select count(*) filter (where s.state in ('assigned', 'in_progress', 'review')) as work,
                       count(*) filter (where s.state = 'pending' and s.ready) as ready,
                       count(*) filter (where s.state = 'blocked') as stuck
                  from fleet_state.sorties s
                 where s.project = p.project and s.state in ('pending', 'assigned', 'in_progress', 'review', 'blocked')) s,
       lateral (select count(*) filter (where a.state <> 'stale') as pilots,
                       count(*) filter (where a.state = 'stale') as stale
                  from fleet_state.pilots a where a.project = p.project and a.state <> 'deregistered') a,
       lateral (select count(*) filter (where o.state in ('pending', 'claimed')) as orders,
                       count(*) filter (where o.state = 'dead') as dead
                  from fleet_state.work_orders o
                 where o.project = p.project and o.state in ('pending', 'claimed', 'dead')) o
 order by p.state, p.project;
comment on view fleet.overview is 'What goes on, a line a project. Example: table fleet.overview';
comment on column fleet.overview.state is 'active or archived; HALTED while a halt of the project or of the fleet is in force.';
comment on column fleet.overview.missions is 'Missions that have not ended.';
comment on column fleet.overview.work is 'Sorties that pilots have, blocked ones not counted.';
comment on column fleet.overview.ready is 'Sorties that can be claimed.';
comment on column fleet.overview.stuck is 'Sorties that are blocked.';
comment on column fleet.overview.pilots is 'Pilots at work or idle.';
comment on column fleet.overview.stale is 'Pilots without a sign of life.';
comment on column fleet.overview.waits is 'Requests that wait for files.';
comment on column fleet.overview.orders is 'Work orders that wait or are claimed.';
comment on column fleet.overview.dead is 'Work orders that were given up.';
comment on column fleet.overview.unread is 'Messages that were not read, each recipient counted.';
comment on column fleet.overview.ago is 'How long ago something happened.';

do $$
declare
    words jsonb := '{
        "kind": "halt, files, blocked, review, ack (an answer), broken (dependencies), no pilot, dead (a work order) or stale.",
        "project": "Key of the project, or its end.", "who": "Who waits or stopped.", "waits_for": "For whom or for what.",
        "what": "What it is about.", "id": "Id, or its end, which commands take as well.", "since": "Since when.",
        "until": "When it gives up, or the answer is due.", "for": "How long already."}';
    item record;
begin
    for item in
        select c.oid::regclass as name, a.attname
          from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
         where c.oid = any(array['fleet_log.stuck_rows', 'fleet.stuck', 'fleet.board', 'fleet.overview']::regclass[])
           and words ? a.attname::text
    loop
        execute format('comment on column %s.%I is %L', item.name, item.attname, words ->> item.attname);
    end loop;
end $$;
