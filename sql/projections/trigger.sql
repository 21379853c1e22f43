-- Every insert into the log is checked and folded in its own transaction, whoever the writer is.

create function fleet_log.fold_added()
returns trigger
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    lo bigint;
    hi bigint;
    project boolean;
    host boolean;
    pilot boolean;
    reservation boolean;
    misfit bigint;
begin
    -- One look decides which families have work, and whether all fits; the folds of the others are not called.
    select min(a.seq), max(a.seq), bool_or(a.stream_type = 'project'), bool_or(a.stream_type = 'host'),
           bool_or(a.stream_type = 'pilot'), bool_or(a.stream_type = 'reservation'),
           min(case when starts_with(a.type, 'x.') then null
                    when fleet_log.event_problem(a.type, a.schema_version, a.data) is not null then a.seq end)
      into lo, hi, project, host, pilot, reservation, misfit
      from added a;
    if lo is null then
        return null;
    end if;
    if misfit is not null then
        perform fleet.refuse('internal', 'event ' || misfit || ' (' || a.type || ') does not fit its schema',
                             p.problem ->> 'field', '', p.problem)
           from added a, fleet_log.event_problem(a.type, a.schema_version, a.data) p(problem) where a.seq = misfit;
    end if;
    if project then
        perform fleet_state.fold_project(lo, hi);
    end if;
    if host then
        perform fleet_state.fold_host(lo, hi);
    end if;
    if pilot then
        perform fleet_state.fold_pilot(lo, hi);
    end if;
    if reservation then
        perform fleet_state.fold_reservation(lo, hi);
    end if;
    return null;
end $$;
comment on function fleet_log.fold_added is
    'Checks and folds what was inserted. Example: create trigger fold after insert on fleet_log.events … execute function fleet_log.fold_added()';

create trigger fold after insert on fleet_log.events
    referencing new table as added for each statement execute function fleet_log.fold_added();
-- A restore that runs as a replica must not leave the projections behind.
alter table fleet_log.events enable always trigger fold;
