-- Counting what models used.

create view fleet_log.usage_call_items as
select u.project, u.call_id, u.pilot, u.model, u.mission_id, u.last_seq, jsonb_strip_nulls(jsonb_build_object(
           'call_id', u.call_id, 'project', u.project, 'pilot', u.pilot, 'model', u.model, 'sortie_id', u.sortie_id,
           'mission_id', u.mission_id, 'input_tokens', u.input_tokens, 'output_tokens', u.output_tokens,
           'cache_read_tokens', u.cache_read_tokens, 'cache_write_tokens', u.cache_write_tokens,
           'tokens', u.input_tokens + u.output_tokens + u.cache_read_tokens + u.cache_write_tokens,
           'cost_from', u.cost_from, 'called_at', fleet_log.json_time(u.called_at), 'source', u.source,
           'client', u.client, 'session_id', u.session_id, 'run_id', u.run_id,
           'period_from', fleet_log.json_time(u.period_from), 'reports', u.reports, 'stream_version', u.version,
           'last_seq', u.last_seq)) || jsonb_build_object('cost_micros', u.cost_micros) as item
  from fleet_state.usage_calls u;
comment on view fleet_log.usage_call_items is 'Calls of models as JSON.';
comment on column fleet_log.usage_call_items.item is 'The JSON object.';

create function fleet_log.sortie_at_work(project text, callsign text, at timestamptz)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The one in hand; reports come late, so else the one that was in hand then.
    return coalesce(
        (select s.sortie_id from fleet_state.sorties s
          where s.project = sortie_at_work.project and s.pilot = sortie_at_work.callsign
            and s.state in ('assigned', 'in_progress', 'blocked') and s.assigned_at <= sortie_at_work.at
          order by s.assigned_at desc limit 1),
        (select e.stream_id
           from (select y.* from fleet_log.events y
                  where y.actor = sortie_at_work.callsign and y.project = sortie_at_work.project
                  order by y.seq desc limit 200) e
          where e.type = 'sortie_assigned' and e.recorded_at <= sortie_at_work.at
            and not exists (select from fleet_log.events x
                             where x.stream_id = e.stream_id and x.stream_version > e.stream_version
                               and x.recorded_at < sortie_at_work.at
                               and x.type in ('sortie_completed', 'sortie_failed', 'sortie_requeued', 'sortie_cancelled'))
          order by e.seq desc limit 1));
end $$;
comment on function fleet_log.sortie_at_work is
    'The sortie that a pilot was at then, or null. Example: select fleet_log.sortie_at_work(''demo'', ''viper-1'', now())';

create function fleet_log.usage_data(w fleet_log.work, old fleet_state.usage_calls)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    a constant jsonb := w.args;
    at constant timestamptz := least(coalesce(fleet_log.try_time(a ->> 'called_at'), w.at), w.at);
    -- A call was when it was told first; a counter goes on.
    called constant timestamptz := case when old.period_from is null then coalesce(old.called_at, at)
                                        else greatest(old.called_at, at) end;
    day constant date := coalesce(old.day, fleet_log.utc_day(at));
    n bigint[] := array[coalesce((a ->> 'input_tokens')::bigint, 0), coalesce((a ->> 'output_tokens')::bigint, 0),
                        coalesce((a ->> 'cache_read_tokens')::bigint, 0), coalesce((a ->> 'cache_write_tokens')::bigint, 0)];
    was constant bigint[] := array[old.input_tokens, old.output_tokens, old.cache_read_tokens, old.cache_write_tokens];
    paid bigint := (a ->> 'cost_micros')::bigint;
    price bigint;
begin
    -- Of two reports the one with more tokens holds as a whole: parts of both would count a cache twice. What a client
    -- says it paid is kept, whichever of them says so.
    if old.call_id is not null and n[1] + n[2] + n[3] + n[4] <= was[1] + was[2] + was[3] + was[4] then
        n := was;
    end if;
    if old.cost_from = 'client' then
        paid := greatest(paid, old.cost_micros);
    end if;
    -- What was priced stays so: a price that is set later is for later calls.
    if paid is null and old.cost_from = 'price' and n = was then
        price := old.cost_micros;
    elsif paid is null then
        price := fleet_log.call_cost(coalesce(old.model, a ->> 'model'), day, n[1], n[2], n[3], n[4]);
    end if;
    return jsonb_build_object('pilot', coalesce(old.pilot, a ->> 'pilot', w.actor), 'model', coalesce(old.model, a ->> 'model'),
        'run_id', coalesce(old.run_id, a ->> 'run_id'), 'input_tokens', n[1], 'output_tokens', n[2],
        'cache_read_tokens', n[3], 'cache_write_tokens', n[4], 'cost_micros', coalesce(paid, price),
        'cost_from', case when paid is not null then 'client' when price is not null then 'price' end,
        'call_id', a ->> 'call_id', 'client', coalesce(old.client, a ->> 'client'),
        'session_id', coalesce(old.session_id, a ->> 'session_id'),
        'called_at', fleet_log.json_time(called),
        'period_from', coalesce(fleet_log.json_time(old.period_from), a ->> 'period_from'),
        'source', coalesce(a ->> 'source', 'api'));
