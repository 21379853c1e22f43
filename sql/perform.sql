-- One command, after its shape was found sound: the project, the fence, then the function of its name.

create function fleet_log.perform(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    state text;
    bad text;
begin
    if w.code is not null or w.replayed then
        return w;
    end if;
    if w.scope = 'registered' then
        state := (select p.state from fleet_state.projects p where p.project = w.project);
        if state is null then
            return fleet_log.refuse(w, 'not_found', '/project', 'no project ' || w.project, 'fleet init registers it');
        elsif state <> 'active' then
            return fleet_log.refuse(w, 'transition_refused', '/project', 'the project ' || w.project || ' is archived',
                                    'register it again to go on');
        end if;
    end if;
    if w.fence is not null then
        bad := fleet_log.fence_problem(w.project, w.fence ->> 'kind', w.fence ->> 'id', (w.fence ->> 'token')::bigint);
        if bad is not null then
            return fleet_log.refuse(w, 'stale_token', '/fence', bad, 'stop writing; reserve again if you still need it');
        end if;
    end if;
    -- Static calls keep their plans; a name that is not here has no row in fleet_log.commands either (a test compares).
    case w.op
        when 'reserve' then return fleet_log.do_reserve(w);
        when 'release' then return fleet_log.do_release(w);
        when 'extend' then return fleet_log.do_extend(w);
        when 'release_all' then return fleet_log.do_release_all(w);
        when 'force_release' then return fleet_log.do_force_release(w);
        when 'end_wait' then return fleet_log.do_end_wait(w);
        when 'grant_waiters' then return fleet_log.do_grant_waiters(w);
        when 'register_pilot' then return fleet_log.do_register_pilot(w);
        when 'set_pilot_status' then return fleet_log.do_set_pilot_status(w);
        when 'change_capabilities' then return fleet_log.do_change_capabilities(w);
        when 'deregister_pilot' then return fleet_log.do_deregister_pilot(w);
        when 'register_project' then return fleet_log.do_register_project(w);
        when 'archive_project' then return fleet_log.do_archive_project(w);
        when 'host_join' then return fleet_log.do_host_join(w);
        when 'host_leave' then return fleet_log.do_host_leave(w);
        when 'declare_host_lost' then return fleet_log.do_declare_host_lost(w);
        when 'sweep' then return fleet_log.do_sweep(w);
        else return fleet_log.refuse(w, 'internal', '/op', 'the operation ' || w.op || ' has no function');
    end case;
end $$;
comment on function fleet_log.perform is 'Carries one command out. Example, in fleet.act: w := fleet_log.perform(w)';
