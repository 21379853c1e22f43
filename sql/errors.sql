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
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    state text := case code
        when 'bad_json' then 'FL400' when 'unauthenticated' then 'FL401' when 'forbidden' then 'FL403'
        when 'not_found' then 'FL404' when 'version_conflict' then 'FL409' when 'log_rewound' then 'FL410'
        when 'transition_refused' then 'FL411' when 'callsign_taken' then 'FL412' when 'deadlock' then 'FL413'
        when 'wait_ended' then 'FL414' when 'if_match_failed' then 'FL415' when 'too_large' then 'FL416'
        when 'unknown_field' then 'FL420' when 'unknown_event_type' then 'FL421' when 'invalid_field' then 'FL422'
        when 'reservation_held' then 'FL423' when 'idempotency_mismatch' then 'FL424' when 'too_many' then 'FL425'
        when 'stale_token' then 'FL428' when 'host_epoch_moved' then 'FL429' when 'away' then 'FL503'
        else 'FL500' end;
begin
    raise exception using
        errcode = state, message = refuse.message, hint = refuse.hint,
        detail = jsonb_build_object('code', refuse.code, 'field', refuse.field) || refuse.detail;
end $$;
comment on function fleet.refuse is
    'Raises a refusal with its SQLSTATE; fleet.act never does. Example: select fleet.refuse(''not_found'', ''no such host'')';
