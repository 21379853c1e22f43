-- What the beacon's connection asks, besides act, beat_host, lead and resign.

-- name: duty_late_hosts
select h.host_id from fleet.hosts h
 where h.state = 'joined' and h.deadline < clock_timestamp() - interval '10 seconds'
 order by h.host_id

-- name: duty_order_lock_holders
select h.pid, h.began::text, h.application_name, h.usename, h.state, h.query from fleet.order_lock_holders() h

-- name: duty_end_order_lock_holder
select fleet.end_order_lock_holder($1::int, $2::timestamptz)

-- name: duty_terminate
select pg_terminate_backend($1::int)
