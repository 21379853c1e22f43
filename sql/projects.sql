-- Commands of the family project.

create function fleet_log.project_json(project text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select i.item from fleet_log.project_items i where i.project = project_json.project);
end $$;
comment on function fleet_log.project_json is
    'A project as commands answer it. Example: select fleet_log.project_json(''demo'')';

create function fleet_log.do_register_project(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    old fleet_state.projects;
    data jsonb;
    created boolean;
begin
    if w.project <> '' and w.project <> w.args ->> 'key' then
        return fleet_log.refuse(w, 'invalid_field', '/args/key', 'is not the project of the request');
    end if;
    w.project := w.args ->> 'key';
    select * into old from fleet_state.projects p where p.project = w.project;
    created := old.project is null;
    data := jsonb_strip_nulls(jsonb_build_object(
        'name', coalesce(w.args ->> 'name', old.name, w.project),
        'vcs_url', coalesce(w.args ->> 'vcs_url', old.vcs_url),
        'default_branch', coalesce(w.args ->> 'default_branch', old.default_branch)));
    if created and exists (select from fleet_state.projects p where p.project_id = w.args ->> 'project_id') then
        return fleet_log.refuse(w, 'version_conflict', '/args/project_id', 'this id is another project''s',
                                'draw a new id');
    end if;
    -- Every host registers the project it works on: without news there is nothing to write.
    if created or old.state = 'archived' or data is distinct from jsonb_strip_nulls(jsonb_build_object(
        'name', old.name, 'vcs_url', old.vcs_url, 'default_branch', old.default_branch)) then
        w := fleet_log.put(w, 'project_registered', 'project',
                           coalesce(old.project_id, w.args ->> 'project_id', fleet.new_id('prj')), data);
    end if;
    w.result := fleet_log.project_json(w.project) || jsonb_build_object('created', created);
    return w;
end $$;
comment on function fleet_log.do_register_project is
    'Command register_project. Example: select * from fleet.register_project(''demo'')';

create function fleet_log.do_archive_project(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    old fleet_state.projects;
begin
    if w.project <> '' and w.project <> w.args ->> 'key' then
        return fleet_log.refuse(w, 'invalid_field', '/args/key', 'is not the project of the request');
    end if;
    w.project := w.args ->> 'key';
    select * into old from fleet_state.projects p where p.project = w.project;
    if old.project is null then
        return fleet_log.refuse(w, 'not_found', '/args/key', 'no project ' || w.project);
    end if;
    w := fleet_log.check_transition(w, 'project', old.state, 'project_archived');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'project_archived', 'project', old.project_id,
                       jsonb_build_object('reason', w.args ->> 'reason'));
    w.result := fleet_log.project_json(w.project);
    return w;
end $$;
comment on function fleet_log.do_archive_project is
    'Command archive_project. Example: select * from fleet.archive_project(''demo'', ''merged into another'')';
