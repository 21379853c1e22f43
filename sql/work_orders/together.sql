-- Claims and completions that stand beside each other in one batch of fleet.act, done together: one insert, one fold. A
-- busy queue sends just such batches, a request a pilot, and most of what one request costs is the statement.
-- It is a short cut, never a rule: what is not plainly good goes the way of every command, one by one, and is judged there.

create function fleet_log.put_together(w fleet_log.work[], type text, ids text[], data jsonb[])
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    -- As in put_all: the time and the version digit are drawn once.
    stem constant text := left(fleet.new_id('evt'), 15);
begin
    -- Event n belongs to the request w[n]: its actor, its metadata.
    insert into fleet_log.events (seq, event_id, project, type, stream_type, stream_id, stream_version, actor, data,
                                  metadata, occurred_at, recorded_at, schema_version)
    select d.seq, stem || substr(i.noise, 1, 2) || substr(i.noise, 20, 4) || substr(i.noise, 25, 9), w[1].project,
           put_together.type, 'work_order', d.id, last.stream_version + 1, d.actor, d.data, d.metadata, w[1].at, w[1].at,
           t.schema_version
      from unnest(ids, data, array(select x.head from unnest(w) x), array(select x.actor from unnest(w) x),
                  array(select x.metadata from unnest(w) x)) d (id, data, seq, actor, metadata)
     cross join lateral (select e.stream_version from fleet_log.events e where e.stream_id = d.id
                          order by e.stream_version desc limit 1) last
     cross join lateral (select gen_random_uuid()::text as noise where d.seq > 0) i
     cross join (select y.schema_version from fleet_log.event_types y where y.type = put_together.type) t
     order by d.seq;
end $$;
comment on function fleet_log.put_together is
    'Writes one event for each of several requests of one project, at the seq in its head. Example, in complete_together: perform fleet_log.put_together(good, ''work_order_completed'', ids, data)';

create function fleet_log.complete_together(asked fleet_log.work[], head bigint)
returns fleet_log.work[]
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    good fleet_log.work[];
    drafts fleet_log.draft[];
    ids text[];
    data jsonb[];
    results text[];
begin
    select array_agg(r.w order by (r.w).ord), array_agg((r.w).fence ->> 'id' order by (r.w).ord),
           array_agg(fleet_log.completion_data(o, (r.w).actor, r.result, (r.w).at) order by (r.w).ord),
           array_agg(r.result) filter (where r.result is not null)
      into good, ids, data, results
      from (select x as w, nullif((x.args -> 'result')::text, 'null') as result,
                   count(*) over (partition by x.fence ->> 'id') as copies
              from unnest(asked) x
             where x.op = 'complete_work' and x.fence ->> 'kind' = 'work_order'
               and x.args ->> 'work_order_id' = x.fence ->> 'id' offset 0) r
     cross join lateral (select * from fleet_state.work_orders y where y.work_order_id = (r.w).fence ->> 'id' offset 0) o
     where r.copies = 1 and o.project = (r.w).project and o.state = 'claimed' and o.claimed_by = (r.w).actor
       and o.token = ((r.w).fence ->> 'token')::bigint
       and (r.result is null or not fleet_log.json_too_large((r.w).args -> 'result'))
       -- Who frees others has more to say than that it is done.
       and not exists (select from fleet_state.work_order_dependencies d where d.depends_on = o.work_order_id);
    if coalesce(cardinality(good), 0) < 2 then
        return '{}';
    end if;
    select array_agg((null, null, null, null, v, null, null)::fleet_log.draft) into drafts from unnest(data) v;
    if fleet_log.erased_among(drafts) then
        return '{}';
    end if;
    if results is not null then
        perform fleet_log.keep_bodies(results);
    end if;
    for n in 1 .. cardinality(good) loop
        good[n].head := head + n;
        good[n].seq := head + n;
    end loop;
    perform fleet_log.put_together(good, 'work_order_completed', ids, data);
    for n in 1 .. cardinality(good) loop
        good[n].result := fleet_log.order_json(ids[n]) || '{"ready": []}';
    end loop;
    return good;
end $$;
comment on function fleet_log.complete_together is
    'Does those completions that are plainly good, and returns them. Example, in work_together: good := fleet_log.complete_together(asked, head)';

create function fleet_log.claim_together(asked fleet_log.work[], head bigint)
returns fleet_log.work[]
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    line record;
    good fleet_log.work[] := '{}';
    given fleet_log.work[];
    ids text[];
    data jsonb[];
    items jsonb[];
