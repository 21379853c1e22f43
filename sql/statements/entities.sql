-- Projects, hosts, pilots, cursors: lists and single ones, as JSON objects with the key to go on after.

-- name: list_projects
select item, cursor_key from fleet.list_projects($1::jsonb)

-- name: show_project
select item, cursor_key from fleet.list_projects(jsonb_build_object('key', coalesce($1::jsonb ->> 'key', $1::jsonb ->> 'project', '')))

-- name: list_hosts
select item, cursor_key from fleet.list_hosts($1::jsonb)

-- name: show_host
select item, cursor_key from fleet.list_hosts(jsonb_build_object('host_id', coalesce($1::jsonb ->> 'host_id', '')))

-- name: list_pilots
select item, cursor_key from fleet.list_pilots($1::jsonb)

-- name: show_pilot
select item, cursor_key from fleet.show_pilot(jsonb_build_object(
    'project', $1::jsonb ->> 'project', 'callsign', coalesce($1::jsonb ->> 'callsign', '')))

-- name: list_cursors
select item, cursor_key from fleet.list_cursors($1::jsonb)

-- name: show_cursor
select item, cursor_key from fleet.list_cursors(jsonb_build_object(
    'project', coalesce($1::jsonb ->> 'project', ''), 'name', coalesce($1::jsonb ->> 'name', '')))
