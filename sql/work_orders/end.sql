-- Commands that end an attempt or an order: complete_work, complete_orders, fail_work, retry_work, cancel_work.

create function fleet_log.work_order_fence_problem(project text, id text, token bigint)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o record;
begin
    select y.state, y.token, y.claimed_by, y.work_order_id into o from fleet_state.work_orders y
     where y.work_order_id = fleet_log.order_id_of(work_order_fence_problem.project, work_order_fence_problem.id)
       and y.project = work_order_fence_problem.project;
    if o.state = 'claimed' and o.token = work_order_fence_problem.token then
        return null;
    end if;
    return case when o.state is null then 'there is no work order ' || work_order_fence_problem.id
                when o.state = 'claimed' then format('%s has the order %s now, with token %s',
                                                       o.claimed_by, o.work_order_id, o.token)
                else format('the order %s is %s', o.work_order_id, o.state) end;
end $$;
comment on function fleet_log.work_order_fence_problem is
    'Why a token of a claim is not valid, or null. Example: select fleet_log.work_order_fence_problem(''demo'', ''wo_01…'', 42)';

create function fleet_log.order_problem_of(w fleet_log.work, o fleet_state.work_orders, event text, fenced boolean)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if o.work_order_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/work_order_id', 'no work order ' || (w.args ->> 'work_order_id'),
                                'fleet orders list shows them');
    end if;
    if fenced and (w.fence ->> 'kind' <> 'work_order'
                   or fleet_log.order_id_of(w.project, w.fence ->> 'id') <> o.work_order_id) then
        return fleet_log.refuse(w, 'stale_token', '/fence', 'the token belongs to something else',
                                'send the token of this order''s claim');
    end if;
    if fenced and o.state = 'claimed' and o.claimed_by <> w.actor and not fleet_log.switched('no_token_check') then
        -- A token is no secret: show prints it.
        return fleet_log.refuse(w, 'forbidden', '/args/work_order_id', format('this order is %s''s', o.claimed_by),
                                'only who claimed it can do that; anybody may cancel it');
    elsif fenced and o.state = 'claimed' then
        return w;
    end if;
    return fleet_log.check_transition(w, 'work order', o.state, event);
end $$;
comment on function fleet_log.order_problem_of is
    'Refuses an order that is not there, not fenced or in the wrong state. Example, in a command: w := fleet_log.order_problem_of(w, o, ''work_order_failed'', true)';

create function fleet_log.freed_orders(ids text[])
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    freed text[];
begin
    if not exists (select from fleet_state.work_order_dependencies d where d.depends_on = any(ids)) then
        return '[]';
    end if;
    freed := array(select o.work_order_id
                     from (select distinct d.work_order_id from fleet_state.work_order_dependencies d
                            where d.depends_on = any(ids)) d
                    cross join lateral (select y.work_order_id, y.state, y.blocked_by from fleet_state.work_orders y
                                         where y.work_order_id = d.work_order_id offset 0) o
                    where o.state = 'pending' and o.blocked_by = 0 order by 1);
    perform fleet_log.reopen_lines(freed);
    return to_jsonb(freed);
end $$;
comment on function fleet_log.freed_orders is
    'Orders that wait for nothing any more, of those that waited for these; they take their place in the line. Example, in complete_work: fleet_log.freed_orders(array[o.work_order_id])';

create function fleet_log.completion_data(o fleet_state.work_orders, by text, result text, at timestamptz)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The result is kept apart, so that it can be erased; keep_body and keep_bodies keep it.
    return jsonb_build_object('by', completion_data.by, 'attempt', o.attempts,
                              'duration_ms', fleet_log.elapsed_ms(o.claimed_at, completion_data.at))
           || case when result is null then '{}'
                   else jsonb_build_object('result_digest', encode(sha256(convert_to(result, 'UTF8')), 'hex'),
                                           'result_bytes', octet_length(result)) end;
end $$;
comment on function fleet_log.completion_data is
    'The data of work_order_completed. Example, in complete_work: fleet_log.completion_data(o, w.actor, result, w.at)';