end $$;
comment on function fleet_log.usage_data is
    'What is known of a call after a report, with its cost. Example, in do_record_usage: data := fleet_log.usage_data(w, old)';

create function fleet_log.usage_problem(w fleet_log.work)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    who constant text := coalesce(w.args ->> 'pilot', w.actor);
begin
    if not exists (select from fleet_state.pilots p where p.project = w.project and p.callsign = who) then
        return fleet_log.refuse(w, 'not_found', case when w.args ? 'pilot' then '/args/pilot' else '/actor' end,
            format('no pilot %s is registered in %s', who, w.project),
            'name the pilot whose call it was; fleet pilots list shows them');
    elsif starts_with(w.caller, 'pilot:') and who <> w.actor then
        return fleet_log.refuse(w, 'forbidden', '/args/pilot', 'a pilot''s token counts that pilot''s calls', 'leave pilot out');
    elsif w.args ->> 'called_at' is not null and fleet_log.try_time(w.args ->> 'called_at') is null then
        return fleet_log.refuse(w, 'invalid_field', '/args/called_at', 'must be a time like 2026-01-31T12:00:00.000Z');
    elsif w.args ->> 'period_from' is not null and (fleet_log.try_time(w.args ->> 'period_from') is null
             or fleet_log.try_time(w.args ->> 'period_from') > coalesce(fleet_log.try_time(w.args ->> 'called_at'), w.at)) then
        return fleet_log.refuse(w, 'invalid_field', '/args/period_from', 'must be a time, and not after called_at');
    elsif w.args ->> 'period_from' is not null and (w.args ->> 'session_id' is null or w.args ->> 'call_id' is null) then
        return fleet_log.refuse(w, 'invalid_field', '/args/period_from', 'a counter needs its session_id, and a call_id of its own');
    end if;
    return w;
end $$;
comment on function fleet_log.usage_problem is
    'Refuses a report about nobody, or of no time. Example, in do_record_usage: w := fleet_log.usage_problem(w)';

create function fleet_log.do_record_usage(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    old fleet_state.usage_calls;
    data jsonb;
    id text := w.args ->> 'call_id';
    sortie text := w.args ->> 'sortie_id';
begin
    w := fleet_log.usage_problem(w);
    if w.code is not null then
        return w;
    end if;
    select * into old from fleet_state.usage_calls u where u.project = w.project and u.call_id = id;
    old := fleet_state.as_reported(old);
    data := fleet_log.usage_data(w, old);
    if old.call_id is not null and (
            (old.input_tokens, old.output_tokens, old.cache_read_tokens, old.cache_write_tokens, old.cost_micros,
             old.cost_from = 'client') is not distinct from
            ((data ->> 'input_tokens')::bigint, (data ->> 'output_tokens')::bigint, (data ->> 'cache_read_tokens')::bigint,
             (data ->> 'cache_write_tokens')::bigint, (data ->> 'cost_micros')::bigint, data ->> 'cost_from' is not distinct from 'client')) then
        w.result := (select i.item from fleet_log.usage_call_items i where i.project = w.project and i.call_id = id)
                    || '{"counted": false, "new": false}';
        return w;
    end if;
    if old.call_id is not null then
        data := data || jsonb_build_object('sortie_id', old.sortie_id, 'mission_id', old.mission_id);
    else
        sortie := case when sortie is null
                       then fleet_log.sortie_at_work(w.project, data ->> 'pilot', (data ->> 'called_at')::timestamptz)
                       else fleet_log.sortie_id_of(w.project, sortie) end;
        if sortie is not null and not exists (select from fleet_state.sorties s
                                               where s.sortie_id = sortie and s.project = w.project) then
            return fleet_log.refuse(w, 'not_found', '/args/sortie_id', 'no sortie ' || (w.args ->> 'sortie_id'),
                                    'leave it out: the one that the pilot has in hand is taken');
        end if;
        data := data || jsonb_build_object('sortie_id', sortie, 'mission_id', (
            select s.mission_id from fleet_state.sorties s where s.sortie_id = sortie));
    end if;
    w := fleet_log.put(w, 'usage_recorded', 'usage', 'usage:' || w.project, data, null, data ->> 'mission_id');
    id := coalesce(id, w.event_id);
    w := fleet_log.tell_budgets(w, w.event_id);
    w.result := (select i.item from fleet_log.usage_call_items i where i.project = w.project and i.call_id = id)
                || jsonb_build_object('counted', true, 'new', old.call_id is null);
    return w;
end $$;
comment on function fleet_log.do_record_usage is
    'Command record_usage: a call that is reported twice counts once. Example: select * from fleet.record_usage(''demo'', ''viper-1'', ''gpt-5'', 1200, 300)';
