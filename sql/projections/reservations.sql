-- fold of the family reservation: fleet_state.reservations, reservation_requests and reservation_patterns.
-- A stream runs: conflicts, then perhaps a wait and its end, then perhaps a grant, extensions and one end. So a range of
-- the log is right when its kinds of events are folded in that order, however much of a stream it holds.

create function fleet_state.apply_waits(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.reservation_requests (reservation_id, project, holder, patterns, mode, purpose, reason,
        ttl_seconds, priority, state, arrival, started_at, deadline, version, last_seq)
    select e.stream_id, e.project, e.data ->> 'holder',
           array(select jsonb_array_elements_text(e.data -> 'patterns')), e.data ->> 'mode',
           coalesce(e.data ->> 'purpose', 'edit'), e.data ->> 'reason', (e.data ->> 'ttl_seconds')::int,
           e.data ->> 'priority', 'waiting', e.seq, e.recorded_at, (e.data ->> 'deadline')::timestamptz,
           e.stream_version, e.seq
      from fleet_log.events e
     where e.seq between apply_waits.from_seq and apply_waits.to_seq and e.type = 'file_wait_started'
     order by e.stream_id;

    insert into fleet_state.reservation_patterns (reservation_id, ord, project, holder, pattern, kind, prefix, tail,
                                                  likeness, exclusive, waiting, last_seq)
    select e.stream_id, p.ord, e.project, e.data ->> 'holder', p.pattern, fleet_log.pattern_kind(p.pattern),
           fleet_log.pattern_prefix(p.pattern), fleet_log.pattern_tail(p.pattern),
           fleet_log.pattern_likeness(p.pattern),
           e.data ->> 'mode' = 'exclusive', true, e.seq
      from fleet_log.events e
     cross join lateral jsonb_array_elements_text(e.data -> 'patterns') with ordinality p (pattern, ord)
     where e.seq between apply_waits.from_seq and apply_waits.to_seq and e.type = 'file_wait_started'
     order by e.stream_id, p.ord;

    update fleet_state.reservation_requests r
       set state = e.data ->> 'outcome', ended_at = e.recorded_at, version = e.stream_version, last_seq = e.seq
      from fleet_log.events e
     where e.seq between apply_waits.from_seq and apply_waits.to_seq and e.type = 'file_wait_ended'
       and r.reservation_id = e.stream_id;

    delete from fleet_state.reservation_patterns p
     using fleet_log.events e
     where e.seq between apply_waits.from_seq and apply_waits.to_seq and e.type = 'file_wait_ended'
       and p.reservation_id = e.stream_id and p.waiting;
end $$;
comment on function fleet_state.apply_waits is
    'Folds the waits of a range. Example: select fleet_state.apply_waits(1, 100)';

create function fleet_state.apply_grants(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.reservations (reservation_id, project, holder, patterns, mode, purpose, reason, sortie_id,
        ttl_seconds, state, token, reserved_at, extended_at, expires_at, version, last_seq)
    select e.stream_id, e.project, e.data ->> 'holder',
           array(select jsonb_array_elements_text(e.data -> 'patterns')), e.data ->> 'mode', e.data ->> 'purpose',
           e.data ->> 'reason', e.data ->> 'sortie_id', (e.data ->> 'ttl_seconds')::int, 'active', e.seq, e.recorded_at,
           e.recorded_at, (e.data ->> 'expires_at')::timestamptz, e.stream_version, e.seq
      from fleet_log.events e
     where e.seq between apply_grants.from_seq and apply_grants.to_seq and e.type = 'file_reserved'
     order by e.stream_id;

    insert into fleet_state.reservation_patterns (reservation_id, ord, project, holder, pattern, kind, prefix, tail,
                                                  likeness, exclusive, waiting, last_seq)
    select e.stream_id, p.ord, e.project, e.data ->> 'holder', p.pattern, fleet_log.pattern_kind(p.pattern),
           fleet_log.pattern_prefix(p.pattern), fleet_log.pattern_tail(p.pattern),
           fleet_log.pattern_likeness(p.pattern),
           e.data ->> 'mode' = 'exclusive', false, e.seq
      from fleet_log.events e
     cross join lateral jsonb_array_elements_text(e.data -> 'patterns') with ordinality p (pattern, ord)
     where e.seq between apply_grants.from_seq and apply_grants.to_seq and e.type = 'file_reserved'
     order by e.stream_id, p.ord;
end $$;
comment on function fleet_state.apply_grants is
    'Folds the grants of a range. Example: select fleet_state.apply_grants(1, 100)';

create function fleet_state.apply_extensions(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    update fleet_state.reservations r
       set expires_at = (e.data ->> 'expires_at')::timestamptz, extended_at = e.recorded_at,
           version = e.stream_version, last_seq = e.seq
      from (select distinct on (x.stream_id) x.*
              from fleet_log.events x
             where x.seq between apply_extensions.from_seq and apply_extensions.to_seq
               and x.type = 'file_reservation_extended'
             order by x.stream_id, x.seq desc) e
     where r.reservation_id = e.stream_id;
end $$;
comment on function fleet_state.apply_extensions is
    'Folds the extensions of a range: of several the last counts. Example: select fleet_state.apply_extensions(1, 100)';

create function fleet_state.apply_ends(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    update fleet_state.reservations r
       set state = case when e.type = 'file_reservation_forced' then 'forced'
                        when e.data ->> 'cause' = 'expired' then 'expired' else 'released' end,
           end_cause = case when e.type = 'file_reservation_forced' then 'forced' else e.data ->> 'cause' end,
           ended_at = e.recorded_at, ended_by = coalesce(e.data ->> 'by', e.actor), end_reason = e.data ->> 'reason',
           version = e.stream_version, last_seq = e.seq
      from fleet_log.events e
     where e.seq between apply_ends.from_seq and apply_ends.to_seq
       and e.type in ('file_released', 'file_reservation_forced') and r.reservation_id = e.stream_id;

    delete from fleet_state.reservation_patterns p
     using fleet_log.events e
     where e.seq between apply_ends.from_seq and apply_ends.to_seq
       and e.type in ('file_released', 'file_reservation_forced') and p.reservation_id = e.stream_id;
end $$;
comment on function fleet_state.apply_ends is
    'Folds the ends of a range. Example: select fleet_state.apply_ends(1, 100)';

create function fleet_state.apply_one(e fleet_log.events)
returns boolean
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Live it is one event nearly always, and these two kinds nearly always: the same writes, without a look back at
    -- the log for each. (fleet.verify_projections compares the outcome with the steps above.)
    if e.type = 'file_reserved' then
        insert into fleet_state.reservations (reservation_id, project, holder, patterns, mode, purpose, reason,
            sortie_id, ttl_seconds, state, token, reserved_at, extended_at, expires_at, version, last_seq)
        values (e.stream_id, e.project, e.data ->> 'holder',
            array(select jsonb_array_elements_text(e.data -> 'patterns')), e.data ->> 'mode', e.data ->> 'purpose',
            e.data ->> 'reason', e.data ->> 'sortie_id', (e.data ->> 'ttl_seconds')::int, 'active', e.seq, e.recorded_at,
            e.recorded_at, (e.data ->> 'expires_at')::timestamptz, e.stream_version, e.seq);
        for i in 1 .. jsonb_array_length(e.data -> 'patterns') loop
            insert into fleet_state.reservation_patterns (reservation_id, ord, project, holder, pattern, kind, prefix,
                tail, likeness, exclusive, waiting, last_seq)
            values (e.stream_id, i, e.project, e.data ->> 'holder', e.data -> 'patterns' ->> (i - 1),
                fleet_log.pattern_kind(e.data -> 'patterns' ->> (i - 1)),
                fleet_log.pattern_prefix(e.data -> 'patterns' ->> (i - 1)),
                fleet_log.pattern_tail(e.data -> 'patterns' ->> (i - 1)),
                fleet_log.pattern_likeness(e.data -> 'patterns' ->> (i - 1)),
                e.data ->> 'mode' = 'exclusive', false, e.seq);
        end loop;
        return true;
    elsif e.type = 'file_released' then
        update fleet_state.reservations r
           set state = case when e.data ->> 'cause' = 'expired' then 'expired' else 'released' end,
               end_cause = e.data ->> 'cause', ended_at = e.recorded_at, ended_by = e.actor,
               version = e.stream_version, last_seq = e.seq
         where r.reservation_id = e.stream_id;
        delete from fleet_state.reservation_patterns p where p.reservation_id = e.stream_id;
        return true;
    end if;
    return false;
end $$;
comment on function fleet_state.apply_one is
    'Folds one event; false if it is not one of the frequent kinds. Example: select fleet_state.apply_one(e) from fleet_log.events e where e.seq = 42';

create function fleet_state.fold_reservation(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    one fleet_log.events;
    waits boolean;
    grants boolean;
    extensions boolean;
    ends boolean;
begin
    if from_seq = to_seq then
        select * into one from fleet_log.events e where e.seq = from_seq;
        if fleet_state.apply_one(one) then
            return;
        end if;
    end if;
    -- One look decides which of the steps have work.
    select bool_or(e.type in ('file_wait_started', 'file_wait_ended')), bool_or(e.type = 'file_reserved'),
           bool_or(e.type = 'file_reservation_extended'), bool_or(e.type in ('file_released', 'file_reservation_forced'))
      into waits, grants, extensions, ends
      from fleet_log.events e
     where e.seq between fold_reservation.from_seq and fold_reservation.to_seq and e.stream_type = 'reservation';
    if waits then
        perform fleet_state.apply_waits(from_seq, to_seq);
    end if;
    if grants then
        perform fleet_state.apply_grants(from_seq, to_seq);
    end if;
    if extensions then
        perform fleet_state.apply_extensions(from_seq, to_seq);
    end if;
    if ends then
        perform fleet_state.apply_ends(from_seq, to_seq);
    end if;
end $$;
comment on function fleet_state.fold_reservation is
    'Folds the reservation events of a range. Example: select fleet_state.fold_reservation(1, 100)';
