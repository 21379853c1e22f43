-- What establishes who is asking.

-- name: pilot_of_token
select t.project, t.callsign, t.pilot_id from fleet.pilot_of_token($1::text) t
