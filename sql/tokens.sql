-- Tokens of pilots: only their hash is stored, and only the daemon asks.

create function fleet.pilot_of_token(token_hash text)
returns table (project text, callsign text, pilot_id text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select p.project, p.callsign, p.pilot_id
      from fleet_live.pilots l
      join fleet_state.pilots p on p.project = l.project and p.callsign = l.callsign
     where l.token_hash = pilot_of_token.token_hash and p.state <> 'deregistered';
end $$;
comment on function fleet.pilot_of_token is
    'Whose token has this SHA-256 (hex); nobody: no row. Example: select * from fleet.pilot_of_token(encode(sha256(''tok_…''), ''hex''))';
