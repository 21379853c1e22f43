-- The state machines of domain.md §3 that exist so far, as rows. Commands ask here before they write.

truncate fleet_log.transitions;
insert into fleet_log.transitions (entity, from_state, event, to_state, guard) values
    ('project', 'none', 'project_registered', 'active', null),
    ('project', 'active', 'project_registered', 'active', 'name, address or branch changed'),
    ('project', 'archived', 'project_registered', 'active', null),
    ('project', 'active', 'project_archived', 'archived', null),
    ('host', 'none', 'host_joined', 'joined', null),
    ('host', 'joined', 'host_joined', 'joined', 'it was started again before its lease ran out'),
    ('host', 'left', 'host_joined', 'joined', null),
    ('host', 'lost', 'host_joined', 'joined', null),
    ('host', 'joined', 'host_left', 'left', 'reason is shutdown'),
    ('host', 'joined', 'host_left', 'lost', 'reason is lost: 10 s past its deadline with a free beacon, or 30 s past it'),
    ('pilot', 'none', 'pilot_registered', 'active', null),
    ('pilot', 'active', 'pilot_registered', 'active', 'resume'),
    ('pilot', 'idle', 'pilot_registered', 'active', 'resume'),
    ('pilot', 'stale', 'pilot_registered', 'active', null),
    ('pilot', 'deregistered', 'pilot_registered', 'active', null),
    ('pilot', 'active', 'pilot_status_changed', 'idle', null),
    ('pilot', 'idle', 'pilot_status_changed', 'active', null),
    ('pilot', 'stale', 'pilot_status_changed', 'active', null),
    ('pilot', 'active', 'pilot_status_changed', 'active', 'current sortie changed'),
    ('pilot', 'active', 'pilot_stale', 'stale', '300 s without a sign of life, or its host was lost'),
    ('pilot', 'idle', 'pilot_stale', 'stale', '300 s without a sign of life, or its host was lost'),
    ('pilot', 'active', 'pilot_deregistered', 'deregistered', null),
    ('pilot', 'idle', 'pilot_deregistered', 'deregistered', null),
    ('pilot', 'stale', 'pilot_deregistered', 'deregistered', null),
    ('reservation', 'none', 'file_reserved', 'active', 'nothing active or waiting earlier overlaps'),
    ('reservation', 'active', 'file_reservation_extended', 'active', null),
    ('reservation', 'active', 'file_released', 'released', 'cause is not expired'),
    ('reservation', 'active', 'file_released', 'expired', 'cause is expired'),
    ('reservation', 'active', 'file_reservation_forced', 'forced', 'role operator, with a reason'),
    ('reservation request', 'none', 'file_wait_started', 'waiting', 'wait_seconds was given'),
    ('reservation request', 'waiting', 'file_wait_ended', 'granted', 'nothing earlier overlaps any more'),
    ('reservation request', 'waiting', 'file_wait_ended', 'timeout', 'past its deadline'),
    ('reservation request', 'waiting', 'file_wait_ended', 'cancelled', 'the waiter or its host has gone'),
    ('reservation request', 'waiting', 'file_wait_ended', 'deadlock', 'it would close a circle of waiters');

create function fleet_log.check_transition(
    w fleet_log.work, entity text, state text, event text, asked text default null)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    possible text;
begin
    if exists (select from fleet_log.transitions t
                where t.entity = check_transition.entity and t.from_state = check_transition.state
                  and t.event = check_transition.event
                  and (asked is null or t.to_state = asked)) then
        return w;
    end if;
    -- The facts are for programs; who reads the words alone is told in the hint.
    possible := (select string_agg(distinct t.event, ', ' order by t.event) from fleet_log.transitions t
                  where t.entity = check_transition.entity and t.from_state = check_transition.state);
    return fleet_log.refuse(w, 'transition_refused', '',
        format('a %s that is %s does not take %s', entity, state, event || coalesce(' to ' || asked, '')),
        coalesce('it would take ' || possible, 'an end: nothing follows it'),
        jsonb_build_object('found', state, 'asked', coalesce(asked, event), 'allowed', (
            select coalesce(jsonb_agg(jsonb_build_object('event', t.event, 'to', t.to_state)
                                      order by t.event, t.to_state), '[]')
              from fleet_log.transitions t
             where t.entity = check_transition.entity and t.from_state = check_transition.state)));
end $$;
comment on function fleet_log.check_transition is
    'Refuses what the state machine does not have: w.code is then set. Example, in a command: w := fleet_log.check_transition(w, ''pilot'', old.state, ''pilot_stale'')';
