-- The leader's round.

create function fleet_log.silent_pilots(at timestamptz, lease int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_agg(jsonb_build_object('project', p.project, 'callsign', p.callsign,
                       'pilot_id', p.pilot_id, 'seen_at', fleet_log.json_time(l.seen_at), 'lease_seconds', lease)), '[]')
              from fleet_live.pilots l
              join fleet_state.pilots p on p.project = l.project and p.callsign = l.callsign
                                      and p.state in ('active', 'idle')
             where l.seen_at < silent_pilots.at - make_interval(secs => lease));
end $$;
comment on function fleet_log.silent_pilots is
    'Pilots without a sign of life for so many seconds. Example: select fleet_log.silent_pilots(now(), 300)';

create function fleet_log.has_watched(duty text, for_seconds int, at timestamptz)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Every outage of the database makes a new leader, and in an outage nobody can give a sign of life.
    return exists (select from fleet_live.leaders l where l.duty = has_watched.duty
                      and l.since <= has_watched.at - make_interval(secs => for_seconds));
end $$;
comment on function fleet_log.has_watched is
    'True if the leader of a duty has led for so many seconds. Example, in a command: if fleet_log.has_watched(''sweep'', 60, w.at) then';

create function fleet_log.do_sweep(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    lease int := coalesce((w.args ->> 'stale_seconds')::int, 300);
    found jsonb;
    keys bigint;
begin
    w := fleet_log.check_duty(w, 'sweep', (w.args ->> 'duty_epoch')::bigint);
    if w.code is not null then
        return w;
    end if;
    w.actor := 'system';
    -- Pilots first: what they had goes back because they are silent, not because its lease ran out. A new leader gives them
    -- a minute: after an outage that was longer than their lease all of them look silent.
    w := fleet_log.drop_pilots(w, case when w.args ->> 'duty_epoch' is null
                                         or fleet_log.has_watched('sweep', least(lease, 60), w.at)
                                       then fleet_log.silent_pilots(w.at, lease) else '[]' end, 'pilot_stale');
    found := (w.result - 'pilots') || jsonb_build_object('stale', w.result -> 'pilots');
    w := fleet_log.sweep_sorties(w);
    found := found || jsonb_build_object('sorties', w.result);
    w := fleet_log.sweep_orders(w);
    found := found || jsonb_build_object('orders', w.result);
    w := fleet_log.sweep_reservations(w);
    found := found || jsonb_build_object('reservations', w.result);
    w := fleet_log.sweep_mail(w);
    found := found || jsonb_build_object('mail', w.result);
    w := fleet_log.sweep_budgets(w);
    found := found || jsonb_build_object('budgets', w.result);
    w := fleet_log.sweep_checkpoints(w);
    found := found || jsonb_build_object('checkpoints_pruned', w.result);
    -- Last, so that it knows what this very round found.
    w := fleet_log.sweep_rules(w);
    found := found || jsonb_build_object('rules', w.result);
    delete from fleet_live.idempotency i where i.stored_at < w.at - interval '24 hours';
    get diagnostics keys = row_count;
    insert into fleet_live.sweeps as s (duty, stale_seconds, swept_at) values ('sweep', lease, w.at)
        on conflict on constraint sweeps_pkey do update
       set stale_seconds = excluded.stale_seconds, swept_at = excluded.swept_at;
    w.result := found || jsonb_build_object('keys_dropped', keys);
    return w;
end $$;
comment on function fleet_log.do_sweep is
    'Command sweep: stale pilots, lapsed leases and time-outs, ended waits, unanswered mail, old keys. Example: select * from fleet.act(''[{"op":"sweep","args":{"duty_epoch":1}}]'')';
