-- fold of the family usage: fleet_state.usage_calls, fleet_state.budgets, fleet_state.prices. One event after the other:
-- what an event means depends on the rows that those before it left.

create function fleet_log.utc_day(at timestamptz)
returns date
language sql immutable parallel safe as $$
    -- No pinned path, so that it is inlined.
    select (at at time zone 'UTC')::date
$$;
comment on function fleet_log.utc_day is 'The day of a time, in UTC. Example: select fleet_log.utc_day(now())';

create function fleet_log.capped(numeric)
returns bigint
language sql immutable parallel safe as $$
    select least(greatest($1, 0), 9007199254740991)::bigint
$$;
comment on function fleet_log.capped is
    'A count that JSON numbers can hold, and nothing below zero. Example: select fleet_log.capped(1e20)';

create function fleet_log.budget_state(limit_tokens bigint, limit_micros bigint, warn_percent int, tokens bigint, micros bigint)
returns text
language sql immutable parallel safe as $$
    select case when tokens >= limit_tokens or micros >= limit_micros then 'stopped'
                when tokens * 100::numeric >= limit_tokens * warn_percent::numeric
                  or micros * 100::numeric >= limit_micros * warn_percent::numeric then 'warned'
                else 'open' end
$$;
comment on function fleet_log.budget_state is
    'What counters mean for a budget: open, warned or stopped. Example: select fleet_log.budget_state(1000, null, 80, 800, 0)';

create function fleet_state.count_in_budgets(seq bigint, c fleet_state.usage_calls, tokens bigint, micros bigint, unpriced int)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if (count_in_budgets.tokens, count_in_budgets.micros, unpriced) = (0, 0, 0) then
        return;
    end if;
    -- A day that is over counts no more; a new one begins at nothing.
    update fleet_state.budgets b
       set used_tokens = n.tokens, used_micros = n.micros, unpriced_calls = n.unpriced,
           day = case when b.period = 'day' then c.day end, told = case when n.anew then 'open' else b.told end,
           state = fleet_log.budget_state(b.limit_tokens, b.limit_micros, b.warn_percent, n.tokens, n.micros),
           last_seq = count_in_budgets.seq
      from (select x.budget_id, x.anew,
                   fleet_log.capped(case when x.anew then 0 else x.used_tokens end + count_in_budgets.tokens::numeric) as tokens,
                   fleet_log.capped(case when x.anew then 0 else x.used_micros end + count_in_budgets.micros::numeric) as micros,
                   greatest(case when x.anew then 0 else x.unpriced_calls end + count_in_budgets.unpriced, 0) as unpriced
              from (select y.*, y.period = 'day' and c.day > y.day as anew from fleet_state.budgets y
                     where y.project = c.project and y.state <> 'removed' and (y.period = 'total' or c.day >= y.day)
                       and (y.scope_kind, y.scope_id) in (('project', ''), ('pilot', c.pilot),
                                                          ('mission', coalesce(c.mission_id, '-')))) x) n
     where b.budget_id = n.budget_id;
end $$;
comment on function fleet_state.count_in_budgets is
    'Moves the counters of the budgets that a call falls under. Example, in fold_usage: perform fleet_state.count_in_budgets(seq, c, 100, 20, 0)';

create function fleet_state.put_call(c fleet_state.usage_calls)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    old fleet_state.usage_calls;
begin
    select * into old from fleet_state.usage_calls u where u.project = c.project and u.call_id = c.call_id;
    delete from fleet_state.usage_calls u where u.project = c.project and u.call_id = c.call_id;
    insert into fleet_state.usage_calls select (c).*;
    perform fleet_state.count_in_budgets(c.last_seq, c,
        c.input_tokens + c.output_tokens + c.cache_write_tokens
            - coalesce(old.input_tokens + old.output_tokens + old.cache_write_tokens, 0),
        coalesce(c.cost_micros, 0) - coalesce(old.cost_micros, 0),
        (c.cost_micros is null)::int - (old.call_id is not null and old.cost_micros is null)::int);
