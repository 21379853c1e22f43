-- What models used, what it cost, and how much they may.

-- name: show_usage
select item, cursor_key from fleet.show_usage($1::jsonb)

-- name: list_usage_calls
select item, cursor_key from fleet.list_usage_calls($1::jsonb)

-- name: list_budgets
select item, cursor_key from fleet.list_budgets($1::jsonb)

-- name: list_prices
select item, cursor_key from fleet.list_prices($1::jsonb)

-- name: budget_refusal
select item, cursor_key from fleet.budget_refusal($1::jsonb)

-- name: list_session_owners
select item, cursor_key from fleet.list_session_owners($1::jsonb)
