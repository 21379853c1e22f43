-- The board.

-- name: board
select fleet.board_json($1::jsonb)::text as item, '' as cursor_key
