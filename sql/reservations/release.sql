-- Commands that end or lengthen reservations.

create function fleet_log.held_reservation(w fleet_log.work)
returns fleet_state.reservations
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    r fleet_state.reservations;
begin
    select * into r from fleet_state.reservations y
     where y.reservation_id = fleet_log.reservation_id_of(w.project, w.args ->> 'reservation_id')
       and y.project = w.project;
    return r;
end $$;
comment on function fleet_log.held_reservation is
    'The reservation that a command names, or nulls. Example, in a command: r := fleet_log.held_reservation(w)';

create function fleet_log.lease_problem(w fleet_log.work, r fleet_state.reservations, event text)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if r.reservation_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/reservation_id',
                                'no reservation ' || (w.args ->> 'reservation_id'), 'fleet reservations lists them');
    end if;
    if w.fence is not null and (w.fence ->> 'kind' <> 'reservation'
       or fleet_log.reservation_id_of(w.project, w.fence ->> 'id') <> r.reservation_id) then
        return fleet_log.refuse(w, 'invalid_field', '/fence/id', 'the fence is not of this reservation');
    end if;
    if r.holder <> w.actor then
        return fleet_log.refuse(w, 'forbidden', '/args/reservation_id', 'this reservation is ' || r.holder || '''s',
                                'an operator may force it: fleet release --force');
    end if;
    if r.state <> 'active' then
        return fleet_log.check_transition(w, 'reservation', r.state, event);
    end if;
    return w;
end $$;
comment on function fleet_log.lease_problem is
    'Refuses a command on a reservation that is not there, not the actor''s or over. Example, in a command: w := fleet_log.lease_problem(w, r, ''file_released'')';

create function fleet_log.do_release(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    r fleet_state.reservations := fleet_log.held_reservation(w);
begin
    w := fleet_log.lease_problem(w, r, 'file_released');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'file_released', 'reservation', r.reservation_id, jsonb_build_object(
        'holder', r.holder, 'cause', 'explicit', 'held_ms', fleet_log.elapsed_ms(r.reserved_at, w.at)));
    w := fleet_log.grant_waiters(w, w.project, r.patterns, w.event_id);
    w.result := jsonb_build_object('released', jsonb_build_array(r.reservation_id), 'granted', w.result);
    return w;
end $$;
comment on function fleet_log.do_release is
    'Command release. Example: select * from fleet.release(''demo'', ''viper-1'', ''rsv_01…'', 42)';

create function fleet_log.do_release_all(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    w := fleet_log.end_holdings(w, w.project, array[w.actor], 'explicit', null);
    return w;
end $$;
comment on function fleet_log.do_release_all is
    'Command release_all: everything the actor holds or waits for. Example: select * from fleet.act(''[{"op":"release_all","project":"demo","actor":"viper-1"}]'')';

create function fleet_log.end_holdings(
    w fleet_log.work, project text, callsigns text[], cause text, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    drafts fleet_log.draft[];
    released jsonb;
    freed text[];
    waits text[];
begin
    with ending as (
        select r.reservation_id, r.holder, r.reserved_at, r.patterns from fleet_state.reservations r
         where r.project = end_holdings.project and r.holder = any(callsigns) and r.state = 'active'
         order by r.reservation_id
    ), leaving as (
        select q.reservation_id, q.holder, q.started_at, q.patterns from fleet_state.reservation_requests q
         where q.project = end_holdings.project and q.holder = any(callsigns) and q.state = 'waiting'
         order by q.reservation_id
    )
    select array(select (end_holdings.project, 'file_wait_ended', 'reservation', l.reservation_id, jsonb_build_object(
                            'holder', l.holder, 'outcome', 'cancelled',
                            'waited_ms', fleet_log.elapsed_ms(l.started_at, w.at)),
                         end_holdings.causation_id, null)::fleet_log.draft from leaving l)
           || array(select (end_holdings.project, 'file_released', 'reservation', e.reservation_id, jsonb_build_object(
                            'holder', e.holder, 'cause', end_holdings.cause,
                            'held_ms', fleet_log.elapsed_ms(e.reserved_at, w.at)),
                         end_holdings.causation_id, null)::fleet_log.draft from ending e),
           (select coalesce(jsonb_agg(e.reservation_id), '[]') from ending e),
           array(select distinct p from (select e.patterns from ending e union all select l.patterns from leaving l) x,
                 unnest(x.patterns) p),
           array(select l.reservation_id from leaving l)
      into drafts, released, freed, waits;
    w.result := jsonb_build_object('released', released, 'granted', '[]'::jsonb, 'cancelled', to_jsonb(waits));
    if cardinality(drafts) = 0 then
        return w;
    end if;
    delete from fleet_live.waiters l where l.reservation_id = any(waits);
    w := fleet_log.put_all(w, drafts);
    w := fleet_log.grant_waiters(w, end_holdings.project, freed, w.event_id);
    w.result := jsonb_build_object('released', released, 'granted', w.result, 'cancelled', to_jsonb(waits));
    return w;
end $$;
comment on function fleet_log.end_holdings is
    'Ends all that these holders hold or wait for, then lets in who waited. Example, in a command: w := fleet_log.end_holdings(w, w.project, ''{viper-1}'', ''explicit'', null)';

create function fleet_log.free_files(
    w fleet_log.work, project text, callsigns text[], cause text, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    w := fleet_log.end_holdings(w, free_files.project, callsigns, cause, causation_id);
    w.result := w.result -> 'released';
    return w;
end $$;
comment on function fleet_log.free_files is
    'Frees the files of pilots who have gone; w.result lists the reservations. Example: w := fleet_log.free_files(w, ''demo'', ''{viper-1}'', ''holder_lost'', w.event_id)';

create function fleet_log.do_force_release(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    r fleet_state.reservations := fleet_log.held_reservation(w);
begin
    if r.reservation_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/reservation_id',
                                'no reservation ' || (w.args ->> 'reservation_id'), 'fleet reservations lists them');
    end if;
    w := fleet_log.check_transition(w, 'reservation', r.state, 'file_reservation_forced');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'file_reservation_forced', 'reservation', r.reservation_id, jsonb_build_object(
        'holder', r.holder, 'by', w.actor, 'reason', w.args ->> 'reason', 'evidence', w.args ->> 'evidence'));
    w := fleet_log.grant_waiters(w, w.project, r.patterns, w.event_id);
    w.result := jsonb_build_object('released', jsonb_build_array(r.reservation_id), 'holder', r.holder,
                                   'granted', w.result);
    return w;
end $$;
comment on function fleet_log.do_force_release is
    'Command force_release, of operators: takes files from their holder. Example: select * from fleet.force_release(''demo'', ''rsv_01…'', ''the host burnt down'')';

create function fleet_log.do_extend(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    r fleet_state.reservations := fleet_log.held_reservation(w);
begin
    w := fleet_log.lease_problem(w, r, 'file_reservation_extended');
    if w.code is not null then
        return w;
    end if;
    return fleet_log.extend_lease(w, r, (w.args ->> 'ttl_seconds')::int, false);
end $$;
comment on function fleet_log.do_extend is
    'Command extend. Example: select * from fleet.extend(''demo'', ''viper-1'', ''rsv_01…'', 42, 3600)';

create function fleet_log.extend_lease(
    w fleet_log.work, r fleet_state.reservations, ttl_seconds int, dry_run boolean)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    until timestamptz := greatest(r.expires_at, w.at + make_interval(secs => ttl_seconds));
begin
    if r.expires_at <= w.at and not dry_run then
        -- It may have lapsed. Then who waits for it is in its right, timer or no timer.
        w := fleet_log.grant_waiters(w, w.project, r.patterns, null);
        if (select y.state from fleet_state.reservations y where y.reservation_id = r.reservation_id) <> 'active' then
            return fleet_log.refuse(w, 'stale_token', '/fence',
                r.reservation_id || ' had lapsed, and somebody who waited for it has the files now',
                'stop writing; reserve again if you still need them');
        end if;
    end if;
    if not dry_run then
        w := fleet_log.put(w, 'file_reservation_extended', 'reservation', r.reservation_id,
                           jsonb_build_object('holder', r.holder, 'expires_at', fleet_log.json_time(until)));
    end if;
    w.result := jsonb_build_object('reservation_id', r.reservation_id, 'token', r.token,
                                   'expires_at', fleet_log.json_time(until));
    return w;
end $$;
comment on function fleet_log.extend_lease is
    'Makes a reservation last longer, never shorter. Example, in a command: return fleet_log.extend_lease(w, r, 3600, false)';
