-- Command claim_work: the next orders, to one claimer each. All commands run under the order lock, so what the query
-- finds nobody else can take.

create function fleet_log.next_orders(project text, roles text[], kinds text[], most int, at timestamptz)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Rank by rank, from the top, the first that are ready: each of them a short walk along an index.
    if kinds is not null then
        return array(
            select x.work_order_id from (values (3), (2), (1), (0)) r (rank)
             cross join unnest(kinds) k (kind)
             cross join lateral (
                   select o.work_order_id, o.ready_at, o.created_seq from fleet_state.work_orders o
                    where o.project = next_orders.project and o.kind = k.kind and o.rank = r.rank and o.state = 'pending'
                      and o.blocked_by = 0 and o.ready_at <= next_orders.at and (roles is null or o.role = any(roles))
                    order by o.ready_at, o.created_seq limit most) x
             order by r.rank desc, x.ready_at, x.created_seq limit most);
    elsif roles is not null then
        return array(
            select x.work_order_id from (values (3), (2), (1), (0)) r (rank)
             cross join unnest(roles) k (role)
             cross join lateral (
                   select o.work_order_id, o.ready_at, o.created_seq from fleet_state.work_orders o
                    where o.project = next_orders.project and o.role = k.role and o.rank = r.rank and o.state = 'pending'
                      and o.blocked_by = 0 and o.ready_at <= next_orders.at
                    order by o.ready_at, o.created_seq limit most) x
             order by r.rank desc, x.ready_at, x.created_seq limit most);
    end if;
    return array(
        select x.work_order_id from (values (3), (2), (1), (0)) r (rank)
         cross join lateral (
               select o.work_order_id, o.ready_at, o.created_seq from fleet_state.work_orders o
                where o.project = next_orders.project and o.rank = r.rank and o.state = 'pending' and o.blocked_by = 0
                  and o.ready_at <= next_orders.at
                order by o.ready_at, o.created_seq limit most) x
         order by r.rank desc, x.ready_at, x.created_seq limit most);
end $$;
comment on function fleet_log.next_orders is
    'The orders that a claim would give, in its order; null roles or kinds mean any. Example: select fleet_log.next_orders(''demo'', ''{"",coder}'', null, 10, now())';

create function fleet_log.do_claim_work(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    pilot record;
    roles text[];
    kinds text[];
    most int := coalesce((w.args ->> 'limit')::int, 1);
    lease int := coalesce((w.args ->> 'lease_seconds')::int, 300);
    ids text[];
begin
    select p.role, p.state into pilot from fleet_state.pilots p where p.project = w.project and p.callsign = w.actor;
    -- A daemon speaks for pilots, and takes back what they hold when they are lost: so it must know them.
    if w.host is not null and (pilot.state is null or pilot.state = 'deregistered') then
        return fleet_log.refuse(w, 'not_found', '/actor', format('no pilot %s is registered in %s', w.actor, w.project),
                                format('fleet pilots register %s --program NAME --model NAME', w.actor));
    end if;
    if pilot.role is not null and w.args ->> 'role' <> pilot.role then
        return fleet_log.refuse(w, 'invalid_field', '/args/role',
                                format('%s is registered as %s', w.actor, pilot.role),
                                'leave role out: orders for anybody and for your own role are found');
    end if;
    if pilot.role is not null or w.args ->> 'role' is not null then
        roles := array['', coalesce(pilot.role, w.args ->> 'role')];
    end if;
    if w.args ->> 'kinds' is not null then
        kinds := array(select distinct jsonb_array_elements_text(w.args -> 'kinds'));
    end if;
    ids := fleet_log.next_orders(w.project, roles, kinds, most, w.at);
    if ids = '{}' then
        -- Nothing else is there: perhaps somebody died with an order in hands.
        w := fleet_log.take_back_lapsed(w, w.project);
        if w.result is null then
            w.result := '{"orders": []}';
            return w;
        end if;
        ids := fleet_log.next_orders(w.project, roles, kinds, most, w.at);
    end if;
    return fleet_log.give_orders(w, ids, lease);
end $$;
comment on function fleet_log.do_claim_work is
    'Command claim_work. Example: select * from fleet.claim_work(''demo'', ''viper-1'')';

create function fleet_log.give_orders(w fleet_log.work, ids text[], lease int)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[];
    given jsonb;
begin
    -- The seqs are known before: the order at place n has the token w.head + n.
    select array_agg((null, 'work_order_claimed', 'work_order', o.work_order_id, jsonb_build_object(
               'by', w.actor, 'lease_seconds', lease, 'attempt', o.attempts + 1), null, null)::fleet_log.draft order by i.n),
           jsonb_agg(jsonb_build_object(
               'work_order_id', o.work_order_id, 'token', w.head + i.n, 'attempt', o.attempts + 1,
               'max_attempts', o.max_attempts, 'kind', o.kind, 'priority', fleet_log.order_priority(o.rank),
               'payload', c.data -> 'payload', 'lease_seconds', lease,
               'lease_until', fleet_log.json_time(w.at + make_interval(secs => lease)))
               || case when o.role = '' and o.sortie_id is null and o.timeout_seconds is null then '{}'
                  else jsonb_strip_nulls(jsonb_build_object('role', nullif(o.role, ''), 'sortie_id', o.sortie_id, 'timeout_at',
                       fleet_log.json_time(w.at + make_interval(secs => o.timeout_seconds)))) end order by i.n)
      into drafts, given
      from unnest(ids) with ordinality i (id, n)
      join fleet_state.work_orders o on o.work_order_id = i.id
      join fleet_log.events c on c.seq = o.created_seq;
    if cardinality(ids) = 1 then
        w := fleet_log.put(w, 'work_order_claimed', 'work_order', ids[1], drafts[1].data);
    elsif drafts is not null then
        w := fleet_log.put_all(w, drafts);
    end if;
    w.result := jsonb_build_object('orders', coalesce(given, '[]'));
    return w;
end $$;
comment on function fleet_log.give_orders is
    'Gives orders to the actor; each token is the seq of its event. Example, in claim_work: return fleet_log.give_orders(w, ids, 300)';
