-- Command enqueue: one order, or up to a thousand in one statement, all or none.

create function fleet_log.order_id_of(project text, given text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ids text[];
    open text[];
begin
    if length(given) >= 29 or given = '' then
        return given;
    end if;
    -- The last characters are what people see; an index holds four of them. A start is a range of the key.
    if length(given) >= 4 then
        select array_agg(x.work_order_id), array_agg(x.work_order_id) filter (where x.ended_at is null) into ids, open
          from (select o.work_order_id, o.project, o.ended_at from fleet_state.work_orders o
                 where right(o.work_order_id, 4) = right(given, 4) offset 0) x
         where right(x.work_order_id, length(given)) = given
           and (order_id_of.project is null or x.project = order_id_of.project);
    end if;
    if ids is null and starts_with(given, 'wo_') and length(given) > 3 then
        select array_agg(x.work_order_id), array_agg(x.work_order_id) filter (where x.ended_at is null) into ids, open
          from (select o.work_order_id, o.project, o.ended_at from fleet_state.work_orders o
                 where o.work_order_id >= given and o.work_order_id < given || chr(1114111)
                 order by o.work_order_id limit 1000) x
         where order_id_of.project is null or x.project = order_id_of.project;
    end if;
    -- What is open comes first: that is what people mean by a few letters.
    ids := coalesce(open, ids);
    return case when cardinality(ids) = 1 then ids[1] else given end;
end $$;
comment on function fleet_log.order_id_of is
    'The id that begins or ends so, open orders first, or what was given. Example: select fleet_log.order_id_of(''demo'', ''x7k2pq'')';

create function fleet_log.order_named(w fleet_log.work)
returns fleet_state.work_orders
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o fleet_state.work_orders;
begin
    select * into o from fleet_state.work_orders y
     where y.work_order_id = fleet_log.order_id_of(w.project, w.args ->> 'work_order_id') and y.project = w.project;
    return o;
end $$;
comment on function fleet_log.order_named is
    'The order that a command names, or nulls. Example, in a command: o := fleet_log.order_named(w)';

create function fleet_log.json_too_large(value jsonb)
returns boolean
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The text is made only when the stored form leaves a doubt.
    return pg_column_size(value) > 8192 and octet_length(value::text) > 65536;
end $$;
comment on function fleet_log.json_too_large is
    'True if a payload or a result is over 64 KiB. Example: select fleet_log.json_too_large(''{}'')';

create function fleet_log.order_data(o jsonb, needs text[], at timestamptz)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_strip_nulls(jsonb_build_object(
        'kind', o -> 'kind', 'role', o -> 'role', 'priority', coalesce(o ->> 'priority', 'medium'),
        'max_attempts', coalesce((o ->> 'max_attempts')::int, 3),
        'run_after', coalesce(fleet_log.json_time(fleet_log.try_time(o ->> 'run_after')),
                              fleet_log.json_time(order_data.at + make_interval(secs => (o ->> 'delay_seconds')::int))),
        'timeout_seconds', o -> 'timeout_seconds', 'backoff_seconds', o -> 'backoff_seconds', 'sortie_id', o -> 'sortie_id'))
        || jsonb_build_object('depends_on', needs, 'payload', coalesce(nullif(o -> 'payload', 'null'), '{}'));
end $$;
comment on function fleet_log.order_data is
    'The data of work_order_created. Example: select fleet_log.order_data(''{"kind":"lint"}'', ''{}'', now())';

create function fleet_log.order_problem(o jsonb, project text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if o ? 'orders' then
        return jsonb_build_object('code', 'invalid_field', 'field', '/orders',
                                  'message', 'a list stands alone: no other field beside orders, and no list inside');
    elsif o ->> 'kind' is null then
        return jsonb_build_object('code', 'invalid_field', 'field', '/kind', 'message', 'is missing');
    elsif o ->> 'run_after' is not null and fleet_log.try_time(o ->> 'run_after') is null then
        return jsonb_build_object('code', 'invalid_field', 'field', '/run_after',
                                  'message', 'must be a time like 2026-01-31T12:00:00.000Z');
    elsif o ->> 'run_after' is not null and o ->> 'delay_seconds' is not null then
        return jsonb_build_object('code', 'invalid_field', 'field', '/delay_seconds',
                                  'message', 'give either run_after or delay_seconds');
    elsif fleet_log.json_too_large(o -> 'payload') then
        return jsonb_build_object('code', 'too_large', 'field', '/payload', 'message', 'the payload is over 64 KiB');
    elsif o ->> 'work_order_id' is not null and exists (
        select from fleet_state.work_orders y where y.work_order_id = o ->> 'work_order_id') then
        return jsonb_build_object('code', 'version_conflict', 'field', '/work_order_id', 'message', 'this id is in use');
    elsif o ->> 'sortie_id' is not null and not exists (
        select from fleet_state.sorties s where s.sortie_id = o ->> 'sortie_id' and s.project = order_problem.project) then
        return jsonb_build_object('code', 'not_found', 'field', '/sortie_id', 'message', 'no sortie ' || (o ->> 'sortie_id'));
    end if;
    return null;
end $$;
comment on function fleet_log.order_problem is
    'What is wrong with an order that is to be queued, {code, field, message}, or null. Example: select fleet_log.order_problem(''{"kind":"lint"}'', ''demo'')';

create function fleet_log.order_dependencies(
    project text, asked jsonb, earlier text[], places jsonb, out ids text[], out unknown_at int)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    given text;
    id text;
begin
    ids := '{}';
    for n in 0 .. coalesce(jsonb_array_length(nullif(asked, 'null')), 0) - 1 loop
        given := asked ->> n;
        if given ~ '^#\d{1,4}$' then
            id := earlier[substr(given, 2)::int + 1];
        elsif (places ->> given)::int < cardinality(earlier) then
            id := given;
        else
            id := (select o.work_order_id from fleet_state.work_orders o
                    where o.work_order_id = fleet_log.order_id_of(order_dependencies.project, given)
                      and o.project = order_dependencies.project);
        end if;
        if id is null then
            unknown_at := n;
            return;
        end if;
        if not id = any(ids) then
            ids := ids || id;
        end if;
    end loop;
end $$;
comment on function fleet_log.order_dependencies is
    'The ids that a list of dependencies names; #n is an order earlier in the list, and so is one whose own id has a place there. Example: select * from fleet_log.order_dependencies(''demo'', ''["#0"]'', ''{wo_01…}'', ''{"wo_01…":0}'')';

create function fleet_log.do_enqueue(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    -- Taken out once: with large payloads each look into all the arguments would copy them.
    list constant jsonb := w.args -> 'orders';
    listed boolean := coalesce(jsonb_typeof(list) = 'array', false);
    drafts fleet_log.draft[] := '{}';
    ids text[] := '{}';
    at text := '/args';
    o jsonb;
    problem jsonb;
    needs record;
    places jsonb;   -- by id: an array would be searched for each of up to 100,000 dependencies
begin
    if listed then
        problem := fleet_log.list_problem(w.args);
        if problem is not null then
            return fleet_log.refuse(w, problem ->> 'code', problem ->> 'field', problem ->> 'message');
        end if;
        places := (select jsonb_object_agg(x.v ->> 'work_order_id', x.n - 1)
                     from jsonb_array_elements(list) with ordinality x (v, n) where x.v ->> 'work_order_id' is not null);
    end if;
    for n in 0 .. case when listed then jsonb_array_length(list) else 1 end - 1 loop
        o := case when listed then list -> n else w.args - 'orders' end;
        if listed then
            at := '/args/orders/' || n;
        end if;
        problem := fleet_log.order_problem(o, w.project);
        if problem is not null then
            return fleet_log.refuse(w, problem ->> 'code', at || (problem ->> 'field'), problem ->> 'message');
        end if;
        needs := fleet_log.order_dependencies(w.project, o -> 'depends_on', ids, places);
        if needs.unknown_at is not null then
            return fleet_log.refuse(w, 'not_found', at || '/depends_on/' || needs.unknown_at,
                format('there is no order %s that could come first', o -> 'depends_on' ->> needs.unknown_at),
                'an order of the same list is named by #0, #1 and so on, and has to stand before');
        end if;
        ids := ids || coalesce(o ->> 'work_order_id', fleet.new_id('wo'));
        drafts := drafts || (null, 'work_order_created', 'work_order', ids[n + 1],
            fleet_log.order_data(o, needs.ids, w.at), null, null)::fleet_log.draft;
    end loop;
    if not listed then
        w := fleet_log.put(w, 'work_order_created', 'work_order', ids[1], drafts[1].data);
    else
        w := fleet_log.put_all(w, drafts);
    end if;
    w := fleet_log.cancel_doomed(w, ids);
    if not listed then
        w.result := fleet_log.order_json(ids[1]);
        return w;
    end if;
    w.result := jsonb_build_object('orders', (
        select jsonb_agg(jsonb_build_object('work_order_id', y.work_order_id, 'status', y.state) order by i.n)
          from unnest(ids) with ordinality i (id, n) join fleet_state.work_orders y on y.work_order_id = i.id));
    return w;
end $$;
comment on function fleet_log.do_enqueue is
    'Command enqueue. Example: select * from fleet.enqueue(''demo'', ''viper-1'', ''lint'', ''{"path":"src/a.c"}'')';

create function fleet_log.list_problem(args jsonb)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    problem record;
    twice text;
begin
    if jsonb_strip_nulls(args - 'orders' - 'work_order_id') <> '{}' then
        return jsonb_build_object('code', 'invalid_field', 'field', '/args/orders',
                                  'message', 'a list stands alone: no other field beside orders');
    end if;
    -- The members are held to the very rows that hold a single order, all of them in one question.
    select p.ord, p.code, p.field, p.message into problem
      from fleet_log.shape_problems((select jsonb_agg(jsonb_build_object('op', 'enqueue', 'args', x.o) order by x.n)
             from jsonb_array_elements(args -> 'orders') with ordinality x (o, n))) p
     order by p.ord limit 1;
    if found then
        return jsonb_build_object('code', problem.code, 'message', problem.message,
                                  'field', '/args/orders/' || problem.ord - 1 || substr(problem.field, 6));
    end if;
    twice := (select x.o ->> 'work_order_id' from jsonb_array_elements(args -> 'orders') x (o)
               where x.o ->> 'work_order_id' is not null group by 1 having count(*) > 1 limit 1);
    if twice is not null then
        return jsonb_build_object('code', 'version_conflict', 'field', '/args/orders',
                                  'message', format('two orders have the id %s', twice));
    end if;
    return null;
end $$;
comment on function fleet_log.list_problem is
    'What is wrong with the shape of a list of orders, {code, field, message}, or null. Example: select fleet_log.list_problem(''{"orders":[{"kind":1}]}'')';