begin
    -- A line a role and set of kinds. Claims of several orders, and what an answer must be found for that is no order,
    -- go their own way.
    for line in
        select array_agg(c.w order by (c.w).ord) as claims, c.roles, c.kinds
          from (select x as w, array_remove(array['', coalesce(p.role, x.args ->> 'role')], null) as roles,
                       case when x.args ->> 'kinds' is not null
                            then array(select distinct jsonb_array_elements_text(x.args -> 'kinds')) end as kinds
                  from unnest(asked) x
                  left join lateral (select y.role, y.state from fleet_state.pilots y
                                      where y.project = x.project and y.callsign = x.actor limit 1) p on true
                 where x.op = 'claim_work' and coalesce((x.args ->> 'limit')::int, 1) = 1
                   and case when p.state is null then x.host is null
                            else p.state in ('active', 'idle')
                                 and coalesce(x.args ->> 'role', p.role, '') = coalesce(p.role, '') end) c
         group by c.roles, c.kinds having count(*) > 1 order by min((c.w).ord)
    loop
        given := line.claims;
        ids := fleet_log.next_orders(given[1].project, line.roles, line.kinds, cardinality(given), given[1].at);
        -- Who finds nothing looks for what somebody let lapse, by the way of every claim.
        given := given[1:cardinality(ids)];
        continue when cardinality(ids) = 0;
        for n in 1 .. cardinality(ids) loop
            head := head + 1;
            given[n].head := head;
            given[n].seq := head;
        end loop;
        select array_agg(jsonb_build_object('by', (r.w).actor, 'lease_seconds', r.lease,
                                            'attempt', (y.o).attempts + 1) order by i.n),
               array_agg(fleet_log.claim_item(y.o, c.data -> 'payload', (r.w).head, r.lease,
                   fleet_log.json_time((r.w).at + make_interval(secs => r.lease)), (r.w).at) order by i.n)
          into data, items
          from unnest(ids) with ordinality i (id, n)
         cross join lateral (select x as w, coalesce((x.args ->> 'lease_seconds')::int, 300) as lease
                               from unnest(given[i.n:i.n]) x offset 0) r
         cross join lateral (select v as o from fleet_state.work_orders v where v.work_order_id = i.id offset 0) y
         cross join lateral (select e.data from fleet_log.events e where e.seq = (y.o).created_seq offset 0) c;
        perform fleet_log.put_together(given, 'work_order_claimed', ids, data);
        for n in 1 .. cardinality(ids) loop
            given[n].result := jsonb_build_object('orders', jsonb_build_array(items[n]));
        end loop;
        perform fleet_log.advance_lines(ids, line.roles, line.kinds);
        good := good || given;
    end loop;
    return good;
end $$;
comment on function fleet_log.claim_together is
    'Gives each of those claims that are plainly good its order, and returns them. Example, in work_together: good := fleet_log.claim_together(asked, head)';

create function fleet_log.work_together(asked fleet_log.work[], head bigint)
returns fleet_log.work[]
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    done fleet_log.work[] := '{}';
    w fleet_log.work;
    plain boolean := cardinality(asked) > 1
        and exists (select from fleet_state.projects p where p.project = asked[1].project and p.state = 'active')
        and not exists (select from fleet_state.halts h where h.halted)
        and not exists (select from fleet_state.budgets b where b.state = 'stopped');
begin
    -- Completions first: what is completed is out of nobody's way, and what it frees can be claimed at once.
    for step in 1 .. 2 loop
        if plain and step = 1 then
            done := fleet_log.complete_together(asked, head);
        elsif plain then
            done := done || fleet_log.claim_together(asked, head);
        end if;
        if cardinality(done) = cardinality(asked) then
            exit;
        end if;
        head := greatest(head, (select max(d.head) from unnest(done) d));
        for w in select * from unnest(asked) a
                  where a.op = case step when 1 then 'complete_work' else 'claim_work' end
                    and a.ord <> all(array(select d.ord from unnest(done) d)) order by a.ord loop
            w.head := head;
            w := fleet_log.perform(w);
            head := w.head;
            done := done || w;
        end loop;
    end loop;
    return array(select d from unnest(done) d order by d.ord);
end $$;
comment on function fleet_log.work_together is
    'Carries out claims and completions of one project that stand together in a batch. Example, in fleet.act: run := fleet_log.work_together(crowd, head)';
