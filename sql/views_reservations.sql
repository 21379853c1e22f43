-- Reservations for people and for lists: state and signs of life together.

create view fleet_log.held_rows as
select r.reservation_id, r.project, r.holder, r.mode, r.patterns, r.purpose, r.reason, r.sortie_id, r.ttl_seconds,
       case when r.state = 'active' and u.until <= clock_timestamp() then 'lapsed' else r.state end as status,
       r.token, null::text as priority, r.reserved_at as since, u.until as expires_at,
       case when r.state = 'active' then fleet.time_words(extract(epoch from u.until - clock_timestamp())) end
           as for_another,
       r.extended_at, r.ended_at, r.end_cause, r.ended_by, r.end_reason, null::bigint as arrival, r.version, r.last_seq
  from fleet_state.reservations r
 cross join lateral (
       select fleet.lease_until(r.expires_at, r.extended_at, r.ttl_seconds, (
                  select l.seen_at from fleet_live.pilots l
                   where r.state = 'active' and l.project = r.project and l.callsign = r.holder)) as until) u;
comment on view fleet_log.held_rows is 'Reservations with the signs of life of their holders counted in.';

-- Both kinds in one shape. Ask it for ids that are known: a condition on the id goes down to the tables, a join does not.
create view fleet_log.reservation_rows as
select h.* from fleet_log.held_rows h
union all
select q.reservation_id, q.project, q.holder, q.mode, q.patterns, q.purpose, q.reason, l.sortie_id, q.ttl_seconds,
       q.state, null, q.priority, q.started_at, q.deadline,
       case when q.state = 'waiting' then fleet.time_words(extract(epoch from q.deadline - clock_timestamp())) end,
       null, q.ended_at, null, null, null, q.arrival, q.version, q.last_seq
  from fleet_state.reservation_requests q
  left join fleet_live.waiters l on l.reservation_id = q.reservation_id
 where q.state <> 'granted';
comment on view fleet_log.reservation_rows is 'Reservations, and requests that were not granted, in one shape.';

create view fleet_log.reservation_items as
select v.project, v.reservation_id, v.holder, v.status, v.arrival, jsonb_strip_nulls(jsonb_build_object(
           'reservation_id', v.reservation_id, 'project', v.project, 'holder', v.holder, 'mode', v.mode,
           'patterns', v.patterns, 'purpose', v.purpose, 'reason', v.reason, 'sortie_id', v.sortie_id,
           'status', case when v.status = 'lapsed' then 'active' else v.status end,
           'lapsed', case when v.status in ('active', 'lapsed') then v.status = 'lapsed' end,
           'token', v.token, 'priority', v.priority, 'ttl_seconds', v.ttl_seconds,
           'since', fleet_log.json_time(v.since),
           'expires_at', case when v.token is not null then fleet_log.json_time(v.expires_at) end,
           'for_another_seconds', case when v.status in ('active', 'lapsed')
                then ceil(greatest(0, extract(epoch from v.expires_at - clock_timestamp()))) end,
           'deadline', case when v.token is null then fleet_log.json_time(v.expires_at) end,
           'extended_at', fleet_log.json_time(v.extended_at),
           'ended_at', fleet_log.json_time(v.ended_at), 'end_cause', v.end_cause, 'ended_by', v.ended_by,
           'end_reason', v.end_reason, 'stream_version', v.version, 'last_seq', v.last_seq)) as item
  from fleet_log.reservation_rows v;
comment on view fleet_log.reservation_items is 'Reservations and requests as JSON.';

create view fleet.reservations as
select v.reservation_id, v.project, v.holder, v.mode, v.status, array_to_string(v.patterns, ' ') as patterns,
       v.for_another, v.token, v.purpose, v.reason, v.since, v.expires_at, v.extended_at, v.ended_at, v.end_cause,
       v.ended_by, v.end_reason, v.sortie_id, v.ttl_seconds, v.version, v.last_seq
  from fleet_log.held_rows v;
