-- fold of the family host: fleet_state.hosts.

create function fleet_state.fold_host(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.hosts as t (host_id, hostname, version, pid, state, joined_at, left_at, epoch,
                                        stream_version, last_seq)
    select g.stream_id,
           coalesce(g.joined ->> 'hostname', o.hostname), coalesce(g.joined ->> 'version', o.version),
           coalesce((g.joined ->> 'pid')::bigint, o.pid),
           case when g.last_type = 'host_joined' then 'joined' when g.last_reason = 'lost' then 'lost' else 'left' end,
           coalesce(g.joined_at, o.joined_at), case when g.last_type = 'host_left' then g.last_at end,
           g.last_seq, g.version, g.last_seq
      from (select e.stream_id, max(e.stream_version) as version, max(e.seq) as last_seq,
                   (array_agg(e.type order by e.seq desc))[1] as last_type,
                   (array_agg(e.data ->> 'reason' order by e.seq desc))[1] as last_reason,
                   (array_agg(e.recorded_at order by e.seq desc))[1] as last_at,
                   max(e.recorded_at) filter (where e.type = 'host_joined') as joined_at,
                   (array_agg(fleet_log.upcast(e.type, e.schema_version, e.data) order by e.seq desc)
                        filter (where e.type = 'host_joined'))[1] as joined
              from fleet_log.events e
             where e.seq between fold_host.from_seq and fold_host.to_seq and e.stream_type = 'host'
             group by e.stream_id) g
      left join fleet_state.hosts o on o.host_id = g.stream_id
     order by g.stream_id
        on conflict (host_id) do update
       set hostname = excluded.hostname, version = excluded.version, pid = excluded.pid, state = excluded.state,
           joined_at = excluded.joined_at, left_at = excluded.left_at, epoch = excluded.epoch,
           stream_version = excluded.stream_version, last_seq = excluded.last_seq;
end $$;
comment on function fleet_state.fold_host is
    'Folds the host events of a range. Example: select fleet_state.fold_host(1, 100)';
