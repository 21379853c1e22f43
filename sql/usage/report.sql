-- What was used, summed; and the lists of calls, budgets and prices.

create function fleet_log.usage_moment(given text, field text, now timestamptz)
returns timestamptz
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    at timestamptz;
begin
    if given ~ '^\d{1,6}[smhdw]$' then
        -- A thousand years are as good as more, and still a time.
        return usage_moment.now - make_interval(secs => least(left(given, -1)::bigint * case right(given, 1)
            when 's' then 1 when 'm' then 60 when 'h' then 3600 when 'd' then 86400 else 604800 end, 31557600000));
    end if;
    at := case when given is not null then fleet_log.try_time(case when given ~ '^\d{4}-\d\d-\d\d$'
                                                                   then given || 'T00:00:00Z' else given end) end;
    if given is not null and at is null then
        perform fleet.refuse('invalid_field', 'must be a day (2026-01-31), a time (2026-01-31T12:00:00Z) or a duration before now (7d)',
                             '/' || field);
    end if;
    return at;
end $$;
comment on function fleet_log.usage_moment is
    'A day, a time, or a duration before now, as a time. Example: select fleet_log.usage_moment(''7d'', ''since'', now())';

create function fleet_log.usage_lines(filter jsonb, groups text[], since timestamptz, until timestamptz)
returns table (key jsonb, calls bigint, input_tokens numeric, output_tokens numeric, cache_read_tokens numeric,
               cache_write_tokens numeric, cost_micros numeric, unpriced_calls bigint, unpriced_tokens numeric)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    place constant text := nullif(filter ->> 'project', '');
    mission constant text := fleet_log.mission_id_of(place, filter ->> 'mission_id');
begin
    return query
    select jsonb_strip_nulls(jsonb_build_object(
               'project', case when 'project' = any(groups) or 'pilot' = any(groups) and place is null then u.project end,
               'pilot', case when 'pilot' = any(groups) then u.pilot end,
               'role', case when 'role' = any(groups) then (select p.role from fleet_state.pilots p
                                                             where p.project = u.project and p.callsign = u.pilot) end,
               'model', case when 'model' = any(groups) then u.model end,
               'mission_id', case when 'mission' = any(groups) then u.mission_id end,
               'day', case when 'day' = any(groups) then u.day::text end)),
           count(*) filter (where u.period_from is null), sum(u.input_tokens), sum(u.output_tokens), sum(u.cache_read_tokens),
           sum(u.cache_write_tokens), sum(u.cost_micros), count(*) filter (where u.cost_micros is null),
           coalesce(sum(u.input_tokens + u.output_tokens + u.cache_read_tokens + u.cache_write_tokens)
                    filter (where u.cost_micros is null), 0)
      from fleet_state.usage_calls u
     -- A counter that calls explain wholly is nothing.
     where (u.period_from is null or u.input_tokens + u.output_tokens + u.cache_read_tokens + u.cache_write_tokens > 0)
       and (since is null or u.day >= fleet_log.utc_day(since)) and (until is null or u.day <= fleet_log.utc_day(until))
       and (place is null or u.project = place) and (since is null or u.called_at >= since)
       and (until is null or u.called_at < until) and (filter ->> 'pilot' is null or u.pilot = filter ->> 'pilot')
       and (filter ->> 'model' is null or filter ->> 'model' in (u.model, fleet_log.model_name(u.model)))
       and (mission is null or u.mission_id = mission)
     group by 1;
end $$;
comment on function fleet_log.usage_lines is
    'Sums of calls. Example: select * from fleet_log.usage_lines(''{"project":"demo"}'', ''{pilot}'', null, null)';

create function fleet_log.usage_sums(lines jsonb)
returns jsonb
language sql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
    select jsonb_object_agg(f.name, f.total) from (
        select n.name, case when n.name = 'cost_micros' then sum((l.value ->> n.name)::numeric)
                            else coalesce(sum((l.value ->> n.name)::numeric), 0) end as total
          from unnest('{calls,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,tokens,cost_micros,unpriced_calls,
                        unpriced_tokens}'::text[]) n (name)
          left join jsonb_array_elements(lines) l on true
         group by n.name) f
$$;
comment on function fleet_log.usage_sums is
    'The sum of lines: a cost of null is one that nobody knows. Example: select fleet_log.usage_sums(''[{"calls":1,"cost_micros":null}]'')';

