-- Sessions of agent programs.

-- name: list_sessions
select item, cursor_key from fleet.list_sessions($1::jsonb)

-- name: show_session
select item, cursor_key from fleet.show_session($1::jsonb)

-- name: session_binding
select item, cursor_key from fleet.session_binding($1::jsonb)
