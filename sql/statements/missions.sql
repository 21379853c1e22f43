-- Missions: goals and how far they are.

-- name: list_missions
select item, cursor_key from fleet.list_missions($1::jsonb)

-- name: show_mission
select item, cursor_key from fleet.show_mission($1::jsonb)
