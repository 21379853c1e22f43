-- Sorties: what there is to do, who does it, what is ready.

-- name: list_sorties
select item, cursor_key from fleet.list_sorties($1::jsonb)

-- name: show_sortie
select item, cursor_key from fleet.show_sortie($1::jsonb)

-- name: list_ready
select item, cursor_key from fleet.list_ready($1::jsonb)
