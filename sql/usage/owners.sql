-- Whose session it is that sends telemetry.

create function fleet.list_session_owners(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
begin
    return query
    select jsonb_build_object('client', s.client, 'session_id', s.session_id, 'project', s.project,
                              'callsign', s.callsign)::text, ''::text
      from jsonb_array_elements(filter -> 'sessions') a (asked)
     cross join lateral (select x.* from fleet_live.agent_sessions x
                          where x.client = a.asked ->> 'client' and x.session_id = a.asked ->> 'session_id' limit 1) s;
end $$;
comment on function fleet.list_session_owners is
    'The pilots of sessions, those that are known. Example: select * from fleet.list_session_owners(''{"sessions":[{"client":"codex","session_id":"1"}]}'')';
