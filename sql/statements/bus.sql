-- What the bus asks about named consumers.

-- name: find_cursor
select c.seq, c.incarnation from fleet.cursors c where c.project = $1::text and c.consumer = $2::text
