with written as (
    insert into yardstick (project, type, data)
    values ('bench', 'x.bench', '{"n": 1, "text": "a small payload, as events have"}')
    returning id)
select pg_notify('yardstick', id::text) from written;
