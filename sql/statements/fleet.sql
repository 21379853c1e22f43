-- Halts and notification rules.

-- name: list_halts
select item, cursor_key from fleet.list_halts($1::jsonb)

-- name: list_notification_rules
select item, cursor_key from fleet.list_notification_rules($1::jsonb)
