-- Budgets: setting and removing them, telling of them, and stopping who has used them up.

create view fleet_log.budget_items as
select b.budget_id, b.project, b.scope_kind, s.state, jsonb_strip_nulls(jsonb_build_object(
           'budget_id', b.budget_id, 'project', b.project, 'scope_kind', b.scope_kind, 'scope_id', nullif(b.scope_id, ''),
           'scope_title', (select m.title from fleet_state.missions m
                            where b.scope_kind = 'mission' and m.mission_id = b.scope_id),
           'period', b.period, 'day', d.day::text, 'status', s.state, 'limit_tokens', b.limit_tokens,
           'limit_micros', b.limit_micros, 'warn_percent', b.warn_percent, 'used_tokens', d.keep * b.used_tokens,
           'used_micros', d.keep * b.used_micros, 'unpriced_calls', d.keep * b.unpriced_calls,
           'percent', floor(greatest(d.keep * b.used_tokens * 100.0 / b.limit_tokens,
                                     d.keep * b.used_micros * 100.0 / b.limit_micros))::bigint,
           'reason', b.reason, 'set_by', b.set_by, 'set_at', fleet_log.json_time(b.set_at),
           'warned_at', fleet_log.json_time(b.warned_at), 'stopped_at', fleet_log.json_time(b.stopped_at),
           'stream_version', b.version, 'last_seq', b.last_seq)) as item
  from fleet_state.budgets b
 -- Of a budget by day the counters are of the day of the last call: on a later one nothing is used yet.
 cross join lateral (select case when b.period = 'day' then fleet_log.utc_day(clock_timestamp()) end as day,
                            (b.period = 'total' or b.day >= fleet_log.utc_day(clock_timestamp()))::int as keep) d
 cross join lateral (select case when b.state = 'removed' or d.keep = 1 then b.state else 'open' end as state) s;
comment on view fleet_log.budget_items is 'Budgets as JSON, as they stand now.';
comment on column fleet_log.budget_items.item is 'The JSON object.';
comment on column fleet_log.budget_items.state is 'open, warned, stopped or removed, to filter by.';

create function fleet_log.budget_scope(w fleet_log.work)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    kind constant text := w.args ->> 'scope_kind';
    id text := w.args ->> 'scope_id';
    period constant text := coalesce(w.args ->> 'period', 'total');
begin
    -- {scope, budget_id}, or {code, field, message, hint}.
    if kind = 'project' and id is not null and id <> w.project then
        return jsonb_build_object('code', 'invalid_field', 'field', '/args/scope_id',
                                  'message', 'a project''s budget is set in the project: leave it out');
    elsif kind = 'project' then
        id := null;
    elsif id is null then
        return jsonb_build_object('code', 'invalid_field', 'field', '/args/scope_id', 'message', format('is missing; say which %s', kind));
    elsif kind = 'pilot' and not exists (select from fleet_state.pilots p where p.project = w.project and p.callsign = id) then
        return jsonb_build_object('code', 'not_found', 'field', '/args/scope_id', 'hint', 'fleet pilots list',
                                  'message', format('no pilot %s in the project %s', id, w.project));
    elsif kind = 'mission' then
        id := fleet_log.mission_id_of(w.project, id);
        if not exists (select from fleet_state.missions m where m.mission_id = id and m.project = w.project) then
            return jsonb_build_object('code', 'not_found', 'field', '/args/scope_id', 'hint', 'fleet missions list',
                                      'message', 'no mission ' || (w.args ->> 'scope_id'));
        end if;
    end if;
    return jsonb_build_object('budget_id', format('budget:%s:%s:%s', kind, case kind when 'mission' then id else
                                                  concat_ws(':', w.project, id) end, period),
        'scope', jsonb_strip_nulls(jsonb_build_object('kind', kind, 'project', w.project, 'id', id, 'period', period)));
end $$;
comment on function fleet_log.budget_scope is
    'The scope that a command means and its budget''s id, or what is wrong. Example, in a command: s := fleet_log.budget_scope(w)';

