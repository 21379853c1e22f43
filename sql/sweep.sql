-- The leader's round.

create function fleet_log.do_sweep(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    lease int := coalesce((w.args ->> 'stale_seconds')::int, 300);
    lost jsonb;
    pilots jsonb;
    files jsonb;
    keys bigint;
begin
    w := fleet_log.check_duty(w, 'sweep', (w.args ->> 'duty_epoch')::bigint);
    if w.code is not null then
        return w;
    end if;
    w.actor := 'system';
    select coalesce(jsonb_agg(jsonb_build_object('project', p.project, 'callsign', p.callsign, 'pilot_id', p.pilot_id,
               'seen_at', fleet_log.json_time(l.seen_at), 'lease_seconds', lease)), '[]')
      into lost
      from fleet_live.pilots l
      join fleet_state.pilots p on p.project = l.project and p.callsign = l.callsign and p.state in ('active', 'idle')
     where l.seen_at < w.at - make_interval(secs => lease);
    w := fleet_log.drop_pilots(w, lost, 'pilot_stale');
    pilots := w.result;
    w := fleet_log.sweep_reservations(w);
    files := w.result;
    delete from fleet_live.idempotency i where i.stored_at < w.at - interval '24 hours';
    get diagnostics keys = row_count;
    w.result := jsonb_build_object('stale', pilots -> 'pilots', 'freed', pilots -> 'freed', 'reservations', files,
                                   'keys_dropped', keys);
    return w;
end $$;
comment on function fleet_log.do_sweep is
    'Command sweep: stale pilots, ended waits, long lapsed leases, old keys. Example: select * from fleet.act(''[{"op":"sweep","args":{"duty_epoch":1}}]'')';
