-- Durable positions of named consumers.

create function fleet.advance_cursor(project text, consumer text, seq bigint, event_id text default null)
returns table (moved boolean, at bigint, at_event text, incarnation text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    old fleet_live.cursors;
    here text;
    head bigint := coalesce((select e.seq from fleet_log.events e order by e.seq desc limit 1), 0);
begin
    if advance_cursor.consumer !~ '^[^[:cntrl:]]{1,200}$' then
        perform fleet.refuse('invalid_field', 'a consumer''s name has 1 to 200 characters', '/consumer');
    end if;
    select * into old from fleet_live.cursors c
     where c.project = coalesce(advance_cursor.project, '') and c.consumer = advance_cursor.consumer;
    -- The event at a position is its fingerprint: another one there means that the log was rewound.
    if old.seq > 0 and old.event_id is not null
       and (select e.event_id from fleet_log.events e where e.seq = old.seq) is distinct from old.event_id then
        perform fleet.refuse('log_rewound', format('the log does not hold event %s at seq %s', old.event_id, old.seq),
            '/seq', 'fleet cursors drop NAME, then read again from the last common position',
            jsonb_build_object('cursor', old.seq, 'head', head, 'incarnation', fleet.incarnation(),
                               'last_common', (select c.last_common from fleet.check_position(
                                                   old.incarnation || '.' || old.seq) c)));
    end if;
    here := (select e.event_id from fleet_log.events e where e.seq = advance_cursor.seq);
    if advance_cursor.event_id is not null and here is distinct from advance_cursor.event_id then
        perform fleet.refuse('log_rewound', format('the log does not hold event %s at seq %s', advance_cursor.event_id,
                advance_cursor.seq), '/event_id', 'read again from your cursor',
            jsonb_build_object('cursor', coalesce(old.seq, 0), 'head', head, 'incarnation', fleet.incarnation(),
                               'last_common', fleet.incarnation() || '.' || coalesce(old.seq, 0)));
    end if;
    if advance_cursor.seq > head or advance_cursor.seq < 0 then
        perform fleet.refuse('invalid_field', format('seq %s is not in the log; its head is %s', advance_cursor.seq, head),
                             '/seq', '', jsonb_build_object('head', head));
    end if;
    if pg_current_xact_id_if_assigned() is null then
        perform set_config('synchronous_commit', 'off', true);   -- lost in a crash, it only makes someone read again
    end if;
    -- Forward only: a slow worker that acknowledges late must not make the others read again.
    insert into fleet_live.cursors as c (project, consumer, seq, event_id, incarnation, moved_at)
    values (coalesce(advance_cursor.project, ''), advance_cursor.consumer, advance_cursor.seq, here,
            fleet.incarnation(), clock_timestamp())
        on conflict on constraint cursors_pkey do update
       set seq = excluded.seq, event_id = excluded.event_id, incarnation = excluded.incarnation,
           moved_at = excluded.moved_at
     where c.seq < excluded.seq;
    moved := found;
    -- A second statement sees what a faster session has committed meanwhile.
    select c.seq, c.event_id, c.incarnation into at, at_event, incarnation
      from fleet_live.cursors c
     where c.project = coalesce(advance_cursor.project, '') and c.consumer = advance_cursor.consumer;
    return next;
end $$;
comment on function fleet.advance_cursor is
    'Moves a named cursor, forward only, not beyond the head. Example: select * from fleet.advance_cursor(''demo'', ''ci'', 42)';

create function fleet.drop_cursor(project text, consumer text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    delete from fleet_live.cursors c
     where c.project = coalesce(drop_cursor.project, '') and c.consumer = drop_cursor.consumer;
    return found;
end $$;
comment on function fleet.drop_cursor is
    'Forgets a cursor, for a consumer that is gone or must start again. Example: select fleet.drop_cursor(''demo'', ''ci'')';
