-- Signs of life: rows updated in place, no event, no flush to wait for.

create function fleet.beat(items jsonb)
returns table (project text, callsign text, state text)
language plpgsql volatile security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off as $$
declare
    clock timestamptz(3) := clock_timestamp();
begin
    if jsonb_typeof(items) is distinct from 'array' then
        perform fleet.refuse('invalid_field', 'must be an array of {project, callsign}', '');
    end if;
    if pg_current_xact_id_if_assigned() is null then
        perform set_config('synchronous_commit', 'off', true);
    end if;
    -- Locked in the order of the key, so that two daemons never wait for each other in a circle.
    perform from fleet_live.pilots l
      join (select distinct i ->> 'project' as project, i ->> 'callsign' as callsign
              from jsonb_array_elements(items) i) b on b.project = l.project and b.callsign = l.callsign
     order by l.project, l.callsign
       for update of l;
    update fleet_live.pilots l set seen_at = greatest(l.seen_at, clock)
      from (select distinct i ->> 'project' as project, i ->> 'callsign' as callsign
              from jsonb_array_elements(items) i) b
     where b.project = l.project and b.callsign = l.callsign;
    return query
    select b.project, b.callsign, coalesce(p.state, 'unknown')
      from (select distinct i ->> 'project' as project, i ->> 'callsign' as callsign
              from jsonb_array_elements(items) i) b
      left join fleet_state.pilots p on p.project = b.project and p.callsign = b.callsign
     order by 1, 2;
end $$;
comment on function fleet.beat is
    'Signs of life of many pilots; answers their states, so that one who turned stale can come back. Example: select * from fleet.beat(''[{"project":"demo","callsign":"viper-1"}]'')';

create function fleet.beat_host(host_id text, epoch bigint, lease_seconds int)
returns table (ok boolean, deadline timestamptz, live_epoch bigint)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
#variable_conflict use_column
declare
    clock timestamptz(3) := clock_timestamp();
begin
    if pg_current_xact_id_if_assigned() is null then
        perform set_config('synchronous_commit', 'off', true);
    end if;
    -- Past its deadline but not yet declared lost it may still come back: its row is the arbiter.
    update fleet_live.hosts h
       set deadline = clock + make_interval(secs => beat_host.lease_seconds), seen_at = clock,
           lease_seconds = beat_host.lease_seconds
     where h.host_id = beat_host.host_id and h.epoch = beat_host.epoch and h.deadline is not null;
    ok := found;
    select h.deadline, h.epoch into deadline, live_epoch from fleet_live.hosts h where h.host_id = beat_host.host_id;
    return next;
end $$;
comment on function fleet.beat_host is
    'Renews a host''s lease; not ok if its epoch has moved: then drop leases and join again. Example: select * from fleet.beat_host(''host_01…'', 7, 30)';