end $$;
comment on function fleet_state.put_call is
    'Writes a row and moves the budgets by what it differs from the one before. Example, in apply_usage: perform fleet_state.put_call(c)';

create function fleet_state.settle_counter(c fleet_state.usage_calls)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    -- A program tells of one model as it was asked for here and as it answered there.
    name constant text := fleet_log.model_name(c.model);
    known record;
    since timestamptz := c.period_from;
begin
    -- A counter says what all calls of its stretch of time used. Those that are known one by one are counted as such. A
    -- session's first stretch begins when its first call is counted, a little after that call's own time.
    if not exists (select from fleet_state.usage_calls u
                    where u.project = c.project and u.session_id = c.session_id
                      and u.period_from is not null and u.call_id <> c.call_id
                      and u.called_at between c.period_from - interval '5 seconds' and c.period_from
                      and fleet_log.model_name(u.model) = name) then
        since := c.period_from - interval '5 seconds';
    end if;
    select coalesce(sum(u.input_tokens), 0) as input, coalesce(sum(u.output_tokens), 0) as output,
           coalesce(sum(u.cache_read_tokens), 0) as cache_read, coalesce(sum(u.cache_write_tokens), 0) as cache_write,
           coalesce(sum(u.cost_micros), 0) as micros into known
      from fleet_state.usage_calls u
     where u.project = c.project and u.session_id = c.session_id and u.period_from is null
       and u.called_at > since and u.called_at <= c.called_at and fleet_log.model_name(u.model) = name;
    c.input_tokens := fleet_log.capped((c.reported ->> 'input')::numeric - known.input);
    c.output_tokens := fleet_log.capped((c.reported ->> 'output')::numeric - known.output);
    c.cache_read_tokens := fleet_log.capped((c.reported ->> 'cache_read')::numeric - known.cache_read);
    c.cache_write_tokens := fleet_log.capped((c.reported ->> 'cache_write')::numeric - known.cache_write);
    c.cost_micros := case when c.input_tokens + c.output_tokens + c.cache_read_tokens + c.cache_write_tokens = 0 then 0
                          when c.reported ->> 'cost' is not null
                              then fleet_log.capped((c.reported ->> 'cost')::numeric - known.micros) end;
    perform fleet_state.put_call(c);
end $$;
comment on function fleet_state.settle_counter is
    'Writes the row of a counter without what known calls explain. Example, in apply_usage: perform fleet_state.settle_counter(c)';

create function fleet_state.as_reported(c fleet_state.usage_calls)
returns fleet_state.usage_calls
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if c.reported is not null then
        c.input_tokens := (c.reported ->> 'input')::bigint;
        c.output_tokens := (c.reported ->> 'output')::bigint;
        c.cache_read_tokens := (c.reported ->> 'cache_read')::bigint;
        c.cache_write_tokens := (c.reported ->> 'cache_write')::bigint;
        c.cost_micros := (c.reported ->> 'cost')::bigint;
    end if;
    return c;
end $$;
comment on function fleet_state.as_reported is
    'A row as it was reported: a counter''s before known calls were taken off. Example: select (fleet_state.as_reported(u)).* from fleet_state.usage_calls u';

create function fleet_state.apply_usage(e fleet_log.events)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    d constant jsonb := e.data;
    old fleet_state.usage_calls;
    known fleet_state.usage_calls;
    c fleet_state.usage_calls;
    total bigint;
