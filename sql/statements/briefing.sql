-- What brings an agent back to its work.

-- name: briefing
select item, cursor_key from fleet.briefing($1::jsonb)
