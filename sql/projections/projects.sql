-- fold of the family project: fleet_state.projects.

create function fleet_state.fold_project(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.projects as t (project, project_id, name, vcs_url, default_branch, state, registered_at,
                                           archived_at, archive_reason, version, last_seq)
    select g.project, g.stream_id,
           coalesce(g.registered ->> 'name', o.name),
           case when g.registered is null then o.vcs_url else g.registered ->> 'vcs_url' end,
           case when g.registered is null then o.default_branch else g.registered ->> 'default_branch' end,
           case when g.last_type = 'project_archived' then 'archived' else 'active' end,
           coalesce(o.registered_at, g.registered_at),
           case when g.last_type = 'project_archived' then g.last_at end,
           case when g.last_type = 'project_archived' then g.last_data ->> 'reason' end,
           g.version, g.last_seq
      from (select e.project, e.stream_id, max(e.stream_version) as version, max(e.seq) as last_seq,
                   (array_agg(e.type order by e.seq desc))[1] as last_type,
                   (array_agg(e.data order by e.seq desc))[1] as last_data,
                   (array_agg(e.recorded_at order by e.seq desc))[1] as last_at,
                   (array_agg(e.data order by e.seq desc) filter (where e.type = 'project_registered'))[1] as registered,
                   min(e.recorded_at) filter (where e.type = 'project_registered') as registered_at
              from fleet_log.events e
             where e.seq between fold_project.from_seq and fold_project.to_seq and e.stream_type = 'project'
             group by e.project, e.stream_id) g
      left join fleet_state.projects o on o.project = g.project
     order by g.project
        on conflict (project) do update
       set name = excluded.name, vcs_url = excluded.vcs_url, default_branch = excluded.default_branch,
           state = excluded.state, archived_at = excluded.archived_at, archive_reason = excluded.archive_reason,
           version = excluded.version, last_seq = excluded.last_seq;
end $$;
comment on function fleet_state.fold_project is
    'Folds the project events of a range. Example: select fleet_state.fold_project(1, 100)';
