-- Texts by digest: the event holds the digest, fleet_log.bodies the text, so that a leaked secret can be erased.
-- What a command answers is kept for a day (fleet_live.idempotency): answers carry digests, never a text from here.

create function fleet_log.revive_bodies(bodies text[])
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- A text that was erased stays erased and is refused, whoever sends it again; but not what is as short as "done":
    -- erased along with the secret beside it, it would be forbidden to everybody for good.
    update fleet_log.bodies b
       set body = t.body, redacted_at = null, redacted_by = null, redact_reason = null
      from (select x.body, encode(sha256(convert_to(x.body, 'UTF8')), 'hex') as digest
              from unnest(bodies) x (body) where length(x.body) < 16) t
     where b.digest = t.digest and b.redacted_at is not null;
end $$;
comment on function fleet_log.revive_bodies is
    'Keeps short texts again that were erased. Example, in keep_body: perform fleet_log.revive_bodies(array[body])';

create function fleet_log.keep_body(body text)
returns text
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    bytes constant bytea := convert_to(keep_body.body, 'UTF8');
    key constant text := encode(sha256(bytes), 'hex');
begin
    insert into fleet_log.bodies as b (digest, body, bytes)
    values (key, keep_body.body, length(bytes))
        on conflict on constraint bodies_pkey do update set uses = b.uses + 1;
    if length(keep_body.body) < 16 then
        perform fleet_log.revive_bodies(array[keep_body.body]);
    end if;
    return key;
end $$;
comment on function fleet_log.keep_body is
    'Keeps a text and gives its digest, for the event. Example, in a command: data := jsonb_build_object(''body_digest'', fleet_log.keep_body(w.args ->> ''body''))';

create function fleet_log.keep_bodies(bodies text[])
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_log.bodies as b (digest, body, bytes, uses)
    select encode(sha256(convert_to(t.body, 'UTF8')), 'hex'), t.body, octet_length(t.body), count(*)
      from unnest(bodies) t (body) group by t.body order by 1
        on conflict on constraint bodies_pkey do update set uses = b.uses + excluded.uses;
    if exists (select from unnest(bodies) t (body) where length(t.body) < 16) then
        perform fleet_log.revive_bodies(bodies);
    end if;
end $$;
comment on function fleet_log.keep_bodies is
    'Keeps several texts in one statement, as keep_body keeps one. Example, in complete_orders: perform fleet_log.keep_bodies(results)';

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
               and b.redacted_at is not null and length(body_problem.body) >= 16);
end $$;
comment on function fleet_log.body_problem is
    'Why a text cannot be kept: an operator erased it, and it would stay so. Null if it can, and for what is under 16 characters. Example: select fleet_log.body_problem(''hello'')';
