-- fold of the family work_order: fleet_state.work_orders and work_order_dependencies.
-- An order can go round many times within a range (claimed, lost, claimed, failed, …), so a range is folded by picking,
-- for each order, the last event of each kind that sets something. Live it is mostly one event, which has a way of its own.
-- Rows are looked up by their keys, whatever statistics say of tables that were empty a minute ago: hence the laterals,
-- the places (ctid) of rows found by key, and no sequential scan, for replay and repair as in fleet.act.

create function fleet_log.order_rank(priority text)
returns int
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case priority when 'low' then 0 when 'medium' then 1 when 'high' then 2 else 3 end;
end $$;
comment on function fleet_log.order_rank is 'A priority as a number. Example: select fleet_log.order_rank(''critical'')';

create function fleet_log.order_priority(rank int)
returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case rank when 0 then 'low' when 1 then 'medium' when 2 then 'high' else 'critical' end;
end $$;
comment on function fleet_log.order_priority is 'A rank as a priority. Example: select fleet_log.order_priority(3)';

create function fleet_state.apply_created_orders(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.work_orders (work_order_id, project, kind, role, rank, depends_on, blocked_by, max_attempts,
        attempts, lost, timeout_seconds, backoff_seconds, sortie_id, state, ready_at, created_at, created_by, created_seq,
        version, last_seq)
    select e.stream_id, e.project, e.data ->> 'kind', coalesce(e.data ->> 'role', ''),
           fleet_log.order_rank(e.data ->> 'priority'), array(select jsonb_array_elements_text(e.data -> 'depends_on')),
           jsonb_array_length(e.data -> 'depends_on'), (e.data ->> 'max_attempts')::int, 0, 0,
           (e.data ->> 'timeout_seconds')::int, coalesce((e.data ->> 'backoff_seconds')::int, 10), e.data ->> 'sortie_id',
           'pending', greatest(e.recorded_at, (e.data ->> 'run_after')::timestamptz), e.recorded_at, e.actor, e.seq,
           e.stream_version, e.seq
      from fleet_log.events e
     where e.seq between apply_created_orders.from_seq and apply_created_orders.to_seq
       and e.type = 'work_order_created'
     order by e.stream_id;

    insert into fleet_state.work_order_dependencies (depends_on, work_order_id, project, last_seq)
    select d.id, e.stream_id, e.project, e.seq
      from fleet_log.events e
     cross join lateral jsonb_array_elements_text(e.data -> 'depends_on') d (id)
     where e.seq between apply_created_orders.from_seq and apply_created_orders.to_seq
       and e.type = 'work_order_created' and e.data -> 'depends_on' <> '[]'
     order by d.id, e.stream_id;
end $$;
comment on function fleet_state.apply_created_orders is
    'Folds the orders made in a range. Example: select fleet_state.apply_created_orders(1, 100)';

create function fleet_state.apply_order_changes(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp set enable_seqscan = off as $$
begin
    with change as (
        select e.stream_id, max(e.seq) as last,
               max(e.seq) filter (where e.type = 'work_order_claimed') as claimed,
               max(e.seq) filter (where e.type = 'work_order_requeued') as requeued,
               max(e.seq) filter (where e.type = 'work_order_failed') as failed,
               max(e.seq) filter (where e.type in ('work_order_claimed', 'work_order_requeued')) as counted
          from fleet_log.events e
         where e.seq between apply_order_changes.from_seq and apply_order_changes.to_seq
           and e.stream_type = 'work_order' and e.type <> 'work_order_created'
         group by e.stream_id
    ), said as (
        select l.stream_id, l.seq as last_seq, l.stream_version, l.recorded_at, l.actor, l.data, c.claimed, c.failed,
               case l.type when 'work_order_claimed' then 'claimed' when 'work_order_requeued' then 'pending'
                    when 'work_order_completed' then 'completed' when 'work_order_cancelled' then 'cancelled'
                    else case when l.data -> 'dead' = 'true' then 'dead' else 'failed' end end as state,
               k.data ->> 'by' as claimed_by, k.recorded_at as claimed_at, (k.data ->> 'lease_seconds')::int as lease_seconds,
               (r.data ->> 'run_after')::timestamptz as ready_at, coalesce((r.data ->> 'lost')::int, 0) as lost,
               c.requeued, (n.data ->> 'attempt')::int as attempts, (
               select y.ctid from fleet_state.work_orders y where y.work_order_id = c.stream_id) as place
          from change c
         -- By their keys, whatever statistics say of a log that was empty a minute ago.
         cross join lateral (select * from fleet_log.events x where x.seq = c.last limit 1) l
          left join lateral (select * from fleet_log.events x where x.seq = c.claimed limit 1) k on true
          left join lateral (select * from fleet_log.events x where x.seq = c.requeued limit 1) r on true
          left join lateral (select * from fleet_log.events x where x.seq = c.counted limit 1) n on true
        offset 0
    )
    update fleet_state.work_orders o
       set state = s.state,
           attempts = coalesce(s.attempts, o.attempts),
           lost = case when s.requeued is null then o.lost else s.lost end,
           ready_at = coalesce(s.ready_at, o.ready_at),
           claimed_by = coalesce(s.claimed_by, o.claimed_by),
           claimed_at = coalesce(s.claimed_at, o.claimed_at),
           token = coalesce(s.claimed, o.token),
           lease_seconds = coalesce(s.lease_seconds, o.lease_seconds),
           due_at = case when s.claimed is null then o.due_at
                         else s.claimed_at + make_interval(secs => least(s.lease_seconds, o.timeout_seconds)) end,
           failed_seq = coalesce(s.failed, o.failed_seq),
           ended_at = case when s.state in ('completed', 'dead', 'cancelled') then s.recorded_at end,
           ended_by = case when s.state in ('completed', 'dead', 'cancelled') then coalesce(s.data ->> 'by', s.actor) end,
           ended_seq = case when s.state in ('completed', 'dead', 'cancelled') then s.last_seq end,
           reason = case when s.state = 'cancelled' then s.data ->> 'reason' end,
           version = s.stream_version, last_seq = s.last_seq
      from said s
     where o.ctid = s.place;
end $$;
comment on function fleet_state.apply_order_changes is
    'Folds what happened to orders in a range. Example: select fleet_state.apply_order_changes(1, 100)';

create function fleet_state.apply_claims(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp set enable_seqscan = off as $$
begin
    -- Each by its key, even while statistics say that the table is small: a row that was found by its key is reached by
    -- its place.
    update fleet_state.work_orders o
       set state = 'claimed', claimed_by = e.data ->> 'by', claimed_at = e.recorded_at, token = e.seq,
           lease_seconds = (e.data ->> 'lease_seconds')::int, attempts = (e.data ->> 'attempt')::int,
           due_at = e.recorded_at
                    + make_interval(secs => least((e.data ->> 'lease_seconds')::int, o.timeout_seconds)),
           version = e.stream_version, last_seq = e.seq
      from (select x.seq, x.data, x.recorded_at, x.stream_version, (
                   select y.ctid from fleet_state.work_orders y where y.work_order_id = x.stream_id) as place
              from fleet_log.events x
             where x.seq between apply_claims.from_seq and apply_claims.to_seq order by x.seq offset 0) e
     where o.ctid = e.place;
end $$;
comment on function fleet_state.apply_claims is
    'Folds a range that holds claims only, each of another order. Example: select fleet_state.apply_claims(11, 20)';

create function fleet_state.apply_completions(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp set enable_seqscan = off as $$
begin
    -- Each by its key, as above.
    update fleet_state.work_orders o
       set state = 'completed', ended_at = e.recorded_at, ended_by = e.data ->> 'by', ended_seq = e.seq,
           version = e.stream_version, last_seq = e.seq
      from (select x.seq, x.data, x.recorded_at, x.stream_version, (
                   select y.ctid from fleet_state.work_orders y where y.work_order_id = x.stream_id) as place
              from fleet_log.events x
             where x.seq between apply_completions.from_seq and apply_completions.to_seq order by x.seq offset 0) e
     where o.ctid = e.place;
end $$;
comment on function fleet_state.apply_completions is
    'Folds a range that holds completions only, each of another order. Example: select fleet_state.apply_completions(11, 20)';

create function fleet_state.count_dependencies(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp set enable_seqscan = off as $$
begin
    -- Counted anew for whoever may have changed: the same whatever else is in the range.
    with touched as (
        select e.stream_id as work_order_id from fleet_log.events e
         where e.seq between count_dependencies.from_seq and count_dependencies.to_seq
           and e.type = 'work_order_created' and e.data -> 'depends_on' <> '[]'
         union
        select d.work_order_id from fleet_log.events e
         cross join lateral (select x.work_order_id from fleet_state.work_order_dependencies x
                              where x.depends_on = e.stream_id offset 0) d
         where e.seq between count_dependencies.from_seq and count_dependencies.to_seq
           and e.type = 'work_order_completed'
    )
    update fleet_state.work_orders o
       set blocked_by = c.open
      from (select x.place, (
                   select count(*) from unnest(x.depends_on) d (id)
                    cross join lateral (select z.state from fleet_state.work_orders z
                                         where z.work_order_id = d.id limit 1) y
                    where y.state <> 'completed')::int as open
              from touched t
             cross join lateral (select z.ctid as place, z.depends_on from fleet_state.work_orders z
                                  where z.work_order_id = t.work_order_id limit 1) x
            offset 0) c
     where o.ctid = c.place and o.blocked_by <> c.open;
end $$;
comment on function fleet_state.count_dependencies is
    'Counts what orders wait for, after a range was folded. Example: select fleet_state.count_dependencies(1, 100)';

create function fleet_state.apply_one_order(e fleet_log.events)
returns boolean
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The frequent events, one at a time: the same writes without a look back at the log.
    -- (fleet.verify_projections compares the outcome with the steps above.)
    if e.type = 'work_order_claimed' then
        update fleet_state.work_orders o
           set state = 'claimed', claimed_by = e.data ->> 'by', claimed_at = e.recorded_at, token = e.seq,
               lease_seconds = (e.data ->> 'lease_seconds')::int, attempts = (e.data ->> 'attempt')::int,
               due_at = e.recorded_at
                    + make_interval(secs => least((e.data ->> 'lease_seconds')::int, o.timeout_seconds)),
               version = e.stream_version, last_seq = e.seq
         where o.work_order_id = e.stream_id;
        return true;
    elsif e.type = 'work_order_completed' then
        update fleet_state.work_orders o
           set state = 'completed', ended_at = e.recorded_at, ended_by = e.data ->> 'by', ended_seq = e.seq,
               version = e.stream_version, last_seq = e.seq
         where o.work_order_id = e.stream_id;
        if exists (select from fleet_state.work_order_dependencies d where d.depends_on = e.stream_id) then
            perform fleet_state.count_dependencies(e.seq, e.seq);
        end if;
        return true;
    elsif e.type = 'work_order_created' and e.data -> 'depends_on' = '[]' then
        insert into fleet_state.work_orders (work_order_id, project, kind, role, rank, depends_on, blocked_by,
            max_attempts, attempts, lost, timeout_seconds, backoff_seconds, sortie_id, state, ready_at, created_at,
            created_by, created_seq, version, last_seq)
        values (e.stream_id, e.project, e.data ->> 'kind', coalesce(e.data ->> 'role', ''),
            fleet_log.order_rank(e.data ->> 'priority'), '{}', 0, (e.data ->> 'max_attempts')::int, 0, 0,
            (e.data ->> 'timeout_seconds')::int, coalesce((e.data ->> 'backoff_seconds')::int, 10),
            e.data ->> 'sortie_id', 'pending', greatest(e.recorded_at, (e.data ->> 'run_after')::timestamptz),
            e.recorded_at, e.actor, e.seq, e.stream_version, e.seq);
        return true;
    end if;
    return false;
end $$;
comment on function fleet_state.apply_one_order is
    'Folds one event; false if it is not one of the frequent kinds. Example: select fleet_state.apply_one_order(e) from fleet_log.events e where e.seq = 42';

create function fleet_state.fold_work_order(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    one fleet_log.events;
    found record;
begin
    if from_seq = to_seq then
        select * into one from fleet_log.events e where e.seq = from_seq;
        if fleet_state.apply_one_order(one) then
            return;
        end if;
    end if;
    -- One look decides which of the steps have work.
    select min(e.type) as first_type, max(e.type) as last_type, max(e.seq) - min(e.seq) + 1 = count(*) as dense,
           count(*) = count(distinct e.stream_id) as once, bool_or(e.type = 'work_order_created') as created,
           bool_or(e.type <> 'work_order_created') as changed, bool_or(e.type = 'work_order_completed') as completed,
           bool_or(e.data -> 'depends_on' <> '[]') as depends, min(e.seq) as lo, max(e.seq) as hi
      into found
      from fleet_log.events e
     where e.seq between fold_work_order.from_seq and fold_work_order.to_seq and e.stream_type = 'work_order';
    if found.created then
        perform fleet_state.apply_created_orders(from_seq, to_seq);
    end if;
    if found.first_type = found.last_type and found.once and found.dense and found.first_type = 'work_order_claimed' then
        perform fleet_state.apply_claims(found.lo, found.hi);
    elsif found.first_type = found.last_type and found.once and found.dense and found.first_type = 'work_order_completed' then
        perform fleet_state.apply_completions(found.lo, found.hi);
    elsif found.changed then
        perform fleet_state.apply_order_changes(from_seq, to_seq);
    end if;
    if found.completed or found.depends then
        perform fleet_state.count_dependencies(from_seq, to_seq);
    end if;
end $$;
comment on function fleet_state.fold_work_order is
    'Folds the work order events of a range. Example: select fleet_state.fold_work_order(1, 100)';
