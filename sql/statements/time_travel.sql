-- Looking back.

-- name: history_log
select item, cursor_key from fleet.history_log($1::jsonb)

-- name: history_show
select item, cursor_key from fleet.history_show($1::jsonb)

-- name: history_diff
select item, cursor_key from fleet.history_diff($1::jsonb)

-- name: history_why
select item, cursor_key from fleet.history_why($1::jsonb)

-- name: history_board
select item, cursor_key from fleet.history_board($1::jsonb)
