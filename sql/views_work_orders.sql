-- Work orders for people and for lists: state and signs of life together.

create view fleet_log.work_order_rows as
select o.work_order_id, o.project, o.kind, nullif(o.role, '') as role, fleet_log.order_priority(o.rank) as priority, o.rank,
       o.state as status, o.state = 'pending' and o.blocked_by = 0 and o.ready_at <= clock_timestamp() as ready,
       o.depends_on, case when o.state = 'pending' then o.blocked_by end as blocked_by,
       o.attempts, o.max_attempts, o.lost, case when o.ready_at > o.created_at then o.ready_at end as run_after,
       o.ready_at, o.timeout_seconds, o.backoff_seconds, o.sortie_id, o.created_by, o.created_at, o.created_seq,
       case when o.state = 'claimed' then o.claimed_by end as claimed_by,
       case when o.state = 'claimed' then o.claimed_at end as claimed_at,
       case when o.state = 'claimed' then o.token end as token,
       case when o.state = 'claimed' then o.lease_seconds end as lease_seconds,
       case when o.state = 'claimed' then fleet.order_lease_until(o.claimed_at, (
                select l.seen_at from fleet_live.pilots l where l.project = o.project and l.callsign = o.claimed_by),
                o.lease_seconds) end as lease_until,
       case when o.state = 'claimed' then o.claimed_at + make_interval(secs => o.timeout_seconds) end as timeout_at,
       o.failed_seq, o.ended_at, o.ended_by, o.ended_seq, o.reason, o.version, o.last_seq
  from fleet_state.work_orders o;
comment on view fleet_log.work_order_rows is 'Work orders with the signs of life of their claimers counted in; what a lease says only while there is one.';

create function fleet_log.order_item(o fleet_state.work_orders)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    item jsonb := jsonb_build_object(
        'work_order_id', o.work_order_id, 'project', o.project, 'kind', o.kind,
        'priority', fleet_log.order_priority(o.rank), 'status', o.state, 'depends_on', o.depends_on,
        'attempts', o.attempts, 'max_attempts', o.max_attempts, 'lost', o.lost, 'backoff_seconds', o.backoff_seconds,
        'created_by', o.created_by, 'created_at', fleet_log.json_time(o.created_at),
        'ready', o.state = 'pending' and o.blocked_by = 0 and o.ready_at <= clock_timestamp(),
        'stream_version', o.version, 'last_seq', o.last_seq);
begin
    -- What most orders do not have is added where it is: this is built for every order that is completed.
    if o.role <> '' or o.sortie_id is not null or o.timeout_seconds is not null or o.ready_at > o.created_at then
        item := item || jsonb_strip_nulls(jsonb_build_object('role', nullif(o.role, ''), 'sortie_id', o.sortie_id,
            'timeout_seconds', o.timeout_seconds,
            'run_after', case when o.ready_at > o.created_at then fleet_log.json_time(o.ready_at) end));
    end if;
    if o.state = 'pending' then
        item := item || jsonb_build_object('blocked_by', o.blocked_by);
    elsif o.state = 'claimed' then
        item := item || jsonb_strip_nulls(jsonb_build_object('claimed_by', o.claimed_by,
            'claimed_at', fleet_log.json_time(o.claimed_at), 'token', o.token, 'lease_seconds', o.lease_seconds,
            'lease_until', fleet_log.json_time(fleet.order_lease_until(o.claimed_at, (
                 select l.seen_at from fleet_live.pilots l where l.project = o.project and l.callsign = o.claimed_by),
                 o.lease_seconds)),
            'timeout_at', fleet_log.json_time(o.claimed_at + make_interval(secs => o.timeout_seconds))));
    elsif o.ended_at is not null then
        item := item || jsonb_strip_nulls(jsonb_build_object('ended_at', fleet_log.json_time(o.ended_at),
            'ended_by', o.ended_by, 'reason', o.reason));
    end if;
    if o.failed_seq is not null then
        item := item || jsonb_build_object('error',
            (select e.data -> 'error' from fleet_log.events e where e.seq = o.failed_seq));
    end if;
    return item;
end $$;
comment on function fleet_log.order_item is
    'A row of the queue as JSON, without payload and result. Example: select fleet_log.order_item(o) from fleet_state.work_orders o';

create view fleet_log.work_order_items as
select o.project, o.work_order_id, o.state as status, o.kind, nullif(o.role, '') as role,
       case when o.state = 'claimed' then o.claimed_by end as claimed_by, o.sortie_id, fleet_log.order_item(o) as item
  from fleet_state.work_orders o;
comment on view fleet_log.work_order_items is 'Work orders as JSON, without payload and result.';

