-- What a provider asks a server to find out whether it answers.

-- name: ping
select 1
