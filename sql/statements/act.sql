-- The one entry, and what moves without an event.

-- name: act
select * from fleet.act($1::jsonb)

-- name: beat
select * from fleet.beat($1::jsonb)

-- name: beat_host
select * from fleet.beat_host($1::text, $2::bigint, $3::int)

-- name: advance_cursor
select * from fleet.advance_cursor($1::text, $2::text, $3::bigint, $4::text)

-- name: drop_cursor
select fleet.drop_cursor($1::text, $2::text) as dropped

-- name: hold_beacon
select fleet.hold_beacon($1::text) as held

-- name: lead
select fleet.lead($1::text, $2::text) as epoch

-- name: resign
select fleet.resign($1::text) as resigned