create function fleet_log.do_complete_work(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o fleet_state.work_orders := fleet_log.order_named(w);
    result constant text := nullif((w.args -> 'result')::text, 'null');
    erased text;
begin
    w := fleet_log.order_problem_of(w, o, 'work_order_completed', true);
    if w.code is not null then
        return w;
    end if;
    if result is not null then
        if fleet_log.json_too_large(w.args -> 'result') then
            return fleet_log.refuse(w, 'too_large', '/args/result', 'the result is over 64 KiB',
                                    'store it and send where it is');
        end if;
        erased := fleet_log.body_problem(result);
        if erased is not null then
            return fleet_log.refuse(w, 'forbidden', '/args/result', erased, 'say it in other words');
        end if;
        perform fleet_log.keep_body(result);
    end if;
    w := fleet_log.put(w, 'work_order_completed', 'work_order', o.work_order_id,
                       fleet_log.completion_data(o, w.actor, result, w.at));
    w.result := fleet_log.order_json(o.work_order_id)
                || jsonb_build_object('ready', fleet_log.freed_orders(array[o.work_order_id]));
    return w;
end $$;
comment on function fleet_log.do_complete_work is
    'Command complete_work. Example: select * from fleet.complete_work(''demo'', ''viper-1'', ''wo_01…'', 42, ''{"warnings":0}'')';

create function fleet_log.completions_problem(w fleet_log.work, asked jsonb)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    item jsonb;
    at text;
    id text;
    problem text;
    holder text;
begin
    for n in 0 .. jsonb_array_length(asked) - 1 loop
        item := asked -> n;
        at := '/args/orders/' || n;
        id := item ->> 'work_order_id';
        if item - '{work_order_id,token,result}'::text[] <> '{}'
           or jsonb_typeof(item -> 'work_order_id') is distinct from 'string'
           or jsonb_typeof(item -> 'token') is distinct from 'number' or item ->> 'token' !~ '^\d{1,15}$'
           or coalesce(jsonb_typeof(item -> 'result'), 'null') not in ('object', 'null') then
            return fleet_log.refuse(w, 'invalid_field', at,
                                    'must be {work_order_id, token, result?}: a text, a whole number, an object');
        elsif not exists (select from fleet_state.work_orders o where o.work_order_id = id and o.project = w.project) then
            return fleet_log.refuse(w, 'not_found', at || '/work_order_id', 'no work order ' || id,
                                    'fleet orders list shows them');
        elsif fleet_log.json_too_large(item -> 'result') then
            return fleet_log.refuse(w, 'too_large', at || '/result', 'the result is over 64 KiB',
                                    'store it and send where it is');
        end if;
        problem := fleet_log.body_problem((item -> 'result')::text);
        if problem is not null then
            return fleet_log.refuse(w, 'forbidden', at || '/result', problem, 'say it in other words');
        end if;
        problem := case when exists (select from jsonb_array_elements(asked) with ordinality x (v, place)
                                           where x.place <= n and x.v ->> 'work_order_id' = id)
                        then 'the order is in this list twice'
                        else fleet_log.work_order_fence_problem(w.project, id, (item ->> 'token')::bigint) end;
        if problem is not null then
            return fleet_log.refuse(w, 'stale_token', at || '/token', problem, 'leave it out: the others are good');
        end if;
        holder := (select o.claimed_by from fleet_state.work_orders o where o.work_order_id = id);
        if holder <> w.actor then
            return fleet_log.refuse(w, 'forbidden', at || '/work_order_id', format('this order is %s''s', holder),
                                    'only who claimed it can do that');
        end if;
    end loop;
    return fleet_log.refuse(w, 'internal', '/args/orders', 'two checks differ');
end $$;
comment on function fleet_log.completions_problem is
    'Refuses with the first thing that is wrong in a list of completions: the slow way, for its name. Example, in complete_orders: return fleet_log.completions_problem(w, asked)';

create function fleet_log.erased_among(drafts fleet_log.draft[])
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return exists (select from fleet_log.bodies b
                    where b.digest = any(array(select d.data ->> 'result_digest' from unnest(drafts) d))
                      and b.redacted_at is not null);
end $$;
comment on function fleet_log.erased_among is
    'True if the result of one of these completions was erased before. Example, in complete_orders: fleet_log.erased_among(drafts)';

create function fleet_log.do_complete_orders(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    asked jsonb := w.args -> 'orders';
    unchecked constant boolean := fleet_log.switched('no_token_check');
    ids text[];
    drafts fleet_log.draft[];
    results text[];
begin
    -- What is right is found right in one question; only what is not is looked at order by order.
    select array_agg(o.work_order_id order by a.n),
           array_agg((null, 'work_order_completed', 'work_order', o.work_order_id,
               fleet_log.completion_data(o, w.actor, nullif((a.v -> 'result')::text, 'null'), w.at), null,
               null)::fleet_log.draft order by a.n),
           array_agg((a.v -> 'result')::text) filter (where jsonb_typeof(a.v -> 'result') = 'object')
      into ids, drafts, results
      from jsonb_array_elements(asked) with ordinality a (v, n)
           -- By its key, and nothing else: what is claimed is many rows when the queue is busy.
     cross join lateral (select * from fleet_state.work_orders y where y.work_order_id = a.v ->> 'work_order_id' offset 0) o
     where o.project = w.project and o.state = 'claimed'
       and (unchecked or (o.claimed_by = w.actor and a.v -> 'token' = to_jsonb(o.token)))
       and a.v - '{work_order_id,token,result}'::text[] = '{}'
       and coalesce(jsonb_typeof(a.v -> 'result'), 'null') in ('object', 'null')
       and (a.v -> 'result' is null or not fleet_log.json_too_large(a.v -> 'result'));
    if cardinality(ids) is distinct from jsonb_array_length(asked)
       or (select count(distinct i) from unnest(ids) i) <> cardinality(ids)
       or fleet_log.erased_among(drafts) and exists (
           select from unnest(results) r where fleet_log.body_problem(r) is not null) then
        return fleet_log.completions_problem(w, asked);
    end if;
    if results is not null then
        perform fleet_log.keep_bodies(results);
    end if;
    w := fleet_log.put_all(w, drafts);
    w.result := jsonb_build_object('ready', fleet_log.freed_orders(ids), 'orders', (
        select jsonb_agg(jsonb_build_object('work_order_id', i.id, 'status', 'completed') order by i.n)
          from unnest(ids) with ordinality i (id, n)));
    return w;
end $$;
comment on function fleet_log.do_complete_orders is
    'Command complete_orders: several, all or none. Example: select * from fleet.act(''[{"op":"complete_orders","project":"demo","actor":"viper-1","args":{"orders":[{"work_order_id":"wo_01…","token":42}]}}]'')';

create function fleet_log.backoff_seconds(base int, attempt int)
returns double precision
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Doubled by each attempt up to an hour (or the base, if that is longer); the upper half is drawn, so that what
    -- failed together does not come back together.
    return least(base * power(2, least(attempt - 1, 20)), greatest(3600, base)) * (0.5 + random() / 2);
end $$;
comment on function fleet_log.backoff_seconds is
    'Wait before the next attempt, drawn. Example: select fleet_log.backoff_seconds(10, 3)';

create function fleet_log.fail_orders(
    w fleet_log.work, orders fleet_state.work_orders[], error jsonb, again boolean, wait int, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o fleet_state.work_orders;
    drafts fleet_log.draft[] := '{}';
    dead text[] := '{}';
    again_ids text[] := '{}';
    pause double precision;
begin
    foreach o in array orders loop
        if again and o.attempts < o.max_attempts then
            again_ids := again_ids || o.work_order_id;
            pause := coalesce(wait, fleet_log.backoff_seconds(o.backoff_seconds, o.attempts));
            drafts := drafts || array[
                (o.project, 'work_order_failed', 'work_order', o.work_order_id, jsonb_build_object(
                    'by', o.claimed_by, 'attempt', o.attempts, 'error', error), causation_id, null)::fleet_log.draft,
                (o.project, 'work_order_requeued', 'work_order', o.work_order_id, jsonb_build_object(
                    'cause', 'retry', 'run_after', fleet_log.json_time(w.at + make_interval(secs => pause)),
                    'attempt', o.attempts), causation_id, null)::fleet_log.draft];
        else
            dead := dead || o.work_order_id;
            drafts := drafts || (o.project, 'work_order_failed', 'work_order', o.work_order_id, jsonb_build_object(
                'by', o.claimed_by, 'attempt', o.attempts, 'error', error, 'dead', true),
                causation_id, null)::fleet_log.draft;
        end if;
    end loop;
    w := fleet_log.put_all(w, drafts);
    -- What may be tried again at once can stand before the place where its line begins.
    perform fleet_log.reopen_lines(array(select d.stream_id from unnest(drafts) d where d.type = 'work_order_requeued'));
    w := fleet_log.cancel_dependents(w, dead);
    w.result := jsonb_build_object('dead', to_jsonb(dead), 'cancelled', w.result);
    return w;
end $$;
comment on function fleet_log.fail_orders is
    'Ends attempts: back into the line later, or dead; what depends on the dead is cancelled. Example, in fail_work: w := fleet_log.fail_orders(w, array[o], error, true, null, null)';

create function fleet_log.do_fail_work(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o fleet_state.work_orders := fleet_log.order_named(w);
    error jsonb := jsonb_strip_nulls(w.args -> 'error');
begin
    w := fleet_log.order_problem_of(w, o, 'work_order_failed', true);
    if w.code is not null then
        return w;
    end if;
    if error - '{kind,message,detail}'::text[] <> '{}' or length(error ->> 'kind') not between 1 and 100
       or length(error ->> 'message') not between 1 and 4000 or length(error ->> 'detail') > 16000
       or not error ?& '{kind,message}' or jsonb_path_exists(error, '$.* ? (@.type() != "string")') then
        return fleet_log.refuse(w, 'invalid_field', '/args/error',
            'must be {kind, message, detail?}: texts of up to 100, 4,000 and 16,000 characters');
    end if;
    w := fleet_log.fail_orders(w, array[o], error, coalesce((w.args ->> 'retry')::boolean, true),
                               (w.args ->> 'retry_in_seconds')::int, null);
    w.result := fleet_log.order_json(o.work_order_id) || jsonb_build_object('cancelled', w.result -> 'cancelled');
    return w;
end $$;
comment on function fleet_log.do_fail_work is
    'Command fail_work. Example: select * from fleet.fail_work(''demo'', ''viper-1'', ''wo_01…'', 42, ''tests_failed'', ''2 of 40'')';

create function fleet_log.do_retry_work(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o fleet_state.work_orders := fleet_log.order_named(w);
begin
    w := fleet_log.order_problem_of(w, o, 'work_order_requeued', false);
    if w.code is null and o.state <> 'dead' then
        -- A claimed order goes back by losing its lease only.
        w := fleet_log.refuse(w, 'transition_refused', '',
                              format('only a dead order is sent again: this one is %s', o.state),
                              null, jsonb_build_object('found', o.state, 'asked', 'work_order_requeued'));
    end if;
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'work_order_requeued', 'work_order', o.work_order_id, jsonb_build_object(
             'cause', 'revived', 'attempt', 0, 'run_after', fleet_log.json_time(
                 w.at + make_interval(secs => coalesce((w.args ->> 'delay_seconds')::int, 0)))));
    perform fleet_log.reopen_lines(array[o.work_order_id]);
    w.result := fleet_log.order_json(o.work_order_id);
    return w;
end $$;
comment on function fleet_log.do_retry_work is
    'Command retry_work: a dead letter goes back with all its attempts. Example: select * from fleet.retry_work(''demo'', ''viper-1'', ''wo_01…'')';

create function fleet_log.do_cancel_work(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o fleet_state.work_orders := fleet_log.order_named(w);
begin
    w := fleet_log.order_problem_of(w, o, 'work_order_cancelled', false);
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'work_order_cancelled', 'work_order', o.work_order_id, jsonb_build_object(
             'reason', coalesce(w.args ->> 'reason', 'called off'), 'by', w.actor));
    w := fleet_log.cancel_dependents(w, array[o.work_order_id]);
    w.result := fleet_log.order_json(o.work_order_id) || jsonb_build_object('cancelled', w.result);
    return w;
end $$;
comment on function fleet_log.do_cancel_work is
    'Command cancel_work: pending or claimed, with all that depends on it. Example: select * from fleet.cancel_work(''demo'', ''viper-1'', ''wo_01…'', ''no longer needed'')';

create function fleet_log.cancel_dependents(w fleet_log.work, ids text[])
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[];
    gone text[] := ids;
    cancelled text[] := '{}';
begin
    -- Generation by generation: what waits for something that will never be completed is cancelled, and so on. Found
    -- first and written in one statement, so that a long chain does not hold up everybody. Rows by their keys alone:
    -- what else is asked of them is asked afterwards.
    loop
        gone := array(select distinct d.work_order_id from fleet_state.work_order_dependencies d
                       where d.depends_on = any(gone));
        exit when gone = '{}';
        gone := array(select x.work_order_id from (select o.work_order_id, o.state from fleet_state.work_orders o
                                                    where o.work_order_id = any(gone) offset 0) x
                       where x.state = 'pending' and x.work_order_id <> all(cancelled));
        cancelled := cancelled || gone;
    end loop;
    if cancelled <> '{}' then
        -- An order is younger than what it depends on: by age, causes come first.
        select array_agg((x.project, 'work_order_cancelled', 'work_order', x.work_order_id, jsonb_build_object(
                   'reason', format('%s, which it depends on, is %s', x.why[1], x.why[2]), 'by', w.actor,
                   'dependency', x.why[1]), w.event_id, null)::fleet_log.draft order by x.created_seq),
               array_agg(x.work_order_id order by x.created_seq)
          into drafts, cancelled
          from (select o.project, o.work_order_id, o.created_seq, (
                       select array[y.work_order_id, case y.state when 'dead' then 'dead' else 'cancelled' end]
                         from (select z.work_order_id, z.state from fleet_state.work_orders z
                                where z.work_order_id = any(o.depends_on) offset 0) y
                        where y.state in ('dead', 'cancelled') or y.work_order_id = any(cancelled)
                        order by y.work_order_id limit 1) as why
                  from (select * from fleet_state.work_orders v where v.work_order_id = any(cancelled) offset 0) o) x;
        w := fleet_log.put_all(w, drafts);
    end if;
    w.result := to_jsonb(cancelled);
    return w;
end $$;
comment on function fleet_log.cancel_dependents is
    'Cancels what waits for orders that will never be completed; w.result: their ids. Example, in a command: w := fleet_log.cancel_dependents(w, array[id])';

create function fleet_log.cancel_doomed(w fleet_log.work, ids text[])
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    gone text[];
begin
    gone := array(select distinct y.work_order_id from unnest(ids) i (id)
                   cross join lateral (select z.depends_on, z.blocked_by from fleet_state.work_orders z
                                        where z.work_order_id = i.id limit 1) o
                   cross join lateral unnest(case when o.blocked_by > 0 then o.depends_on end) d (id)
                   cross join lateral (select z.work_order_id, z.state from fleet_state.work_orders z
                                        where z.work_order_id = d.id limit 1) y
                   where y.state in ('dead', 'cancelled'));
    return fleet_log.cancel_dependents(w, gone);
end $$;
comment on function fleet_log.cancel_doomed is
    'Cancels those of new orders that depend on a dead or cancelled one. Example, in enqueue: w := fleet_log.cancel_doomed(w, ids)';
