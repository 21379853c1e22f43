-- Checkpoints, rulings, and what waits to be resumed.

-- name: list_checkpoints
select item, cursor_key from fleet.list_checkpoints($1::jsonb)

-- name: show_checkpoint
select item, cursor_key from fleet.show_checkpoint($1::jsonb)

-- name: show_checkpoint_document
select item, cursor_key from fleet.checkpoint_document($1::jsonb)

-- name: list_recovery
select item, cursor_key from fleet.list_recovery($1::jsonb)

-- name: list_rulings
select item, cursor_key from fleet.list_rulings($1::jsonb)

-- name: show_ruling
select item, cursor_key from fleet.show_ruling($1::jsonb)
