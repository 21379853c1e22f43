-- Command claim_work: the next orders, to one claimer each. All commands run under the order lock, so what the query
-- finds nobody else can take.

create function fleet_log.kind_line(kind text, roles text[])
returns text
language sql immutable parallel safe as $$
    -- What a claim by kind passes over depends on who asks: the orders of one kind are a line for each role. No pinned
    -- path, so that it is inlined.
    select 'kind ' || kind || coalesce(' for ' || array_to_string(roles, ','), '')
$$;
comment on function fleet_log.kind_line is
    'The name of a line of a kind; without roles, how all of them begin. Example: select fleet_log.kind_line(''lint'', ''{"",coder}'')';

create function fleet_log.next_orders(project text, roles text[], kinds text[], most int, at timestamptz)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Rank by rank, from the top, the first that are ready: each of them a short walk along an index, from where its
    -- line begins.
    if kinds is not null then
        return array(
            select x.work_order_id from (values (3), (2), (1), (0)) r (rank)
             cross join unnest(kinds) k (kind)
              left join fleet_live.work_lines f on f.project = next_orders.project
                   and f.scope = fleet_log.kind_line(k.kind, roles)
             cross join lateral (
                   select o.work_order_id, o.ready_at, o.created_seq from fleet_state.work_orders o
                    where o.project = next_orders.project and o.kind = k.kind and o.rank = r.rank and o.state = 'pending'
                      and o.blocked_by = 0 and o.ready_at <= next_orders.at
                      and (roles is null or o.role = any(roles))
                      and (o.ready_at, o.created_seq) >= (coalesce(f.front_at[r.rank + 1], '-infinity'),
                                                          coalesce(f.front_seq[r.rank + 1], 0))
                    order by o.ready_at, o.created_seq limit most) x
             order by r.rank desc, x.ready_at, x.created_seq limit most);
    elsif roles is not null then
        return array(
            select x.work_order_id from (values (3), (2), (1), (0)) r (rank)
             cross join unnest(roles) k (role)
              left join fleet_live.work_lines f on f.project = next_orders.project and f.scope = 'role ' || k.role
             cross join lateral (
                   select o.work_order_id, o.ready_at, o.created_seq from fleet_state.work_orders o
                    where o.project = next_orders.project and o.role = k.role and o.rank = r.rank and o.state = 'pending'
                      and o.blocked_by = 0 and o.ready_at <= next_orders.at
                      and (o.ready_at, o.created_seq) >= (coalesce(f.front_at[r.rank + 1], '-infinity'),
                                                          coalesce(f.front_seq[r.rank + 1], 0))
                    order by o.ready_at, o.created_seq limit most) x
             order by r.rank desc, x.ready_at, x.created_seq limit most);
    else
        return array(
            select x.work_order_id from (values (3), (2), (1), (0)) r (rank)
              left join fleet_live.work_lines f on f.project = next_orders.project and f.scope = '*'
             cross join lateral (
                   select o.work_order_id, o.ready_at, o.created_seq from fleet_state.work_orders o
                    where o.project = next_orders.project and o.rank = r.rank and o.state = 'pending'
                      and o.blocked_by = 0 and o.ready_at <= next_orders.at
                      and (o.ready_at, o.created_seq) >= (coalesce(f.front_at[r.rank + 1], '-infinity'),
                                                          coalesce(f.front_seq[r.rank + 1], 0))
                    order by o.ready_at, o.created_seq limit most) x
             order by r.rank desc, x.ready_at, x.created_seq limit most);
    end if;
end $$;
comment on function fleet_log.next_orders is
    'The orders that a claim would give, in its order; null roles or kinds mean any. Example: select fleet_log.next_orders(''demo'', ''{"",coder}'', null, 10, now())';

create function fleet_log.next_orders_beside(
    halted text[], project text, roles text[], kinds text[], most int, at timestamptz)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- While missions are halted. Their orders keep their places, so this walks the whole line.
    return array(
        select o.work_order_id from fleet_state.work_orders o
          left join fleet_state.sorties s on s.sortie_id = o.sortie_id
         where o.project = next_orders_beside.project and o.state = 'pending' and o.blocked_by = 0
           and o.ready_at <= next_orders_beside.at and (roles is null or o.role = any(roles))
           and (kinds is null or o.kind = any(kinds))
           and (s.mission_id = any(halted)) is not true
         order by o.rank desc, o.ready_at, o.created_seq limit most);
end $$;
comment on function fleet_log.next_orders_beside is
    'The orders that a claim would give while these missions are halted. Example: select fleet_log.next_orders_beside(fleet_log.halted_missions(''demo''), ''demo'', null, null, 10, now())';

