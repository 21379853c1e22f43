-- What the beacon's connection asks, besides act, beat_host, lead and resign.

-- name: duty_late_hosts
select host_id from fleet.late_hosts($1::text, $2::boolean)

-- name: duty_schema
select version, breaking_since from fleet.schema()

-- name: duty_order_lock_holders
select h.pid, h.began::text, h.application_name, h.usename, h.state, h.query from fleet.order_lock_holders() h

-- name: duty_end_order_lock_holder
select fleet.end_order_lock_holder($1::int, $2::timestamptz)

-- name: duty_terminate
select pg_terminate_backend($1::int)

-- name: duty_end_sessions
select count(*) filter (where pg_terminate_backend(a.pid)) from pg_stat_activity a
 where a.datname = current_database() and a.pid <> pg_backend_pid()
   and starts_with(a.application_name, 'fleetd/' || $1::text || '/')
