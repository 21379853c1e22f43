-- The log is append-only: by grants (nobody but the owner may touch the table) and by a trigger for the owner himself.

create function fleet_log.refuse_change()
returns trigger
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    perform fleet.refuse('forbidden', format('%s is append-only: %s is refused', tg_relid::regclass, lower(tg_op)), '',
                         'append an event that corrects it');
    return null;
end $$;
comment on function fleet_log.refuse_change is
    'Refuses whatever would change the log. Example: create trigger … execute function fleet_log.refuse_change()';

create trigger append_only before update or delete or truncate on fleet_log.events
    for each statement execute function fleet_log.refuse_change();
alter table fleet_log.events enable always trigger append_only;
