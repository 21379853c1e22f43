-- What a call costs, and prices of one's own.

create function fleet_log.model_name(model text)
returns text
language sql immutable parallel safe as $$
    -- One model has many names: provider/name, us.anthropic.name-v1:0, name@date, name-date, name[1m], name-latest.
    select regexp_replace(regexp_replace(lower(model), '^.*/|^([a-z]+\.)?anthropic\.', ''),
                          '(\[[^]]*\]|-v\d+(:\d+)?|[-@]20\d\d-?[01]\d-?[0-3]\d|[-@](latest|default))+$', '')
$$;
comment on function fleet_log.model_name is
    'The name that a model is priced under. Example: select fleet_log.model_name(''us.anthropic.claude-sonnet-4-5-20250929-v1:0'')';

create function fleet_log.call_cost(model text, day date, input bigint, output bigint, cache_read bigint, cache_write bigint)
returns bigint
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    name constant text := fleet_log.model_name(call_cost.model);
begin
    -- The newest price that holds on the day; one's own before a shipped one, whatever their days.
    return (select fleet_log.capped(round((p.input_micros * call_cost.input::numeric
                       + p.output_micros * call_cost.output::numeric + p.cache_read_micros * call_cost.cache_read::numeric
                       + p.cache_write_micros * call_cost.cache_write::numeric) / 1000000))
              from (select 1 as place, x.valid_from, x.input_micros, x.output_micros, x.cache_read_micros, x.cache_write_micros
                      from fleet_state.prices x
                     where x.model = name and x.valid_from <= call_cost.day and x.state = 'in_force'
                    union all
                    select 2, y.valid_from, y.input_micros, y.output_micros, y.cache_read_micros, y.cache_write_micros
                      from fleet_log.shipped_prices y where y.model = name and y.valid_from <= call_cost.day) p
             order by p.place, p.valid_from desc limit 1);
end $$;
comment on function fleet_log.call_cost is
    'What a call costs in millionths, by the price of its day; null if nobody knows the model. Example: select fleet_log.call_cost(''gpt-5'', current_date, 1000, 200, 0, 0)';

create view fleet_log.price_items as
select p.model, p.valid_from, p.state, 1 as place, jsonb_build_object(
           'model', p.model, 'valid_from', p.valid_from::text, 'input_micros', p.input_micros, 'output_micros', p.output_micros,
           'cache_read_micros', p.cache_read_micros, 'cache_write_micros', p.cache_write_micros, 'origin', 'own',
           'status', p.state, 'set_by', p.set_by, 'set_at', fleet_log.json_time(p.set_at), 'stream_version', p.version,
           'last_seq', p.last_seq) as item
  from fleet_state.prices p
union all
select s.model, s.valid_from, 'in_force', 2, jsonb_build_object(
           'model', s.model, 'valid_from', s.valid_from::text, 'input_micros', s.input_micros, 'output_micros', s.output_micros,
           'cache_read_micros', s.cache_read_micros, 'cache_write_micros', s.cache_write_micros, 'origin', 'shipped',
           'status', 'in_force')
  from fleet_log.shipped_prices s;
comment on view fleet_log.price_items is 'Prices as JSON.';
comment on column fleet_log.price_items.place is '1 for one''s own, 2 for those that are shipped.';
comment on column fleet_log.price_items.item is 'The JSON object.';

create function fleet_log.day_problem(given text)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if given !~ '^20\d\d-\d\d-\d\d$' then
        return 'must be a day like 2026-01-31';
    end if;
    perform given::date;
    return null;
exception when datetime_field_overflow then
    return 'there is no such day';
end $$;
comment on function fleet_log.day_problem is
    'What is wrong with a day, or null. Example: select fleet_log.day_problem(''2026-02-30'')';

create function fleet_log.do_set_price(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    asked_in constant text := w.project;
    name constant text := fleet_log.model_name(w.args ->> 'model');
    day constant text := coalesce(w.args ->> 'valid_from', fleet_log.utc_day(w.at)::text);
    bad constant text := fleet_log.day_problem(day);
begin
    if bad is not null then
        return fleet_log.refuse(w, 'invalid_field', '/args/valid_from', bad);
    elsif name = '' then
        return fleet_log.refuse(w, 'invalid_field', '/args/model', 'nothing is left of it without provider, date and variant');
    end if;
    w.project := '';   -- a price is the same everywhere
    w := fleet_log.put(w, 'price_set', 'usage', 'price:' || name, jsonb_build_object('by', w.actor, 'model', name,
        'valid_from', day, 'input_micros', w.args -> 'input_micros', 'output_micros', w.args -> 'output_micros',
        'cache_read_micros', w.args -> 'cache_read_micros', 'cache_write_micros', w.args -> 'cache_write_micros'));
    w.project := asked_in;
    w.result := (select i.item from fleet_log.price_items i
                  where i.model = name and i.valid_from = day::date and i.place = 1);
    return w;
end $$;
comment on function fleet_log.do_set_price is
    'Command set_price, of operators. Example: select * from fleet.set_price(''gpt-5'', 1.25, 10, ''2026-01-31'')';

create function fleet_log.do_remove_price(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    asked_in constant text := w.project;
    name constant text := fleet_log.model_name(w.args ->> 'model');
    day constant text := w.args ->> 'valid_from';
    bad constant text := fleet_log.day_problem(day);
begin
    if bad is not null then
        return fleet_log.refuse(w, 'invalid_field', '/args/valid_from', bad);
    elsif not exists (select from fleet_state.prices p
                       where p.model = name and p.valid_from = day::date and p.state = 'in_force') then
        return fleet_log.refuse(w, 'not_found', '/args/model', format('there is no price of your own for %s from %s', name, day),
                                'fleet prices list shows them; what is shipped is replaced by fleet prices set');
    end if;
    w.project := '';
    w := fleet_log.put(w, 'price_removed', 'usage', 'price:' || name,
                       jsonb_build_object('by', w.actor, 'model', name, 'valid_from', day));
    w.project := asked_in;
    w.result := (select i.item from fleet_log.price_items i
                  where i.model = name and i.valid_from = day::date and i.place = 1);
    return w;
end $$;
comment on function fleet_log.do_remove_price is
    'Command remove_price, of operators. Example: select * from fleet.remove_price(''gpt-5'', ''2026-01-31'')';
