-- Duties that one daemon does: a session lock for liveness, an epoch that every write of the leader names.

create function fleet.lead(duty text, holder text)
returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    class int := fleet.lock_class('duty');
    row fleet_live.leaders;
    leads_already boolean;
begin
    insert into fleet_live.leaders (duty, holder, epoch, since) values (lead.duty, '', 0, clock_timestamp())
        on conflict on constraint leaders_pkey do nothing;
    select * into row from fleet_live.leaders l where l.duty = lead.duty;
    leads_already := exists (
        select from pg_locks l
         where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.granted
           and l.classid::bigint = class and l.objid::bigint = row.number and l.objsubid = 2);
    -- The lock outlives the row when the schema is made anew under a leader: then it is a new lead.
    if leads_already and row.holder = lead.holder then
        return row.epoch;
    end if;
    if not leads_already and not pg_try_advisory_lock(class, row.number) then
        return null;
    end if;
    update fleet_live.leaders l set holder = lead.holder, epoch = l.epoch + 1, since = clock_timestamp()
     where l.duty = lead.duty
    returning * into row;
    return row.epoch;
end $$;
comment on function fleet.lead is
    'Takes a duty on this connection: its epoch, or null if another leads. Example: select fleet.lead(''sweep'', ''host_01…'')';

create function fleet.resign(duty text)
returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    seat int := (select l.number from fleet_live.leaders l where l.duty = resign.duty);
begin
    if not exists (select from pg_locks l where l.locktype = 'advisory' and l.pid = pg_backend_pid() and l.granted
                     and l.classid::bigint = fleet.lock_class('duty') and l.objid::bigint = seat
                     and l.objsubid = 2) then
        return false;
    end if;
    -- The epoch moves first: what is still on its way from this leader is refused from here on.
    update fleet_live.leaders l set epoch = l.epoch + 1, holder = '', since = clock_timestamp()
     where l.duty = resign.duty;
    return pg_advisory_unlock(fleet.lock_class('duty'), seat);
end $$;
comment on function fleet.resign is
    'Gives a duty back that this connection leads. Example: select fleet.resign(''sweep'')';

create function fleet_log.check_duty(w fleet_log.work, duty text, epoch bigint)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if epoch is null and 'operator' = any(w.roles) then
        return w;   -- a person who does the round by hand
    end if;
    if not exists (select from fleet_live.leaders l where l.duty = check_duty.duty and l.epoch = check_duty.epoch) then
        return fleet_log.refuse(w, 'duty_lost', '/args/duty_epoch', 'another daemon leads the duty ' || check_duty.duty,
                                'stop, and try to lead again');
    end if;
    return w;
end $$;
comment on function fleet_log.check_duty is
    'Refuses a leader that is not. Example, in a command: w := fleet_log.check_duty(w, ''sweep'', 3)';
