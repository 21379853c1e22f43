-- What nobody came back for, and when something is due.

create function fleet_log.sweep_reservations(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[];
    ended_waits text[];
    timeouts bigint := 0;
    cancelled bigint := 0;
    expired bigint := 0;
    granted bigint := 0;
    each_project text;
begin
    -- Waits past their deadline or of a daemon that has gone, and reservations that lapsed a day ago.
    with dead as (
        select q.project, q.reservation_id, q.holder, q.started_at,
               case when q.deadline <= w.at then 'timeout' else 'cancelled' end as outcome
          from fleet_state.reservation_requests q
         where q.state = 'waiting' and not fleet_log.wait_is_live(q, w.at)
    ), old as (
        select r.project, r.reservation_id, r.holder, r.reserved_at
          from fleet_state.reservations r
          left join fleet_live.pilots l on l.project = r.project and l.callsign = r.holder
         where r.state = 'active' and r.expires_at <= w.at - interval '24 hours'
           and fleet.lease_until(r.expires_at, r.extended_at, r.ttl_seconds, l.seen_at)
               <= w.at - interval '24 hours'
    )
    select array(select (d.project, 'file_wait_ended', 'reservation', d.reservation_id, jsonb_build_object(
                            'holder', d.holder, 'outcome', d.outcome,
                            'waited_ms', fleet_log.elapsed_ms(d.started_at, w.at)), null, null)::fleet_log.draft
                   from dead d order by d.reservation_id)
           || array(select (o.project, 'file_released', 'reservation', o.reservation_id, jsonb_build_object(
                            'holder', o.holder, 'cause', 'expired',
                            'held_ms', fleet_log.elapsed_ms(o.reserved_at, w.at)), null, null)::fleet_log.draft
                      from old o order by o.reservation_id),
           array(select d.reservation_id from dead d),
           (select count(*) from dead d where d.outcome = 'timeout'),
           (select count(*) from dead d where d.outcome = 'cancelled'), (select count(*) from old o)
      into drafts, ended_waits, timeouts, cancelled, expired;
    delete from fleet_live.waiters l where l.reservation_id = any(ended_waits);
    w := fleet_log.put_all(w, drafts);
    for each_project in
        select distinct q.project from fleet_state.reservation_requests q where q.state = 'waiting' order by 1
    loop
        w := fleet_log.grant_waiters(w, each_project, null, null);
        granted := granted + jsonb_array_length(w.result);
    end loop;
    w.result := jsonb_build_object('timeouts', timeouts, 'cancelled', cancelled, 'expired', expired, 'granted', granted);
    return w;
end $$;
comment on function fleet_log.sweep_reservations is
    'The reservations'' part of the leader''s round. Example, in sweep: w := fleet_log.sweep_reservations(w)';

create function fleet.next_expiry(project text, host text default null)
returns table (reservation_id text, due_at timestamptz, why text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
#variable_conflict use_column
begin
    -- For each wait (of one host's clients): its own deadline, and the first of its obstacles that will lapse.
    return query
    select q.reservation_id, due.at, due.why
      from fleet_state.reservation_requests q
      join fleet_live.waiters l on l.reservation_id = q.reservation_id
     cross join lateral (
           select q.deadline as at, 'deadline' as why
            union all
           select min(o.expires_at), 'lapse'
             from unnest(fleet_log.blocking(fleet_log.obstacles(q.project, q.holder, q.patterns, q.mode = 'exclusive',
                         fleet.wait_rank(q.priority, q.started_at, clock_timestamp()), q.arrival,
                         clock_timestamp()))) o
            where not o.waiting) due
     where q.state = 'waiting' and due.at is not null
       and (next_expiry.project is null or q.project = next_expiry.project)
       and (next_expiry.host is null or l.host = next_expiry.host)
     order by due.at, q.reservation_id;
end $$;
comment on function fleet.next_expiry is
    'When to look at the line again: end_wait at a deadline, grant_waiters at a lapse. Example: select * from fleet.next_expiry(''demo'')';

create function fleet.waits_for(reservation_id text)
returns text
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    q fleet_state.reservation_requests;
    clock timestamptz := clock_timestamp();
begin
    select * into q from fleet_state.reservation_requests y
     where y.reservation_id = waits_for.reservation_id and y.state = 'waiting';
    return (select string_agg(distinct b.holder, ', ' order by b.holder)
              from unnest(fleet_log.blocking(fleet_log.obstacles(q.project, q.holder, q.patterns,
                   q.mode = 'exclusive', fleet.wait_rank(q.priority, q.started_at, clock), q.arrival, clock))) b);
end $$;
comment on function fleet.waits_for is
    'Callsigns that stand in the way of a waiting request now. Example: select fleet.waits_for(''rsv_01…'')';
