-- TypeIDs (public spec, version 0.3): prefix, underscore, 26 characters of base32 over a UUIDv7.

create function fleet_log.base32(high bigint, low bigint)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    -- Crockford's alphabet in lower case: 128 bits are 26 characters of 5 bits, the first carries 3.
    letters constant text := '0123456789abcdefghjkmnpqrstvwxyz';
begin
    return substr(letters, ((high >> 61) & 7)::int + 1, 1) || substr(letters, ((high >> 56) & 31)::int + 1, 1)
        || substr(letters, ((high >> 51) & 31)::int + 1, 1) || substr(letters, ((high >> 46) & 31)::int + 1, 1)
        || substr(letters, ((high >> 41) & 31)::int + 1, 1) || substr(letters, ((high >> 36) & 31)::int + 1, 1)
        || substr(letters, ((high >> 31) & 31)::int + 1, 1) || substr(letters, ((high >> 26) & 31)::int + 1, 1)
        || substr(letters, ((high >> 21) & 31)::int + 1, 1) || substr(letters, ((high >> 16) & 31)::int + 1, 1)
        || substr(letters, ((high >> 11) & 31)::int + 1, 1) || substr(letters, ((high >> 6) & 31)::int + 1, 1)
        || substr(letters, ((high >> 1) & 31)::int + 1, 1)
        || substr(letters, (((high & 1) << 4) | ((low >> 60) & 15))::int + 1, 1)
        || substr(letters, ((low >> 55) & 31)::int + 1, 1) || substr(letters, ((low >> 50) & 31)::int + 1, 1)
        || substr(letters, ((low >> 45) & 31)::int + 1, 1) || substr(letters, ((low >> 40) & 31)::int + 1, 1)
        || substr(letters, ((low >> 35) & 31)::int + 1, 1) || substr(letters, ((low >> 30) & 31)::int + 1, 1)
        || substr(letters, ((low >> 25) & 31)::int + 1, 1) || substr(letters, ((low >> 20) & 31)::int + 1, 1)
        || substr(letters, ((low >> 15) & 31)::int + 1, 1) || substr(letters, ((low >> 10) & 31)::int + 1, 1)
        || substr(letters, ((low >> 5) & 31)::int + 1, 1) || substr(letters, (low & 31)::int + 1, 1);
end $$;
comment on function fleet_log.base32 is 'The two halves of a UUID as 26 characters. Example: select fleet_log.base32(0, 1)';

create function fleet.new_id(prefix text)
returns text
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    -- gen_random_uuid is the server's strong random source; its version and variant bits are replaced.
    noise text := replace(gen_random_uuid()::text, '-', '');
    millis bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
    if new_id.prefix !~ '^([a-z]([a-z_]{0,61}[a-z])?)?$' then
        perform fleet.refuse('invalid_field', 'a prefix is up to 63 letters a-z, with _ only inside', '/prefix');
    end if;
    return case when new_id.prefix = '' then '' else new_id.prefix || '_' end || fleet_log.base32(
        (millis << 16) | 28672 | (('x' || substr(noise, 1, 4))::bit(16)::int & 4095),
        (('x' || substr(noise, 17, 16))::bit(64)::bigint & 4611686018427387903) | (-9223372036854775807 - 1));
end $$;
comment on function fleet.new_id is 'A fresh TypeID that sorts by time. Example: select fleet.new_id(''rsv'')';

create function fleet_log.typeid(prefix text, id uuid)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    digits text := replace(typeid.id::text, '-', '');
begin
    return case when typeid.prefix = '' then '' else typeid.prefix || '_' end || fleet_log.base32(
        ('x' || substr(digits, 1, 16))::bit(64)::bigint, ('x' || substr(digits, 17, 16))::bit(64)::bigint);
end $$;
comment on function fleet_log.typeid is
    'The TypeID of a given UUID. Example: select fleet_log.typeid(''prefix'', ''01890a5d-ac96-774b-bcce-b302099a8057'')';
