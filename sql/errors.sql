-- How a refusal is said: as a value inside fleet.act, as an exception with its own SQLSTATE everywhere else.

create function fleet_log.refuse(
    w fleet_log.work, code text, field text, message text, hint text default null, detail jsonb default null)
returns fleet_log.work
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    w.code := refuse.code;
    w.field := coalesce(refuse.field, '');
    w.message := refuse.message;
    w.hint := refuse.hint;
    w.detail := refuse.detail;
    w.result := null;
    return w;
end $$;
comment on function fleet_log.refuse is
    'A refused request, as a value. Example, in a command: return fleet_log.refuse(w, ''not_found'', ''/args/host_id'', ''no such host'')';

create function fleet.refuse(
    code text, message text, field text default '', hint text default '', detail jsonb default '{}')
returns void
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    known record;
begin
    select e.sqlstate, e.hint into known from fleet_log.errors e where e.code = refuse.code;
    raise exception using
        errcode = coalesce(known.sqlstate, 'FL500'), message = refuse.message,
        hint = coalesce(nullif(refuse.hint, ''), known.hint, ''),
        detail = jsonb_build_object('code', refuse.code, 'field', refuse.field) || refuse.detail;
end $$;
comment on function fleet.refuse is
    'Raises a refusal with its SQLSTATE; fleet.act never does. Example: select fleet.refuse(''not_found'', ''no such host'')';