create function fleet_log.advance_line(o fleet_state.work_orders, roles text[], kinds text[])
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    line fleet_live.work_lines;
    place int := o.rank + 1;
begin
    -- o was taken by such a claim, and with it all that stood before it in the line that was asked.
    line.scope := case when kinds is not null then fleet_log.kind_line(o.kind, roles)
                       when roles is not null then 'role ' || o.role else '*' end;
    select l.front_at, l.front_seq into line.front_at, line.front_seq from fleet_live.work_lines l
     where l.project = o.project and l.scope = line.scope;
    if not found then
        insert into fleet_live.work_lines (project, scope, front_at, front_seq)
        values (o.project, line.scope, array_fill('-infinity'::timestamptz, array[4]), array_fill(0::bigint, array[4]));
    elsif abs(o.created_seq - line.front_seq[place]) < 16 then
        return;   -- not worth a write
    end if;
    update fleet_live.work_lines l
       set front_at[place] = o.ready_at, front_seq[place] = o.created_seq
     where l.project = o.project and l.scope = line.scope;
end $$;
comment on function fleet_log.advance_line is
    'Notes where a line begins after a claim. Example, in claim_work: perform fleet_log.advance_line(o, roles, kinds)';

create function fleet_log.advance_lines(ids text[], roles text[], kinds text[])
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Of several, the last one of each line that was asked.
    perform fleet_log.advance_line(x.o, roles, kinds)
       from (select distinct on ((y.o).rank, k.scope) y.o
               from unnest(ids) i (id)
              cross join lateral (select v as o from fleet_state.work_orders v where v.work_order_id = i.id offset 0) y
              cross join lateral (select case when kinds is not null then (y.o).kind
                                              when roles is not null then (y.o).role end) k (scope)
              order by (y.o).rank, k.scope, (y.o).ready_at desc, (y.o).created_seq desc) x;
end $$;
comment on function fleet_log.advance_lines is
    'Notes where lines begin after a claim of several orders. Example, in claim_work: perform fleet_log.advance_lines(ids, roles, kinds)';

create function fleet_log.reopen_lines(ids text[])
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o fleet_state.work_orders;
begin
    -- These are back at a place of before: no line may begin behind them.
    for o in select * from fleet_state.work_orders y where y.work_order_id = any(ids) order by y.work_order_id loop
        update fleet_live.work_lines l
           set front_at[o.rank + 1] = o.ready_at, front_seq[o.rank + 1] = o.created_seq
         where l.project = o.project
           and (l.scope in ('*', 'role ' || o.role) or starts_with(l.scope, fleet_log.kind_line(o.kind, null)))
           and (l.front_at[o.rank + 1], l.front_seq[o.rank + 1]) > (o.ready_at, o.created_seq);
    end loop;
end $$;
comment on function fleet_log.reopen_lines is
    'Lets lines begin early enough for orders that come back to an old place. Example, in a command: perform fleet_log.reopen_lines(ids)';

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
    -- A daemon speaks for pilots, and takes back what they hold when they are lost: so it must know them. A person at
    -- psql who never registered speaks for himself.
    if pilot.state = 'deregistered' or (w.host is not null and pilot.state is null) then
        return fleet_log.refuse(w, 'not_found', '/actor', format('no pilot %s is registered in %s', w.actor, w.project),
                                format('fleet pilots register %s --program NAME --model NAME', w.actor));
    elsif pilot.state = 'stale' then
        return fleet_log.refuse(w, 'transition_refused', '/actor', w.actor || ' is stale: it gave no sign of life',
                                'fleet pilots beat or register brings it back', '{"found": "stale"}');
    end if;
    if pilot.state is not null and w.args ->> 'role' <> coalesce(pilot.role, '') then
        return fleet_log.refuse(w, 'invalid_field', '/args/role',
                                format('%s is registered %s', w.actor, coalesce('as ' || pilot.role, 'without a role')),
                                'leave role out: orders for anybody and for your own role are found');
    end if;
    roles := array_remove(array['', coalesce(pilot.role, w.args ->> 'role')], null);
    if w.args ->> 'kinds' is not null then
        kinds := array(select distinct jsonb_array_elements_text(w.args -> 'kinds'));
    end if;
    if exists (select from fleet_state.halts h
                where h.halted and h.project = w.project and h.scope_kind = 'mission')
       or exists (select from fleet_state.budgets b
                   where b.state = 'stopped' and b.project = w.project and b.scope_kind = 'mission') then
        -- No line moves on: what is passed over now stands before what is given.
        return fleet_log.give_orders(w, fleet_log.next_orders_beside(fleet_log.closed_missions(w.project, w.at), w.project,
                                                                     roles, kinds, most, w.at), lease);
    end if;
    ids := fleet_log.next_orders(w.project, roles, kinds, most, w.at);
    if ids = '{}' then
        -- Nothing else is there: perhaps somebody died with an order in hands.
        w := fleet_log.take_back_lapsed(w, w.project);
        if w.result is null and fleet_log.switched('no_claim_check') then
            return fleet_log.give_orders(w, array(select o.work_order_id from fleet_state.work_orders o
                where o.project = w.project and o.state = 'claimed' order by o.work_order_id limit most), lease);
        elsif w.result is null then
            w.result := '{"orders": []}';
            return w;
        end if;
        ids := fleet_log.next_orders(w.project, roles, kinds, most, w.at);
    end if;
    w := fleet_log.give_orders(w, ids, lease);
    if cardinality(ids) = 1 then
        perform fleet_log.advance_line(o, roles, kinds) from fleet_state.work_orders o where o.work_order_id = ids[1];
        return w;
    end if;
    perform fleet_log.advance_lines(ids, roles, kinds);
    return w;
