-- Reading the log.

-- name: read_log
select seq, project, type, stream_type, stream_id, event_id, envelope, (select fleet.incarnation())
  from fleet.read_log($1::bigint, $2::bigint, $3::int)

-- name: head
select seq, event_id, incarnation from fleet.head()

-- name: check_position
select ok, seq, head, last_common from fleet.check_position($1::text)

-- name: list_events
select item, cursor_key from fleet.list_events($1::jsonb)

-- name: show_event
select item, cursor_key from fleet.list_events(jsonb_build_object('event_id', $1::jsonb ->> 'event_id', 'limit', 1))
