-- Every insert into the log is checked and folded in its own transaction, whoever the writer is.

create function fleet_log.fold_added()
returns trigger
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    lo bigint;
    hi bigint;
    families int;
    misfit bigint;
begin
    -- One look decides which families have work, a bit each, and whether all fits; the other folds are not called.
    select min(a.seq), max(a.seq),
           bit_or(case a.stream_type
                       when 'reservation' then 1 when 'pilot' then 2 when 'message' then 4
                       when 'sortie' then 8 when 'work_order' then 16 when 'thread' then 32
                       when 'mission' then 64 when 'project' then 128 when 'host' then 256
                       when 'halt' then 512 when 'notification_rule' then 1024 when 'checkpoint' then 2048
                       when 'ruling' then 4096 when 'usage' then 8192 else 0 end),
           min(case when starts_with(a.type, 'x.') then null
                    when fleet_log.event_problem(a.type, a.schema_version, a.data) is not null then a.seq end)
      into lo, hi, families, misfit
      from added a;
    if lo is null then
        return null;
    end if;
    if misfit is not null then
        perform fleet.refuse('internal', 'event ' || misfit || ' (' || a.type || ') does not fit its schema',
                             p.problem ->> 'field', '', p.problem)
           from added a, fleet_log.event_problem(a.type, a.schema_version, a.data) p(problem) where a.seq = misfit;
    end if;
    if families & 1 <> 0 then
        perform fleet_state.fold_reservation(lo, hi);
    end if;
    if families & 2 <> 0 then
        perform fleet_state.fold_pilot(lo, hi);
    end if;
    if families & 4 <> 0 and not (hi % 3 = 0 and fleet_log.switched('no_fold')) then
        perform fleet_state.fold_message(lo, hi);
    end if;
    if families & 8 <> 0 then
        perform fleet_state.fold_sortie(lo, hi);
    end if;
    if families & 16 <> 0 then
        perform fleet_state.fold_work_order(lo, hi);
    end if;
    if families & 32 <> 0 then
        perform fleet_state.fold_thread(lo, hi);
    end if;
    if families & 64 <> 0 then
        perform fleet_state.fold_mission(lo, hi);
    end if;
    if families & 128 <> 0 then
        perform fleet_state.fold_project(lo, hi);
    end if;
    if families & 256 <> 0 then
        perform fleet_state.fold_host(lo, hi);
    end if;
    if families & 512 <> 0 then
        perform fleet_state.fold_halt(lo, hi);
    end if;
    if families & 1024 <> 0 then
        perform fleet_state.fold_notification_rule(lo, hi);
    end if;
    if families & 2048 <> 0 then
        perform fleet_state.fold_checkpoint(lo, hi);
    end if;
    if families & 4096 <> 0 then
        perform fleet_state.fold_ruling(lo, hi);
    end if;
    if families & 8192 <> 0 then
        perform fleet_state.fold_usage(lo, hi);
    end if;
    return null;
end $$;
comment on function fleet_log.fold_added is
    'Checks and folds what was inserted. Example: create trigger fold after insert on fleet_log.events … execute function fleet_log.fold_added()';

create trigger fold after insert on fleet_log.events
    referencing new table as added for each statement execute function fleet_log.fold_added();
-- A restore that runs as a replica must not leave the projections behind.
alter table fleet_log.events enable always trigger fold;