create function fleet_log.do_set_budget(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s constant jsonb := fleet_log.budget_scope(w);
begin
    if s ? 'code' then
        return fleet_log.refuse(w, s ->> 'code', s ->> 'field', s ->> 'message', s ->> 'hint');
    elsif w.args ->> 'limit_tokens' is null and w.args ->> 'limit_micros' is null then
        return fleet_log.refuse(w, 'invalid_field', '/args/limit_tokens', 'a budget limits tokens, money or both',
                                'give limit_tokens or limit_micros');
    end if;
    w := fleet_log.put(w, 'budget_set', 'usage', s ->> 'budget_id', jsonb_build_object('by', w.actor, 'scope', s -> 'scope',
        'limit_tokens', w.args -> 'limit_tokens', 'limit_micros', w.args -> 'limit_micros',
        'warn_percent', coalesce((w.args ->> 'warn_percent')::int, 80), 'reason', w.args ->> 'reason'));
    w := fleet_log.tell_budgets(w, w.event_id);
    w.result := (select i.item from fleet_log.budget_items i where i.budget_id = s ->> 'budget_id');
    return w;
end $$;
comment on function fleet_log.do_set_budget is
    'Command set_budget, of operators. Example: select * from fleet.set_budget(''demo'', ''pilot'', ''viper-1'', ''day'', limit_tokens => 1000000)';

create function fleet_log.do_remove_budget(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s constant jsonb := fleet_log.budget_scope(w);
begin
    if s ? 'code' then
        return fleet_log.refuse(w, s ->> 'code', s ->> 'field', s ->> 'message', s ->> 'hint');
    elsif not exists (select from fleet_state.budgets b where b.budget_id = s ->> 'budget_id' and b.state <> 'removed') then
        return fleet_log.refuse(w, 'not_found', '/args/scope_kind', 'there is no such budget',
                                'fleet budget list shows them; one by day and one in all are two');
    end if;
    w := fleet_log.put(w, 'budget_removed', 'usage', s ->> 'budget_id', jsonb_build_object('by', w.actor,
                       'scope', s -> 'scope', 'reason', w.args ->> 'reason'));
    w.result := (select i.item from fleet_log.budget_items i where i.budget_id = s ->> 'budget_id');
    return w;
end $$;
comment on function fleet_log.do_remove_budget is
    'Command remove_budget, of operators. Example: select * from fleet.remove_budget(''demo'', ''pilot'', ''viper-1'', ''day'')';

create function fleet_log.money(micros bigint)
returns text
language sql immutable parallel safe as $$
    select to_char(micros / 1000000.0, 'FM9999999999990.00') || ' USD'
$$;
comment on function fleet_log.money is 'Millionths for people. Example: select fleet_log.money(1234567)';

create function fleet_log.budget_words(b fleet_state.budgets)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return format('the budget of the %s %s%s', b.scope_kind, case when b.scope_kind = 'project' then b.project else b.scope_id end,
                  case when b.period = 'day' then ' for ' || b.day else '' end);
end $$;
comment on function fleet_log.budget_words is
    'Whose budget it is, in words. Example: select fleet_log.budget_words(b) from fleet_state.budgets b';

create function fleet_log.budget_figures(b fleet_state.budgets)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return concat_ws(' and ', case when b.limit_tokens is not null
                                   then format('%s of %s tokens', b.used_tokens, b.limit_tokens) end,
                     case when b.limit_micros is not null
                          then format('%s of %s', fleet_log.money(b.used_micros), fleet_log.money(b.limit_micros)) end);
end $$;
comment on function fleet_log.budget_figures is
    'How much of a budget is used, in words. Example: select fleet_log.budget_figures(b) from fleet_state.budgets b';

create function fleet_log.budget_hearers(b fleet_state.budgets)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return array(
        select p.callsign from fleet_state.pilots p
         where p.project = b.project and p.state in ('active', 'idle') and case b.scope_kind
               when 'pilot' then p.callsign = b.scope_id
               when 'mission' then p.callsign in (
                    select s.pilot from fleet_state.sorties s
                     where s.mission_id = b.scope_id and s.state in ('assigned', 'in_progress', 'blocked', 'review')
                    union all select m.created_by from fleet_state.missions m where m.mission_id = b.scope_id)
               else true end
         order by p.callsign limit 100);
end $$;
comment on function fleet_log.budget_hearers is
    'The pilots that a budget is about. Example: select fleet_log.budget_hearers(b) from fleet_state.budgets b';

create function fleet_log.tell_budgets(w fleet_log.work, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    b fleet_state.budgets;
    caller constant fleet_log.work := w;
    hearers text[];
begin
    -- Once a period: what was told stands in the row.
    for b in select * from fleet_state.budgets x
              where x.project = caller.project
                and (x.state, x.told) in (('warned', 'open'), ('stopped', 'open'), ('stopped', 'warned')) order by x.budget_id
    loop
        w.actor := 'system';
        w := fleet_log.put(w, 'budget_' || b.state, 'usage', b.budget_id, jsonb_build_object('scope', jsonb_build_object(
                'kind', b.scope_kind, 'project', b.project, 'id', nullif(b.scope_id, ''), 'period', b.period),
            'day', b.day, 'used_tokens', b.used_tokens, 'used_micros', b.used_micros, 'limit_tokens', b.limit_tokens,
            'limit_micros', b.limit_micros), causation_id, case b.scope_kind when 'mission' then b.scope_id end);
        hearers := fleet_log.budget_hearers(b);
        if hearers <> '{}' then
            w := fleet_log.send_squawk(w, 'system', hearers,
                format('Budget %s: %s', case b.state when 'warned' then 'warning' else 'used up' end, fleet_log.budget_words(b)),
                format('%s: %s.%s', fleet_log.budget_words(b), fleet_log.budget_figures(b), case b.state when 'stopped'
                    then ' Nobody in it claims, starts or edits anything: write down where you are, hand over or stop.' else '' end),
                jsonb_build_object('importance', 'high', 'causation_id', w.event_id,
                                   'mission_id', case b.scope_kind when 'mission' then b.scope_id end));
        end if;
        w.actor := caller.actor;
    end loop;
    w.result := caller.result;
    return w;
end $$;
comment on function fleet_log.tell_budgets is
    'Writes the warnings and stops that are due in a project, and mails who they are about. Example, in do_record_usage: w := fleet_log.tell_budgets(w, w.event_id)';

create function fleet_log.sweep_budgets(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    before constant text := w.project;
    key text;
    told int := 0;
begin
    -- Usage that was appended raw moves the counters, but tells nobody.
    for key in select distinct x.project collate "C" from fleet_state.budgets x
                where (x.state, x.told) in (('warned', 'open'), ('stopped', 'open'), ('stopped', 'warned')) order by 1
    loop
        w.project := key;
        w := fleet_log.tell_budgets(w, null);
        told := told + 1;
    end loop;
    w.project := before;
    w.result := to_jsonb(told);
    return w;
end $$;
comment on function fleet_log.sweep_budgets is
    'Tells of budgets whose counters were moved by raw events. Example, in do_sweep: w := fleet_log.sweep_budgets(w)';
