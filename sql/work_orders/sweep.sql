-- Leases that were lost and attempts that took too long. A lease is not renewed by writing: a sign of life of its
-- claimer is read, and it runs from the later of the claim and that sign, up to a day after the claim.

create function fleet.order_lease_until(claimed_at timestamptz, seen_at timestamptz, lease_seconds int)
returns timestamptz
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return least(greatest(claimed_at, seen_at) + make_interval(secs => lease_seconds), claimed_at + interval '24 hours');
end $$;
comment on function fleet.order_lease_until is
    'When the lease of a claim runs out, the claimer''s signs of life counted. Example: select fleet.order_lease_until(now(), now(), 300)';

create function fleet_log.take_back(w fleet_log.work, orders fleet_state.work_orders[], cause text, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    lost_most constant int := 10;
    o fleet_state.work_orders;
    drafts fleet_log.draft[] := '{}';
    dead text[] := '{}';
    ids text[] := '{}';
begin
    foreach o in array orders loop
        ids := ids || o.work_order_id;
        if o.lost + 1 >= lost_most then
            -- Whoever takes it dies of it: enough.
            dead := dead || o.work_order_id;
            drafts := drafts || (o.project, 'work_order_failed', 'work_order', o.work_order_id, jsonb_build_object(
                'by', o.claimed_by, 'attempt', o.attempts, 'dead', true, 'error', jsonb_build_object('kind', 'abandoned',
                'message', format('%s claimers in a row lost their lease on it', lost_most))), causation_id, null)::fleet_log.draft;
        else
            -- The lease is lost and nothing else: not the attempt, not the place in the line.
            drafts := drafts || (o.project, 'work_order_requeued', 'work_order', o.work_order_id, jsonb_build_object(
                'cause', cause, 'run_after', fleet_log.json_time(o.ready_at), 'attempt', o.attempts - 1,
                'lost', o.lost + 1), causation_id, null)::fleet_log.draft;
        end if;
    end loop;
    w := fleet_log.put_all(w, drafts);
    perform fleet_log.reopen_lines(ids);
    w := fleet_log.cancel_dependents(w, dead);
    w.result := jsonb_build_object('ids', to_jsonb(ids), 'dead', to_jsonb(dead), 'cancelled', w.result);
    return w;
end $$;
comment on function fleet_log.take_back is
    'Puts claimed orders back into the line. Example, in a command: w := fleet_log.take_back(w, orders, ''lease_expired'', null)';

create function fleet_log.take_back_lapsed(w fleet_log.work, project text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    slow fleet_state.work_orders[];
    lapsed fleet_state.work_orders[];
    counts jsonb;
begin
    -- An attempt that took too long has failed, whatever its lease says. A thousand at a time: more come next time.
    select array_agg(x.o order by (x.o).due_at, (x.o).work_order_id) filter (where x.too_slow),
           array_agg(x.o order by (x.o).due_at, (x.o).work_order_id) filter (where not x.too_slow)
      into slow, lapsed
      from (select o, o.timeout_seconds is not null and o.claimed_at + make_interval(secs => o.timeout_seconds) <= w.at
                   as too_slow
              from fleet_state.work_orders o
              left join fleet_live.pilots l on l.project = o.project and l.callsign = o.claimed_by
             where o.state = 'claimed' and o.due_at <= w.at
               and (take_back_lapsed.project is null or o.project = take_back_lapsed.project)
               and (fleet.order_lease_until(o.claimed_at, l.seen_at, o.lease_seconds) <= w.at
                    or o.claimed_at + make_interval(secs => o.timeout_seconds) <= w.at)
             order by o.due_at limit 1000) x;
    w.result := null;
    if slow is null and lapsed is null then
        return w;
    end if;
    counts := jsonb_build_object('timeouts', coalesce(cardinality(slow), 0), 'lapsed', coalesce(cardinality(lapsed), 0));
    w := fleet_log.fail_orders(w, coalesce(slow, '{}'), jsonb_build_object('kind', 'timeout',
             'message', 'the attempt took longer than the order allows'), true, null, null);
    counts := counts || w.result;
    w := fleet_log.take_back(w, coalesce(lapsed, '{}'), 'lease_expired', null);
    w.result := counts || jsonb_build_object('dead', (counts -> 'dead') || (w.result -> 'dead'),
                                             'cancelled', (counts -> 'cancelled') || (w.result -> 'cancelled'));
    return w;
end $$;
comment on function fleet_log.take_back_lapsed is
    'Requeues orders whose lease ran out and fails attempts that took too long; null for every project. Example, in claim_work: w := fleet_log.take_back_lapsed(w, w.project)';

create function fleet_log.sweep_orders(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Where lines begin is a hint that saves a walk; forgotten every round, so that no mistake in it could last.
    delete from fleet_live.work_lines;
    w := fleet_log.take_back_lapsed(w, null);
    w.result := jsonb_build_object(
        'lapsed', coalesce(w.result -> 'lapsed', '0'), 'timeouts', coalesce(w.result -> 'timeouts', '0'),
        'dead', coalesce(jsonb_array_length(w.result -> 'dead'), 0),
        'cancelled', coalesce(jsonb_array_length(w.result -> 'cancelled'), 0));
    return w;
end $$;
comment on function fleet_log.sweep_orders is
    'The work orders'' part of the leader''s round. Example, in sweep: w := fleet_log.sweep_orders(w)';

create function fleet_log.return_orders(w fleet_log.work, project text, callsigns text[], cause text, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    held fleet_state.work_orders[];
begin
    select array_agg(o order by o.work_order_id) into held from fleet_state.work_orders o
     where o.state = 'claimed' and o.project = return_orders.project and o.claimed_by = any(callsigns);
    if held is null then
        w.result := '[]';
        return w;
    end if;
    w := fleet_log.take_back(w, held, 'pilot_lost', causation_id);
    w.result := w.result -> 'ids';
    return w;
end $$;
comment on function fleet_log.return_orders is
    'Puts back what these pilots have claimed; w.result: the ids. Example, in a command: w := fleet_log.return_orders(w, ''demo'', ''{viper-1}'', ''pilot_lost'', null)';
