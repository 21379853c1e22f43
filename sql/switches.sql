-- Test-only switches that take a safety away, so that the checkers can be seen to fail.

create function fleet_log.switched(name text)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Normally unset: one look at a setting. A session can SET it, so only what stands at the database counts.
    if coalesce(current_setting('fleet.test_switches', true), '') = '' then
        return false;
    end if;
    return exists (
        select from pg_db_role_setting s cross join unnest(s.setconfig) c
         where s.setrole = 0 and s.setdatabase = (select d.oid from pg_database d where d.datname = current_database())
           and split_part(c, '=', 1) = 'fleet.test_switches'
           and switched.name = any(string_to_array(replace(split_part(c, '=', 2), ' ', ''), ',')));
end $$;
comment on function fleet_log.switched is
    'True if a superuser took this safety away for a test. Example: alter database x set fleet.test_switches = ''no_order_lock''';

create function fleet_log.unordered_head(room bigint)
returns bigint
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    head bigint;
begin
    -- What an identity column would do: numbers handed out before the commit. The test makes the sequence
    -- fleet_live.unordered; the lock is given back at once, as nextval gives back its own.
    perform pg_advisory_lock(1179403589, 2);
    head := nextval('fleet_live.unordered');
    perform setval('fleet_live.unordered', head + unordered_head.room - 1);
    perform pg_advisory_unlock(1179403589, 2);
    return head - 1;
end $$;
comment on function fleet_log.unordered_head is
    'Numbers without the order lock, for a test. Example: select fleet_log.unordered_head(64)';