begin
    select * into old from fleet_state.usage_calls u
     where u.project = e.project and u.call_id = coalesce(d ->> 'call_id', e.event_id);
    c := old;
    if old.call_id is null then
        -- Whose it is and when stays as it was first told.
        c.project := e.project;
        c.call_id := coalesce(d ->> 'call_id', e.event_id);
        c.pilot := d ->> 'pilot';
        c.model := d ->> 'model';
        c.called_at := least(coalesce((d ->> 'called_at')::timestamptz(3), e.occurred_at), e.recorded_at);
        c.day := fleet_log.utc_day(c.called_at);
        c.source := d ->> 'source';
        c.period_from := (d ->> 'period_from')::timestamptz(3);
        c.sortie_id := d ->> 'sortie_id';
        c.mission_id := d ->> 'mission_id';
    elsif old.period_from is not null then
        -- A counter that only grows says more and more of one stretch.
        c.called_at := greatest(old.called_at, least(coalesce((d ->> 'called_at')::timestamptz(3), e.occurred_at), e.recorded_at));
    end if;
    c.client := coalesce(c.client, d ->> 'client');
    c.session_id := coalesce(c.session_id, d ->> 'session_id');
    c.run_id := coalesce(c.run_id, d ->> 'run_id');
    c.input_tokens := (d ->> 'input_tokens')::bigint;
    c.output_tokens := (d ->> 'output_tokens')::bigint;
    c.cache_read_tokens := coalesce((d ->> 'cache_read_tokens')::bigint, 0);
    c.cache_write_tokens := coalesce((d ->> 'cache_write_tokens')::bigint, 0);
    c.cost_micros := (d ->> 'cost_micros')::bigint;
    c.cost_from := case when c.cost_micros is null then 'unknown' else coalesce(d ->> 'cost_from', 'client') end;
    c.reports := coalesce(old.reports, 0) + 1;
    c.version := e.stream_version;
    c.last_seq := e.seq;
    total := c.input_tokens + c.output_tokens + c.cache_read_tokens + c.cache_write_tokens;
    -- The fullest report holds; of equal ones the first, unless the later one knows better what it cost.
    known := fleet_state.as_reported(old);
    if old.call_id is not null and (total, array_position('{unknown,price,client}', c.cost_from), coalesce(c.cost_micros, 0))
        <= (known.input_tokens + known.output_tokens + known.cache_read_tokens + known.cache_write_tokens,
            array_position('{unknown,price,client}', known.cost_from), coalesce(known.cost_micros, 0)) then
        return;
    end if;
    if c.period_from is not null then
        c.reported := jsonb_build_object('input', c.input_tokens, 'output', c.output_tokens, 'cache_read', c.cache_read_tokens,
                                         'cache_write', c.cache_write_tokens, 'cost', c.cost_micros);
        perform fleet_state.settle_counter(c);
        return;
    end if;
    perform fleet_state.put_call(c);
    perform fleet_state.settle_counter(u.counter) from (
        select y as counter from fleet_state.usage_calls y
         where y.project = c.project and y.session_id = c.session_id and y.period_from is not null
           and fleet_log.model_name(y.model) = fleet_log.model_name(c.model)
           and y.period_from - interval '5 seconds' < c.called_at and y.called_at >= c.called_at offset 0) u;
end $$;
comment on function fleet_state.apply_usage is
    'Folds one report. Example, in fold_usage: perform fleet_state.apply_usage(e)';

create function fleet_state.apply_budget(e fleet_log.events)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    scope constant jsonb := e.data -> 'scope';
    b fleet_state.budgets;
begin
    if e.type <> 'budget_set' then
        update fleet_state.budgets x
           set state = case e.type when 'budget_removed' then 'removed' else x.state end,
               told = case e.type when 'budget_warned' then 'warned' when 'budget_stopped' then 'stopped' else 'open' end,
               warned_at = case e.type when 'budget_warned' then e.recorded_at else x.warned_at end,
               stopped_at = case e.type when 'budget_stopped' then e.recorded_at else x.stopped_at end,
               version = e.stream_version, last_seq = e.seq
         where x.budget_id = e.stream_id;
        return;
    end if;
    -- What was used before it was set counts.
    b := (e.stream_id, scope ->> 'project', scope ->> 'kind', coalesce(scope ->> 'id', ''), scope ->> 'period',
          (e.data ->> 'limit_tokens')::bigint, (e.data ->> 'limit_micros')::bigint, (e.data ->> 'warn_percent')::smallint,
          e.data ->> 'reason', 'open', 'open', case scope ->> 'period' when 'day' then fleet_log.utc_day(e.recorded_at) end,
          0, 0, 0, e.data ->> 'by', e.recorded_at, null, null, e.stream_version, e.seq)::fleet_state.budgets;
    select fleet_log.capped(coalesce(sum(u.input_tokens + u.output_tokens + u.cache_write_tokens), 0)),
           fleet_log.capped(coalesce(sum(u.cost_micros), 0)), count(*) filter (where u.cost_micros is null)
      into b.used_tokens, b.used_micros, b.unpriced_calls
      from fleet_state.usage_calls u
     where u.project = b.project and (b.scope_kind <> 'pilot' or u.pilot = b.scope_id)
       and (b.scope_kind <> 'mission' or u.mission_id = b.scope_id) and (b.day is null or u.day = b.day);
    b.state := fleet_log.budget_state(b.limit_tokens, b.limit_micros, b.warn_percent, b.used_tokens, b.used_micros);
    delete from fleet_state.budgets x where x.budget_id = b.budget_id;
    insert into fleet_state.budgets select (b).*;
