-- fold of the family pilot: fleet_state.pilots.

create function fleet_log.fold_capabilities(base jsonb, changes jsonb[])
returns text[]
language sql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
    -- Of all that was said about a capability the last word counts; `changes` are in log order.
    select coalesce(array_agg(said.name order by said.name collate "C"), '{}')
      from (select distinct on (word.name) word.name, word.has
              from (select b.name, true as has, 0::bigint as place, 0 as step
                      from jsonb_array_elements_text(base) b(name)
                    union all
                    select r.name, false, c.place, 1
                      from unnest(changes) with ordinality c(data, place)
                     cross join lateral jsonb_array_elements_text(c.data -> 'removed') r(name)
                    union all
                    select a.name, true, c.place, 2
                      from unnest(changes) with ordinality c(data, place)
                     cross join lateral jsonb_array_elements_text(c.data -> 'added') a(name)) word
             order by word.name, word.place desc, word.step desc) said
     where said.has
$$;
comment on function fleet_log.fold_capabilities is
    'Capabilities after changes. Example: select fleet_log.fold_capabilities(''["cpp"]'', array[''{"added":["sql"],"removed":[]}''::jsonb])';

create function fleet_state.fold_pilot(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.pilots as t (project, callsign, pilot_id, program, model, role, capabilities,
        task_description, host, state, current_sortie, registered_at, changed_at, stale_since, left_reason,
        final_status, version, last_seq)
    select g.project, coalesce(g.registered ->> 'callsign', o.callsign), g.stream_id,
           coalesce(g.registered ->> 'program', o.program), coalesce(g.registered ->> 'model', o.model),
           case when g.registered is null then o.role else g.registered ->> 'role' end,
           case when g.registered is null and g.changes is null then o.capabilities
                else fleet_log.fold_capabilities(coalesce(g.registered -> 'capabilities', to_jsonb(o.capabilities)),
                                                 g.changes) end,
           case when g.registered is null then o.task_description else g.registered ->> 'task_description' end,
           case when g.registered is null then o.host else g.registered ->> 'host' end,
           case g.last_type when 'pilot_registered' then 'active' when 'pilot_stale' then 'stale'
                when 'pilot_deregistered' then 'deregistered' when 'pilot_status_changed' then g.last_data ->> 'to'
                else o.state end,
           case when g.last_type is null then o.current_sortie
                when g.last_type = 'pilot_status_changed' then g.last_data ->> 'current_sortie' end,
           coalesce(o.registered_at, g.first_at), g.changed_at,
           case when g.last_type is null then o.stale_since when g.last_type = 'pilot_stale' then g.last_at end,
           case when g.last_type is null then o.left_reason
                when g.last_type = 'pilot_deregistered' then g.last_data ->> 'reason' end,
           case when g.last_type is null then o.final_status
                when g.last_type = 'pilot_deregistered' then g.last_data ->> 'final_status' end,
           g.version, g.last_seq
      from (select e.project, e.stream_id, max(e.stream_version) as version, max(e.seq) as last_seq,
                   min(e.recorded_at) as first_at, max(e.recorded_at) as changed_at,
                   (array_agg(e.type order by e.seq desc) filter (where e.type <> 'pilot_capabilities_changed'))[1]
                       as last_type,
                   (array_agg(e.data order by e.seq desc) filter (where e.type <> 'pilot_capabilities_changed'))[1]
                       as last_data,
                   max(e.recorded_at) filter (where e.type <> 'pilot_capabilities_changed') as last_at,
                   (array_agg(e.data order by e.seq desc) filter (where e.type = 'pilot_registered'))[1] as registered,
                   -- What was changed before the last registration is covered by it.
                   array_agg(e.data order by e.seq) filter (where e.type = 'pilot_capabilities_changed'
                                                              and e.seq > coalesce(e.base_seq, 0)) as changes
              from (select s.*, max(s.seq) filter (where s.type = 'pilot_registered')
                                over (partition by s.stream_id) as base_seq
                      from fleet_log.events s
                     where s.seq between fold_pilot.from_seq and fold_pilot.to_seq and s.stream_type = 'pilot') e
             group by e.project, e.stream_id) g
      left join fleet_state.pilots o on o.pilot_id = g.stream_id
     order by g.project, g.stream_id
        on conflict (project, callsign) do update
       set program = excluded.program, model = excluded.model, role = excluded.role,
           capabilities = excluded.capabilities, task_description = excluded.task_description, host = excluded.host,
           state = excluded.state, current_sortie = excluded.current_sortie, changed_at = excluded.changed_at,
           stale_since = excluded.stale_since, left_reason = excluded.left_reason,
           final_status = excluded.final_status, version = excluded.version, last_seq = excluded.last_seq;
end $$;
comment on function fleet_state.fold_pilot is
    'Folds the pilot events of a range. Example: select fleet_state.fold_pilot(1, 100)';
