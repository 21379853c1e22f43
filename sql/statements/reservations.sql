-- Files: who holds them, who waits, is a token good.

-- name: list_reservations
select item, cursor_key from fleet.list_reservations($1::jsonb)

-- name: show_reservation
select item, cursor_key from fleet.show_reservation($1::jsonb)

-- name: list_waiting
select item, cursor_key from fleet.list_waiting($1::jsonb)

-- name: check_files
select item, cursor_key from fleet.check_files($1::jsonb)

-- name: guard_files
select item, cursor_key from fleet.guard_files($1::jsonb)

-- name: who_has
select item, cursor_key from fleet.list_holders($1::jsonb)

-- name: explain_overlap
select jsonb_strip_nulls(jsonb_build_object('overlap', o.collide, 'witness', o.path, 'words', o.words))::text as item,
       '' as cursor_key
  from fleet.explain_overlap($1::jsonb ->> 'a', $1::jsonb ->> 'b') o

-- name: next_expiry
select e.reservation_id, e.due_at::text, e.why,
       greatest(0, round(extract(epoch from e.due_at - clock_timestamp()) * 1000))::bigint as in_ms
  from fleet.next_expiry($1::text, $2::text) e
