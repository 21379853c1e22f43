-- A position is (incarnation, seq): a seq alone does not say of which log.

create function fleet.incarnation()
returns text
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Another cluster, a promotion, a restore by hand: each makes another incarnation.
    return left(md5(concat_ws('/', (select c.system_identifier from pg_control_system() c),
        case when pg_is_in_recovery() then (select c.timeline_id from pg_control_checkpoint() c)
             else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end,
        (select i.log_id from fleet_log.identity i))), 8);
end $$;
comment on function fleet.incarnation is
    'Eight hex digits that change when the log may have been rewound. Example: select fleet.incarnation()';

create function fleet_log.note_incarnation(head bigint, at timestamptz)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    now_is text := fleet.incarnation();
begin
    -- Called under the order lock, before anything of this incarnation is written.
    if not exists (select from fleet_log.incarnations i where i.incarnation = now_is) then
        insert into fleet_log.incarnations (incarnation, after_seq, began_at)
        values (now_is, note_incarnation.head, note_incarnation.at);
    end if;
end $$;
comment on function fleet_log.note_incarnation is
    'Remembers where an incarnation began. Example, in fleet.act: perform fleet_log.note_incarnation(head, clock)';

create function fleet.check_position("position" text)
returns table (ok boolean, seq bigint, head bigint, last_common text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    now_is text := fleet.incarnation();
    given text := split_part(check_position."position", '.', 1);
    good bigint;
begin
    if check_position."position" !~ '^[0-9a-f]{8}\.\d{1,18}$' then
        perform fleet.refuse('invalid_field', 'a position looks like 1f2e3d4c.42', '/position');
    end if;
    seq := split_part(check_position."position", '.', 2)::bigint;
    head := coalesce((select e.seq from fleet_log.events e order by e.seq desc limit 1), 0);
    if given = now_is then
        good := head;
    else
        -- What an old incarnation wrote is still there up to the point where the next one began.
        good := (select min(later.after_seq) from fleet_log.incarnations mine
                   join fleet_log.incarnations later
                     on (later.began_at, later.after_seq) > (mine.began_at, mine.after_seq)
                  where mine.incarnation = given);
        if good is null then   -- nothing was written since it ended, or nobody has heard of it
            good := case when exists (select from fleet_log.incarnations i where i.incarnation = given)
                         then head else 0 end;
        end if;
    end if;
    ok := seq <= good;
    last_common := now_is || '.' || least(seq, good);
    return next;
end $$;
comment on function fleet.check_position is
    'Whether a position is in this log, and if not, the last one that is. Example: select * from fleet.check_position(''1f2e3d4c.42'')';

create function fleet.head()
returns table (seq bigint, event_id text, incarnation text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    select e.seq, e.event_id into seq, event_id from fleet_log.events e order by e.seq desc limit 1;
    seq := coalesce(seq, 0);
    event_id := coalesce(event_id, '');
    incarnation := fleet.incarnation();
    return next;
end $$;
comment on function fleet.head is 'Where the log ends. Example: select * from fleet.head()';
