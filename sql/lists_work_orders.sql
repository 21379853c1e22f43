-- What the faces list and show of work orders; lists.sql has the rules.

create function fleet_log.order_json(id text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o fleet_state.work_orders;
begin
    select * into o from fleet_state.work_orders y where y.work_order_id = order_json.id;
    return fleet_log.order_item(o);
end $$;
comment on function fleet_log.order_json is
    'A work order as commands and lists answer it. Example: select fleet_log.order_json(''wo_01…'')';

create function fleet_log.order_fits(o fleet_state.work_orders, filter jsonb)
returns boolean
language sql immutable as $$
    select (filter ->> 'kind' is null or o.kind = filter ->> 'kind')
       and (filter ->> 'role' is null or o.role = filter ->> 'role')
       and (filter ->> 'claimed_by' is null or (o.state = 'claimed' and o.claimed_by = filter ->> 'claimed_by'))
       and (filter ->> 'sortie_id' is null or o.sortie_id = filter ->> 'sortie_id')
$$;
comment on function fleet_log.order_fits is
    'True if a list with this filter shows the order. Example: select count(*) from fleet_state.work_orders o where fleet_log.order_fits(o, ''{"kind":"lint"}'')';

create function fleet.list_work_orders(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    states text[] := coalesce(fleet_log.words(filter, 'status'), '{pending,claimed,dead,completed,cancelled}');
    place text := nullif(filter ->> 'project', '');
    beyond text := coalesce(filter ->> 'after', '');
    most int := fleet_log.page_size(filter);
    page text[];
begin
    if 'open' = any(states) then
        states := states || '{pending,claimed}';
    end if;
    -- First the ids of the page: what is open or dead by an index of its own, for the history may be long.
    page := array(
        select x.work_order_id from (
            (select o.work_order_id from fleet_state.work_orders o
              where states && '{pending,claimed}' and o.ended_at is null and o.state = any(states)
                and (place is null or o.project = place)
                and o.work_order_id > beyond and fleet_log.order_fits(o, filter) order by 1 limit most)
             union all
            (select o.work_order_id from fleet_state.work_orders o
              where 'dead' = any(states) and o.state = 'dead' and (place is null or o.project = place)
                and o.work_order_id > beyond and fleet_log.order_fits(o, filter) order by 1 limit most)
             union all
            (select o.work_order_id from fleet_state.work_orders o
              where states && '{completed,cancelled}' and o.state in ('completed', 'cancelled') and o.state = any(states)
                and (place is null or o.project = place)
                and o.work_order_id > beyond and fleet_log.order_fits(o, filter) order by 1 limit most)) x
         order by 1 limit most);
    return query
    select i.item::text, i.work_order_id::text from fleet_log.work_order_items i
     where i.work_order_id = any(page)
     order by i.work_order_id;
end $$;
comment on function fleet.list_work_orders is
    'Work orders as JSON: project, status, kind, role, claimed_by, sortie_id, limit, after. Example: select * from fleet.list_work_orders(''{"project":"demo","status":"open"}'')';

create function fleet_log.order_result(ended_seq bigint)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    said jsonb := (select jsonb_build_object('result_digest', e.data -> 'result_digest', 'result_bytes', e.data -> 'result_bytes')
                     from fleet_log.events e where e.seq = order_result.ended_seq and e.data ? 'result_digest');
begin
    if said is null then
        return '{}';
    end if;
    said := said || fleet_log.body_json('result', said ->> 'result_digest');
    return said || jsonb_build_object('result', (said ->> 'result')::jsonb);
end $$;
comment on function fleet_log.order_result is
    'The result of an order that was completed, or null and who erased it; {} if it has none. Example: select fleet_log.order_result(o.ended_seq) from fleet_state.work_orders o';

create function fleet.show_work_order(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id text := fleet_log.order_id_of(nullif(filter ->> 'project', ''), coalesce(filter ->> 'work_order_id', ''));
begin
    return query
    select (i.item || jsonb_strip_nulls(jsonb_build_object(
               'waits_for', case when o.state = 'pending' and o.blocked_by > 0 then (
                    select jsonb_agg(jsonb_build_object('work_order_id', y.work_order_id, 'status', y.state)
                                     order by y.work_order_id)
                      from fleet_state.work_orders y
                     where y.work_order_id = any(o.depends_on) and y.state <> 'completed') end,
               'dependents', (select jsonb_agg(d.work_order_id order by d.work_order_id)
                                from fleet_state.work_order_dependencies d where d.depends_on = o.work_order_id)))
              -- Not stripped: a null inside a payload or a result is the sender's.
              || jsonb_build_object('payload', (select e.data -> 'payload' from fleet_log.events e
                                                 where e.seq = o.created_seq))
              || fleet_log.order_result(o.ended_seq))::text,
           i.work_order_id::text
      from fleet_log.work_order_items i
      join fleet_state.work_orders o on o.work_order_id = i.work_order_id
     where i.work_order_id = id
       and (nullif(filter ->> 'project', '') is null or i.project = filter ->> 'project');
end $$;
comment on function fleet.show_work_order is
    'One work order as JSON with payload, result and what it waits for, by id or an unambiguous start or end of it. Example: select * from fleet.show_work_order(''{"work_order_id":"wo_01…"}'')';