end $$;
comment on function fleet_state.apply_budget is
    'Folds one event of a budget. Example, in fold_usage: perform fleet_state.apply_budget(e)';

create function fleet_state.apply_price(e fleet_log.events)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if e.type = 'price_removed' then
        update fleet_state.prices p set state = 'removed', version = e.stream_version, last_seq = e.seq
         where p.model = e.data ->> 'model' and p.valid_from = (e.data ->> 'valid_from')::date;
        return;
    end if;
    insert into fleet_state.prices as p (model, valid_from, input_micros, output_micros, cache_read_micros, cache_write_micros,
                                         state, set_by, set_at, version, last_seq)
    values (e.data ->> 'model', (e.data ->> 'valid_from')::date, (e.data ->> 'input_micros')::bigint,
            (e.data ->> 'output_micros')::bigint,
            coalesce(e.data ->> 'cache_read_micros', e.data ->> 'input_micros')::bigint,
            coalesce(e.data ->> 'cache_write_micros', e.data ->> 'input_micros')::bigint,
            'in_force', e.data ->> 'by', e.recorded_at, e.stream_version, e.seq)
        on conflict (model, valid_from) do update
       set input_micros = excluded.input_micros, output_micros = excluded.output_micros,
           cache_read_micros = excluded.cache_read_micros, cache_write_micros = excluded.cache_write_micros,
           state = excluded.state, set_by = excluded.set_by, set_at = excluded.set_at, version = excluded.version,
           last_seq = excluded.last_seq;
end $$;
comment on function fleet_state.apply_price is 'Folds one event of a price. Example, in fold_usage: perform fleet_state.apply_price(e)';

create function fleet_state.fold_usage(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    e fleet_log.events;
begin
    for e in select * from fleet_log.events x
              where x.seq between fold_usage.from_seq and fold_usage.to_seq and x.stream_type = 'usage' order by x.seq
    loop
        if e.type = 'usage_recorded' then
            perform fleet_state.apply_usage(e);
        elsif starts_with(e.type, 'budget_') then
            perform fleet_state.apply_budget(e);
        elsif starts_with(e.type, 'price_') then
            perform fleet_state.apply_price(e);
        end if;
    end loop;
end $$;
comment on function fleet_state.fold_usage is
    'Folds the usage events of a range: calls, budgets, prices. Example: select fleet_state.fold_usage(1, 100)';

create function fleet_log.fold_usage_anew()
returns boolean
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    range int8range;
begin
    -- A log from before these tables, or from before they were taken away and brought back, has what they hold.
    if exists (select from fleet_state.usage_calls) or exists (select from fleet_state.budgets)
       or exists (select from fleet_state.prices) then
        return false;
    end if;
    select int8range(min(e.seq), max(e.seq), '[]') into range from fleet_log.events e
     where e.type in ('usage_recorded', 'budget_set', 'price_set') having count(*) > 0;
    perform fleet_state.fold_usage(lower(range), upper(range) - 1) where range is not null;
    return range is not null;
end $$;
comment on function fleet_log.fold_usage_anew is
    'Fills the tables of usage from the log where they are empty; true if it did. Example: select fleet_log.fold_usage_anew()';

do $$
begin
    perform fleet_log.fold_usage_anew();
end $$;
