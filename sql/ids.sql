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
    letters constant text := '0123456789abcdefghjkmnpqrstvwxyz';
    -- gen_random_uuid is the server's strong random source; its version and variant digits (13, 17) are left out.
    noise text := replace(gen_random_uuid()::text, '-', '');
    t bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
    a bigint := ('x' || substr(noise, 1, 10))::bit(40)::bigint;
    b bigint := ('x' || substr(noise, 18, 10))::bit(40)::bigint;
begin
    if new_id.prefix <> 'evt' and new_id.prefix !~ '^([a-z]([a-z_]{0,61}[a-z])?)?$' then
        perform fleet.refuse('invalid_field', 'a prefix is up to 63 letters a-z, with _ only inside', '/prefix');
    end if;
    -- 48 bits of time are ten characters, the rest eighty bits in sixteen: version 7 at the head of the first eight
    -- (characters e, f), variant 10 in the second and third bit of the fourth.
    a := (a & 34359738367) & ~(12::bigint << 20) | (14::bigint << 35) | (a & (1::bigint << 35)) | (8::bigint << 20);
    return case when new_id.prefix = '' then '' else new_id.prefix || '_' end
        || substr(letters, ((t >> 45) & 31)::int + 1, 1) || substr(letters, ((t >> 40) & 31)::int + 1, 1)
        || substr(letters, ((t >> 35) & 31)::int + 1, 1)
        || substr(letters, ((t >> 30) & 31)::int + 1, 1) || substr(letters, ((t >> 25) & 31)::int + 1, 1)
        || substr(letters, ((t >> 20) & 31)::int + 1, 1)
        || substr(letters, ((t >> 15) & 31)::int + 1, 1) || substr(letters, ((t >> 10) & 31)::int + 1, 1)
        || substr(letters, ((t >> 5) & 31)::int + 1, 1) || substr(letters, (t & 31)::int + 1, 1)
        || substr(letters, ((a >> 35) & 31)::int + 1, 1) || substr(letters, ((a >> 30) & 31)::int + 1, 1)
        || substr(letters, ((a >> 25) & 31)::int + 1, 1)
        || substr(letters, ((a >> 20) & 31)::int + 1, 1) || substr(letters, ((a >> 15) & 31)::int + 1, 1)
        || substr(letters, ((a >> 10) & 31)::int + 1, 1)
        || substr(letters, ((a >> 5) & 31)::int + 1, 1) || substr(letters, (a & 31)::int + 1, 1)
        || substr(letters, ((b >> 35) & 31)::int + 1, 1) || substr(letters, ((b >> 30) & 31)::int + 1, 1)
        || substr(letters, ((b >> 25) & 31)::int + 1, 1)
        || substr(letters, ((b >> 20) & 31)::int + 1, 1) || substr(letters, ((b >> 15) & 31)::int + 1, 1)
        || substr(letters, ((b >> 10) & 31)::int + 1, 1)
        || substr(letters, ((b >> 5) & 31)::int + 1, 1) || substr(letters, (b & 31)::int + 1, 1);
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