create function fleet.show_usage(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    groups constant text[] := coalesce(fleet_log.words(filter, 'by'), '{model}');
    now constant timestamptz := clock_timestamp();
    since constant timestamptz := fleet_log.usage_moment(filter ->> 'since', 'since', now);
    until constant timestamptz := fleet_log.usage_moment(filter ->> 'until', 'until', now);
    most constant int := coalesce((filter ->> 'top')::int, 1000);
    lines jsonb;   -- the dearest first
    shown jsonb;
begin
    select coalesce(jsonb_agg(x.line order by coalesce(x.cost, 0) desc, x.tokens desc, x.key), '[]') into lines
      from (select l.key || jsonb_strip_nulls(jsonb_build_object('mission_title', (
                       select m.title from fleet_state.missions m where m.mission_id = l.key ->> 'mission_id')))
                   || jsonb_build_object('calls', l.calls, 'input_tokens', l.input_tokens, 'output_tokens', l.output_tokens,
                       'cache_read_tokens', l.cache_read_tokens, 'cache_write_tokens', l.cache_write_tokens, 'tokens', t.tokens,
                       'cost_micros', l.cost_micros, 'unpriced_calls', l.unpriced_calls, 'unpriced_tokens', l.unpriced_tokens)
                   as line, l.key, l.cost_micros as cost, t.tokens
              from fleet_log.usage_lines(filter, groups, since, until) l
             cross join lateral (select l.input_tokens + l.output_tokens + l.cache_read_tokens + l.cache_write_tokens as tokens) t) x;
    shown := jsonb_path_query_array(lines, '$[0 to $last]', jsonb_build_object('last', most - 1));
    if groups[1] = 'day' then
        select coalesce(jsonb_agg(v.value order by v.value ->> 'day', v.n), '[]') into shown
          from jsonb_array_elements(shown) with ordinality v (value, n);
    end if;
    if jsonb_array_length(lines) > most then
        shown := shown || jsonb_build_array(jsonb_build_object('rest', jsonb_array_length(lines) - most)
                 || fleet_log.usage_sums(jsonb_path_query_array(lines, '$[$first to last]', jsonb_build_object('first', most))));
    end if;
    return query
    select (jsonb_strip_nulls(jsonb_build_object('by', to_jsonb(groups), 'project', nullif(filter ->> 'project', ''),
                'since', fleet_log.json_time(since), 'until', fleet_log.json_time(until), 'currency', 'USD'))
            || jsonb_build_object('items', shown, 'total', fleet_log.usage_sums(lines)))::text, ''::text;
end $$;
comment on function fleet.show_usage is
    'What was used, as JSON: project, by (pilot, role, model, mission, day, project), since, until, pilot, model, mission_id, top. Example: select * from fleet.show_usage(''{"project":"demo","by":"pilot,day"}'')';

create function fleet.list_usage_calls(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    mission constant text := fleet_log.mission_id_of(filter ->> 'project', filter ->> 'mission_id');
begin
    if filter ->> 'after' !~ '^\d{1,18}$' then
        perform fleet.refuse('invalid_field', 'is not a cursor of this list', '/after');
    end if;
    return query
    -- The page first: only what is on it is made JSON.
    with page as materialized (
        select u.project, u.call_id, u.last_seq from fleet_state.usage_calls u
         where (u.period_from is null or u.input_tokens + u.output_tokens + u.cache_read_tokens + u.cache_write_tokens > 0)
           and (nullif(filter ->> 'project', '') is null or u.project = filter ->> 'project')
           and (filter ->> 'pilot' is null or u.pilot = filter ->> 'pilot')
           and (filter ->> 'model' is null or filter ->> 'model' in (u.model, fleet_log.model_name(u.model)))
           and (mission is null or u.mission_id = mission)
           and (filter ->> 'after' is null or u.last_seq < (filter ->> 'after')::bigint)
         order by u.last_seq desc limit fleet_log.page_size(filter))
    select i.item::text, p.last_seq::text
      from page p cross join lateral (select x.item from fleet_log.usage_call_items x
                                       where x.call_id = p.call_id and x.project = p.project limit 1) i
     order by p.last_seq desc;
end $$;
comment on function fleet.list_usage_calls is
    'Calls of models as JSON, newest first: project, pilot, model, mission_id, limit, after. Example: select * from fleet.list_usage_calls(''{"project":"demo"}'')';

create function fleet.list_budgets(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.budget_id::text from fleet_log.budget_items i
     where (nullif(filter ->> 'project', '') is null or i.project = filter ->> 'project')
       and (fleet_log.words(filter, 'scope_kind') is null or i.scope_kind = any(fleet_log.words(filter, 'scope_kind')))
       and i.state = any(coalesce(fleet_log.words(filter, 'status'), '{open,warned,stopped}'))
       and (filter ->> 'after' is null or i.budget_id > filter ->> 'after')
     order by i.budget_id limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_budgets is
    'Budgets as JSON: project, scope_kind, status (default all but removed), limit, after. Example: select * from fleet.list_budgets(''{"project":"demo"}'')';

create function fleet.budget_refusal(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select r.stop::text, ''::text
      from (select fleet_log.budget_refusal(filter ->> 'project', filter ->> 'callsign', clock_timestamp()) as stop) r
     where r.stop is not null;
end $$;
comment on function fleet.budget_refusal is
    'Why a pilot may not go on, or no row. Example: select * from fleet.budget_refusal(''{"project":"demo","callsign":"viper-1"}'')';

create function fleet.list_prices(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.key from (
        select p.item, p.model || ' ' || p.place || ' ' || p.valid_from as key, p.model from fleet_log.price_items p
         where p.state = 'in_force') i
     where (filter ->> 'model' is null or position(lower(filter ->> 'model') in i.model) > 0
            or i.model = fleet_log.model_name(filter ->> 'model'))
       and (filter ->> 'after' is null or i.key collate "C" > filter ->> 'after')
     order by i.key collate "C" limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_prices is
    'Prices as JSON, own ones and shipped ones: model, limit, after. Example: select * from fleet.list_prices(''{"model":"claude"}'')';
