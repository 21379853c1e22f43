-- Mail: lists, mailboxes, conversations, search.

-- name: list_messages
select item, cursor_key from fleet.list_messages($1::jsonb)

-- name: show_message
select item, cursor_key from fleet.show_message($1::jsonb)

-- name: list_inbox
select item, cursor_key from fleet.list_inbox($1::jsonb)

-- name: inbox_counts
select item, cursor_key from fleet.inbox_counts($1::jsonb)

-- name: search_messages
select item, cursor_key from fleet.search_mail($1::jsonb)

-- name: list_threads
select item, cursor_key from fleet.list_threads($1::jsonb)

-- name: show_thread
select item, cursor_key from fleet.show_thread($1::jsonb)
