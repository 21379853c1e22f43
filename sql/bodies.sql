-- Texts by digest: the event holds the digest, fleet_log.bodies the text, so that a leaked secret can be erased.
-- What a command answers is kept for a day (fleet_live.idempotency): answers carry digests, never a text from here.

create function fleet_log.keep_body(body text)
returns text
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    bytes constant bytea := convert_to(keep_body.body, 'UTF8');
    key constant text := encode(sha256(bytes), 'hex');
begin
    insert into fleet_log.bodies as b (digest, body, bytes)
    values (key, keep_body.body, length(bytes))
        -- An erased text stays erased, whoever sends it again.
        on conflict on constraint bodies_pkey do update set uses = b.uses + 1;
    return key;
end $$;
comment on function fleet_log.keep_body is
    'Keeps a text and gives its digest, for the event. Example, in a command: data := jsonb_build_object(''body_digest'', fleet_log.keep_body(w.args ->> ''body''))';

create function fleet_log.body_of(digest text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select b.body from fleet_log.bodies b where b.digest = body_of.digest);
end $$;
comment on function fleet_log.body_of is
    'The text of a digest; null if it was erased or never kept. Example: select fleet_log.body_of(m.body_digest) from fleet_state.messages m';

create function fleet_log.body_json(name text, digest text, most int default null)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    kept fleet_log.bodies;
begin
    if body_json.digest is null then
        return '{}';
    end if;
    select * into kept from fleet_log.bodies b where b.digest = body_json.digest;
    if kept.redacted_at is not null then
        return jsonb_build_object(name, null, 'redacted', jsonb_build_object(
            'by', kept.redacted_by, 'reason', kept.redact_reason, 'at', fleet_log.json_time(kept.redacted_at)));
    elsif length(kept.body) > most then
        return jsonb_build_object(name, left(kept.body, most), name || '_cut', true);
    end if;
    return jsonb_build_object(name, kept.body);
end $$;
comment on function fleet_log.body_json is
    'A text under a name, cut if it is longer than `most`, or null and who erased it. Append it after nulls were stripped. Example: select fleet_log.body_json(''body'', m.body_digest, 200) from fleet_state.messages m';

create function fleet_log.body_problem(body text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select 'this very text was erased by ' || b.redacted_by || ' (' || b.redact_reason || ')'
              from fleet_log.bodies b
             where b.digest = encode(sha256(convert_to(body_problem.body, 'UTF8')), 'hex')
               and b.redacted_at is not null);
end $$;
comment on function fleet_log.body_problem is
    'Why a text cannot be kept: an operator erased it, and it would stay so. Null if it can. Example: select fleet_log.body_problem(''hello'')';