comment on view fleet.reservations is 'Leases on files; lapsed: still its holder''s, but in nobody''s way. Example: select * from fleet.reservations where status = ''active''';

create view fleet.held_files as
select fleet_log.short_project(p.project) as project, fleet_log.cut(p.pattern, 30) as pattern,
       fleet_log.cut(v.holder, 14) as holder, v.mode, v.status, v.for_another, v.token,
       '…' || right(v.reservation_id, 6) as id
  from fleet_state.reservation_patterns p
  join fleet_log.held_rows v on v.reservation_id = p.reservation_id
 where not p.waiting;
comment on view fleet.held_files is 'What is held now, one row a pattern. Example: select * from fleet.held_files where project = ''demo'' order by pattern';

create view fleet_log.waiting_rows as
select q.project, row_number() over (partition by q.project
           order by fleet.wait_rank(q.priority, q.started_at, clock_timestamp()), q.arrival) as place,
       q.holder, q.patterns, q.mode, q.priority, q.started_at as since, q.deadline,
       fleet.waits_for(q.reservation_id) as waits_for, q.reservation_id, q.reason
  from fleet_state.reservation_requests q
 where q.state = 'waiting';
comment on view fleet_log.waiting_rows is 'Who waits for files, with the place in the line of the project.';

create view fleet.waiting as
select fleet_log.short_project(w.project) as project, w.place, fleet_log.cut(w.holder, 14) as pilot,
       fleet_log.cut(array_to_string(w.patterns, ' '), 26) as patterns, fleet_log.cut(w.waits_for, 15) as waits_for,
       fleet.time_words(extract(epoch from clock_timestamp() - w.since)) as waits,
       fleet.time_words(extract(epoch from w.deadline - clock_timestamp())) as gives_up_in,
       '…' || right(w.reservation_id, 6) as id
  from fleet_log.waiting_rows w
 order by 1, 2;
comment on view fleet.waiting is 'Who waits for files, in the order they get them, and for whom. Example: table fleet.waiting';

do $$
declare
    words jsonb := '{
        "reservation_id": "rsv_ id.", "project": "Key of the project.", "holder": "Who holds or waits.",
        "mode": "exclusive or shared.", "patterns": "What is covered.", "pattern": "One of the patterns held.",
        "purpose": "edit, read, review or delete.", "reason": "What it is for.",
        "sortie_id": "Sortie it belongs to.", "ttl_seconds": "How long a sign of life of the holder is good for.",
        "status": "active, lapsed, released, expired or forced; of a request waiting, timeout, cancelled or deadlock.",
        "token": "Fencing token: seq of the grant.", "priority": "Of a request: place in the line.",
        "since": "When it was granted, or the wait began.",
        "expires_at": "When it lapses, signs of life counted; of a request, when it gives up.",
        "for_another": "Time left, for people.", "extended_at": "When it was granted or last extended.",
        "ended_at": "When it ended.", "end_cause": "Why it ended.", "ended_by": "Whose command ended it.",
        "end_reason": "Why it was forced.", "arrival": "Of a request: seq of its beginning.",
        "version": "Version of the stream; the ETag.", "last_seq": "Last event that changed it.",
        "item": "The JSON object.", "place": "Place in the project''s line, 1 first.", "pilot": "Who waits.",
        "waits": "How long it waits already.", "gives_up_in": "Time until its deadline.", "deadline": "When it gives up.",
        "id": "End of the rsv_ id, which commands take as well.",
        "waits_for": "Callsigns that stand in the way now."}';
    item record;
begin
    for item in
        select c.oid::regclass as name, a.attname
          from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
         where c.oid = any(array['fleet_log.held_rows', 'fleet_log.reservation_rows', 'fleet_log.reservation_items', 'fleet.reservations',
                                 'fleet.held_files', 'fleet_log.waiting_rows', 'fleet.waiting']::regclass[])
    loop
        execute format('comment on column %s.%I is %L', item.name, item.attname, words ->> item.attname);
    end loop;
end $$;