end $$;
comment on function fleet_log.do_claim_work is
    'Command claim_work. Example: select * from fleet.claim_work(''demo'', ''viper-1'')';

create function fleet_log.claim_item(
    o fleet_state.work_orders, payload jsonb, token bigint, lease int, lease_until text, at timestamptz)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    item jsonb := jsonb_build_object(
        'work_order_id', o.work_order_id, 'token', claim_item.token, 'attempt', o.attempts + 1,
        'max_attempts', o.max_attempts, 'kind', o.kind,
        'priority', case o.rank when 0 then 'low' when 1 then 'medium' when 2 then 'high' else 'critical' end,
        'payload', claim_item.payload, 'lease_seconds', lease, 'lease_until', claim_item.lease_until);
begin
    if o.role <> '' then
        item := item || jsonb_build_object('role', o.role);
    end if;
    if o.sortie_id is not null then
        item := item || jsonb_build_object('sortie_id', o.sortie_id);
    end if;
    if o.timeout_seconds is not null then
        item := item || jsonb_build_object('timeout_at',
            fleet_log.json_time(claim_item.at + make_interval(secs => o.timeout_seconds)));
    end if;
    return item;
end $$;
comment on function fleet_log.claim_item is
    'What a claimer is given. Example, in claim_work: fleet_log.claim_item(o, payload, w.head, 300, until, w.at)';

create function fleet_log.give_orders(w fleet_log.work, ids text[], lease int)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o fleet_state.work_orders;
    drafts fleet_log.draft[];
    given jsonb;
    until constant text := fleet_log.json_time(w.at + make_interval(secs => lease));
begin
    if cardinality(ids) = 1 then
        select * into o from fleet_state.work_orders y where y.work_order_id = ids[1];
        w := fleet_log.put(w, 'work_order_claimed', 'work_order', o.work_order_id,
                           jsonb_build_object('by', w.actor, 'lease_seconds', lease, 'attempt', o.attempts + 1));
        w.result := jsonb_build_object('orders', jsonb_build_array(fleet_log.claim_item(o,
            (select c.data -> 'payload' from fleet_log.events c where c.seq = o.created_seq), w.head, lease, until, w.at)));
        return w;
    end if;
    -- One after the other by their keys, whatever the statistics of a table that was empty a minute ago make of a join.
    -- The seqs are known before: the order at place n has the token w.head + n.
    select array_agg((null, 'work_order_claimed', 'work_order', (y.o).work_order_id, jsonb_build_object(
               'by', w.actor, 'lease_seconds', lease, 'attempt', (y.o).attempts + 1), null, null)::fleet_log.draft order by i.n),
           jsonb_agg(fleet_log.claim_item(y.o, c.data -> 'payload', w.head + i.n, lease, until, w.at) order by i.n)
      into drafts, given
      from unnest(ids) with ordinality i (id, n)
     cross join lateral (select v as o from fleet_state.work_orders v where v.work_order_id = i.id offset 0) y
     cross join lateral (select e.data from fleet_log.events e where e.seq = (y.o).created_seq offset 0) c;
    if drafts is not null then
        w := fleet_log.put_all(w, drafts);
    end if;
    w.result := jsonb_build_object('orders', coalesce(given, '[]'));
    return w;
end $$;
comment on function fleet_log.give_orders is
    'Gives orders to the actor; each token is the seq of its event. Example, in claim_work: return fleet_log.give_orders(w, ids, 300)';
