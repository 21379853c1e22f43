-- Who has used up a budget begins nothing. One small table is asked, whose rows say themselves whether they are used up.

create function fleet_log.spent_budget(project text, callsign text, missions text[], at timestamptz)
returns fleet_state.budgets
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    b fleet_state.budgets;
begin
    select * into b from fleet_state.budgets x
     where x.project = spent_budget.project and x.state = 'stopped'
       and (x.period = 'total' or x.day >= fleet_log.utc_day(spent_budget.at))
       and (x.scope_kind = 'project' or (x.scope_kind = 'pilot' and x.scope_id = spent_budget.callsign)
            or (x.scope_kind = 'mission' and x.scope_id = any(missions)))
     order by x.scope_kind = 'project' desc, x.period = 'total' desc, x.budget_id limit 1;
    return b;
end $$;
comment on function fleet_log.spent_budget is
    'The budget that stops a pilot who works for these missions, or nulls. Example: select fleet_log.spent_budget(''demo'', ''viper-1'', ''{}'', now())';

create function fleet_log.stop_of(b fleet_state.budgets)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_build_object('code', 'budget_stopped',
        'message', format('%s is used up: %s', fleet_log.budget_words(b), fleet_log.budget_figures(b)),
        'hint', format('write down where you are and stop%s; an operator raises it: fleet budget set%s%s',
            case b.period when 'day' then ', tomorrow (UTC) begins anew' else '' end,
            case b.scope_kind when 'project' then '' else format(' --%s %s', b.scope_kind, b.scope_id) end,
            case b.period when 'day' then ' --day' else '' end
                || case when b.limit_tokens is not null then ' --tokens N' else ' --cost AMOUNT' end),
        'detail', jsonb_strip_nulls(jsonb_build_object('budget_id', b.budget_id, 'scope_kind', b.scope_kind,
            'scope_id', nullif(b.scope_id, ''), 'period', b.period, 'day', b.day, 'used_tokens', b.used_tokens,
            'limit_tokens', b.limit_tokens, 'used_micros', b.used_micros, 'limit_micros', b.limit_micros)));
end $$;
comment on function fleet_log.stop_of is
    'The refusal that a budget gives. Example: select fleet_log.stop_of(b) from fleet_state.budgets b where b.state = ''stopped''';

create function fleet_log.missions_in_hand(project text, callsign text)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return array(select distinct s.mission_id from fleet_state.sorties s
                  where s.project = missions_in_hand.project and s.pilot = missions_in_hand.callsign
                    and s.state in ('assigned', 'in_progress', 'blocked') and s.mission_id is not null);
end $$;
comment on function fleet_log.missions_in_hand is
    'The missions that a pilot works for now. Example: select fleet_log.missions_in_hand(''demo'', ''viper-1'')';

create function fleet_log.budget_refusal(project text, callsign text, at timestamptz)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    b fleet_state.budgets;
begin
    if not exists (select from fleet_state.budgets x where x.project = budget_refusal.project and x.state = 'stopped') then
        return null;
    end if;
    b := fleet_log.spent_budget(budget_refusal.project, budget_refusal.callsign,
                                fleet_log.missions_in_hand(budget_refusal.project, budget_refusal.callsign), budget_refusal.at);
    return case when b.budget_id is not null then fleet_log.stop_of(b) end;
end $$;
comment on function fleet_log.budget_refusal is
    'Why a pilot may not go on, {code, message, hint, detail}, or null. Example: select fleet_log.budget_refusal(''demo'', ''viper-1'', now())';

create function fleet_log.budgeted_missions(project text, at timestamptz)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return array(select b.scope_id from fleet_state.budgets b
                  where b.project = budgeted_missions.project and b.state = 'stopped' and b.scope_kind = 'mission'
                    and (b.period = 'total' or b.day >= fleet_log.utc_day(budgeted_missions.at)));
end $$;
comment on function fleet_log.budgeted_missions is
    'Missions whose budget is used up. Example: select fleet_log.budgeted_missions(''demo'', now())';

create function fleet_log.closed_missions(project text, at timestamptz)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return fleet_log.halted_missions(closed_missions.project)
           || fleet_log.budgeted_missions(closed_missions.project, closed_missions.at);
end $$;
comment on function fleet_log.closed_missions is
    'Missions whose sorties nobody may claim now: halted, or their budget is used up. Example: select fleet_log.closed_missions(''demo'', now())';

create function fleet_log.budget_problem(w fleet_log.work)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    given constant text := w.args ->> 'sortie_id';
    missions text[] := '{}';
    b fleet_state.budgets;
    stop jsonb;
begin
    if not exists (select from fleet_state.budgets x where x.project = w.project and x.state = 'stopped') then
        return w;
    elsif given is not null then
        missions := array(select s.mission_id from fleet_state.sorties s
                           where s.sortie_id = fleet_log.sortie_id_of(w.project, given) and s.mission_id is not null);
    elsif w.args ->> 'mission_id' is not null then
        missions := array[fleet_log.mission_id_of(w.project, w.args ->> 'mission_id')];
    elsif w.op not in ('claim_sortie', 'claim_work') then
        -- A claim of whatever comes next passes over such missions; anything else is for the work at hand.
        missions := fleet_log.missions_in_hand(w.project, w.actor);
    end if;
    b := fleet_log.spent_budget(w.project, w.actor, missions, w.at);
    if b.budget_id is null then
        return w;
    end if;
    stop := fleet_log.stop_of(b);
    return fleet_log.refuse(w, stop ->> 'code', '', stop ->> 'message', stop ->> 'hint', stop -> 'detail');
end $$;
comment on function fleet_log.budget_problem is
    'Refuses what begins something that a used-up budget pays for. Example, in perform: w := fleet_log.budget_problem(w)';

create function fleet_log.budget_here(project text, mission text, at timestamptz)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    b constant fleet_state.budgets := fleet_log.spent_budget(budget_here.project, '', array[mission], budget_here.at);
begin
    return case when b.budget_id is not null then fleet_log.budget_words(b) || ' is used up' end;
end $$;
comment on function fleet_log.budget_here is
    'The budget that keeps sorties of a mission from being claimed, in words, or null. Example: select fleet_log.budget_here(''demo'', ''msn_01…'', now())';
