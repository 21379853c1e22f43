-- Work orders: the queue and one of it.

-- name: list_work_orders
select item, cursor_key from fleet.list_work_orders($1::jsonb)

-- name: show_work_order
select item, cursor_key from fleet.show_work_order($1::jsonb)
