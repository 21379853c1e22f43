-- Who holds the order lock, for the leader that ends a session which sits on it.

create function fleet.order_lock_holders()
returns table (pid int, began timestamptz, application_name text, usename text, state text, query text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select a.pid, a.xact_start, a.application_name, a.usename::text, a.state, left(a.query, 500)
      from pg_locks l
      join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.database = (
               select d.oid from pg_database d where d.datname = current_database())
       and l.classid::bigint = fleet.lock_class('order') and l.pid <> pg_backend_pid();
end $$;
comment on function fleet.order_lock_holders is
    'The session that holds the order lock just now. Example: select * from fleet.order_lock_holders()';

create function fleet.end_order_lock_holder(pid int, began timestamptz)
returns text
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The same transaction as the one that was seen: an innocent successor with its pid is left alone.
    if not exists (select from fleet.order_lock_holders() h
                    where h.pid = end_order_lock_holder.pid and h.began = end_order_lock_holder.began) then
        return 'gone';
    end if;
    return case when pg_terminate_backend(end_order_lock_holder.pid) then 'ended' else 'gone' end;
exception when insufficient_privilege then
    return 'refused';   -- a superuser's session: only a superuser may end it
end $$;
comment on function fleet.end_order_lock_holder is
    'Ends a session that sits on the order lock: ended, gone or refused. Example: select fleet.end_order_lock_holder(pid, began) from fleet.order_lock_holders()';
