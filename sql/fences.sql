-- A fence says: I still hold this. Each kind of lease has a function that knows.

create function fleet_log.fence_problem(project text, kind text, id text, token bigint)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if fleet_log.switched('no_token_check') then
        return null;
    end if;
    case fence_problem.kind
        when 'reservation' then
            return fleet_log.reservation_fence_problem(fence_problem.project, fence_problem.id, fence_problem.token);
        when 'sortie' then
            return fleet_log.sortie_fence_problem(fence_problem.project, fence_problem.id, fence_problem.token);
        when 'work_order' then
            return fleet_log.work_order_fence_problem(fence_problem.project, fence_problem.id, fence_problem.token);
        else
            return 'there is no lease of kind ' || fence_problem.kind;
    end case;
end $$;
comment on function fleet_log.fence_problem is
    'Why a token is not valid, or null. Example: select fleet_log.fence_problem(''demo'', ''reservation'', ''rsv_01…'', 42)';