create view fleet.work_orders as
select v.work_order_id, v.project, v.kind, v.role, v.priority,
       case when v.status <> 'pending' then v.status when v.ready then 'ready' when v.blocked_by > 0 then 'blocked'
            else 'delayed' end as status,
       v.claimed_by, case when v.status = 'claimed' then fleet.time_words(extract(epoch from v.lease_until - clock_timestamp()))
            when v.status = 'pending' and not v.ready and v.blocked_by = 0
            then fleet.time_words(extract(epoch from v.ready_at - clock_timestamp())) end as for_another,
       v.attempts || '/' || v.max_attempts as attempts, v.blocked_by,
       fleet.time_words(extract(epoch from clock_timestamp() - v.created_at)) as age,
       (select e.data #>> '{error,message}' from fleet_log.events e where e.seq = v.failed_seq) as last_error,
       (select e.data -> 'payload' from fleet_log.events e where e.seq = v.created_seq) as payload,
       (select b.body::jsonb from fleet_log.events e join fleet_log.bodies b on b.digest = e.data ->> 'result_digest'
         where e.seq = v.ended_seq) as result,
       v.reason, v.sortie_id, v.depends_on, v.token, v.created_by, v.created_at, v.ended_by, v.ended_at, v.version, v.last_seq
  from fleet_log.work_order_rows v;
comment on view fleet.work_orders is
    'The queue. Example: select * from fleet.work_orders where project = ''demo'' and status in (''ready'', ''claimed'')';

create view fleet.work_queue as
select o.project, o.kind, nullif(o.role, '') as role,
       count(*) filter (where o.state = 'pending' and o.blocked_by = 0 and o.ready_at <= now()) as ready,
       count(*) filter (where o.state = 'pending' and o.blocked_by = 0 and o.ready_at > now()) as delayed,
       count(*) filter (where o.state = 'pending' and o.blocked_by > 0) as blocked,
       count(*) filter (where o.state = 'claimed') as claimed,
       count(*) filter (where o.state = 'completed') as completed,
       count(*) filter (where o.state = 'dead') as dead,
       count(*) filter (where o.state = 'cancelled') as cancelled,
       fleet.time_words(extract(epoch from now() - min(o.ready_at) filter (
           where o.state = 'pending' and o.blocked_by = 0 and o.ready_at <= now()))) as oldest_waits
  from fleet_state.work_orders o
 group by o.project, o.kind, o.role;
comment on view fleet.work_queue is 'How long the lines are, by kind and role. Example: select * from fleet.work_queue where project = ''demo''';

do $$
declare
    words jsonb := '{
        "work_order_id": "wo_ id.", "project": "Key of the project.", "kind": "What is to be done.",
        "role": "Only pilots of this role get it; null: anybody.", "priority": "low, medium, high or critical.",
        "rank": "Priority as a number, 3 is critical.",
        "status": "pending, claimed, completed, dead or cancelled; in fleet.work_orders a pending one is ready, delayed or blocked.",
        "ready": "Could be claimed now.", "depends_on": "Orders that have to be completed first.",
        "blocked_by": "How many of them are not completed.", "attempts": "Attempts used up.",
        "max_attempts": "Failed attempts that make it a dead letter.", "lost": "Leases lost one after the other.",
        "run_after": "Nobody gets it before.", "ready_at": "Its age in the line.",
        "timeout_seconds": "An attempt that takes longer has failed.",
        "backoff_seconds": "Wait after the first failed attempt.", "sortie_id": "Sortie it belongs to.",
        "created_by": "Who put it into the queue.", "created_at": "When.", "created_seq": "Event with the payload.",
        "claimed_by": "Who works on it.", "claimed_at": "Since when.", "token": "Fencing token: seq of the claim.",
        "lease_seconds": "How long a sign of life is good for.", "lease_until": "When the lease runs out, signs of life counted.",
        "timeout_at": "When the attempt has taken too long.", "failed_seq": "Event with the last error.",
        "ended_at": "When it ended.", "ended_by": "By whom.", "ended_seq": "Event that ended it.",
        "reason": "Why it was cancelled.", "version": "Version of the stream; the ETag.", "last_seq": "Last event of it.",
        "item": "The JSON object.", "for_another": "Time left of the lease, or until it is ready.", "age": "Since it was created.",
        "last_error": "What the last failed attempt said.", "payload": "What the claimer gets.", "result": "What came of it; null if it was erased.",
        "delayed": "Not before a time that has not come.", "blocked": "Waiting for other orders.", "claimed": "Being worked on.",
        "completed": "Done.", "dead": "Given up.", "cancelled": "Called off.",
        "oldest_waits": "How long the oldest ready one waits."}';
    item record;
begin
    for item in
        select c.oid::regclass as name, a.attname
          from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
         where c.oid = any(array['fleet_log.work_order_rows', 'fleet_log.work_order_items', 'fleet.work_orders',
                                 'fleet.work_queue']::regclass[])
    loop
        execute format('comment on column %s.%I is %L', item.name, item.attname, words ->> item.attname);
    end loop;
    comment on column fleet.work_queue.ready is 'Could be claimed now.';
end $$;
