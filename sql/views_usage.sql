-- Views of what models used, and of budgets and prices.

create view fleet.usage as
select u.day, fleet_log.short_project(u.project) as project, fleet_log.cut(u.pilot, 14) as pilot, fleet_log.cut(u.model, 16) as model,
       count(*) filter (where u.period_from is null) as calls, sum(u.input_tokens) as input_tokens, sum(u.output_tokens) as output_tokens,
       sum(u.cache_read_tokens + u.cache_write_tokens) as cached,
       round(sum(u.cost_micros) / 1000000.0, 4) as cost
  from fleet_state.usage_calls u
 group by u.day, u.project, u.pilot, u.model
 order by u.day desc, u.project, u.pilot, u.model;
comment on view fleet.usage is 'What models were given and gave back, a line a day, pilot and model. Example: select * from fleet.usage where day = current_date';
comment on column fleet.usage.day is 'Day of the calls, in UTC.';
comment on column fleet.usage.project is 'End of the project''s key.';
comment on column fleet.usage.pilot is 'Whose tokens.';
comment on column fleet.usage.model is 'Of which model.';
comment on column fleet.usage.calls is 'How many calls; what only a counter tells of has no calls.';
comment on column fleet.usage.input_tokens is 'Tokens given, beside those of caches.';
comment on column fleet.usage.output_tokens is 'Tokens that came back.';
comment on column fleet.usage.cached is 'Tokens read from a cache or written to one.';
comment on column fleet.usage.cost is 'In USD, as far as it is known; null if nobody knows any of it.';

create view fleet.usage_calls as
select u.* from fleet_state.usage_calls u;
comment on view fleet.usage_calls is 'Calls of models, each once. Example: select * from fleet.usage_calls order by last_seq desc limit 5';

create view fleet.budgets as
select b.budget_id, b.project, b.scope_kind, b.scope_id, b.period, b.state as status, b.day, b.limit_tokens, b.used_tokens,
       round(b.limit_micros / 1000000.0, 2) as limit_cost, round(b.used_micros / 1000000.0, 2) as used_cost, b.warn_percent,
       b.set_by, b.set_at, b.version, b.last_seq
  from fleet_state.budgets b;
comment on view fleet.budgets is 'How much pilots, missions and projects may use. Example: select scope_id, status, used_tokens, limit_tokens from fleet.budgets';
comment on column fleet.budgets.status is 'open, warned, stopped or removed; of a budget by day, on that day.';
comment on column fleet.budgets.limit_cost is 'In USD.';
comment on column fleet.budgets.used_cost is 'In USD, as far as it is known.';

create view fleet.prices as
select p.model, p.valid_from, case p.place when 1 then 'own' else 'shipped' end as origin,
       round((p.item ->> 'input_micros')::numeric / 1000000, 4) as input, round((p.item ->> 'output_micros')::numeric / 1000000, 4) as output,
       round((p.item ->> 'cache_read_micros')::numeric / 1000000, 4) as cache_read,
       round((p.item ->> 'cache_write_micros')::numeric / 1000000, 4) as cache_write
  from fleet_log.price_items p
 where p.state = 'in_force'
 order by p.model, p.place, p.valid_from desc;
comment on view fleet.prices is 'What a million tokens cost, in USD. Example: select * from fleet.prices where model like ''claude%''';
comment on column fleet.prices.model is 'Name, without provider, date or variant.';
comment on column fleet.prices.valid_from is 'First day, in UTC.';
comment on column fleet.prices.origin is 'own, which comes first, or shipped.';
comment on column fleet.prices.input is 'Tokens given.';
comment on column fleet.prices.output is 'Tokens that come back.';
comment on column fleet.prices.cache_read is 'Tokens read from a cache.';
comment on column fleet.prices.cache_write is 'Tokens written to a cache.';
