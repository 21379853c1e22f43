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
    -- The server's strong random source. Its hexadecimal digits are letters of our alphabet as they are, worth four
    -- bits of five: 58 random bits behind the millisecond, at a third of the cost of packing 74.
    noise text := gen_random_uuid()::text;
    t bigint := (extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
    if new_id.prefix <> 'evt' and new_id.prefix !~ '^([a-z]([a-z_]{0,61}[a-z])?)?$' then
        perform fleet.refuse('invalid_field', 'a prefix is up to 63 letters a-z, with _ only inside', '/prefix');
    end if;
    -- 48 bits of time are ten characters. Version 7 is an "e" at the head of the rest; variant 10 wants 8, 9, a or b
    -- in the fourth place, which is what the variant digit of the random UUID (character 20) is.
    return case when new_id.prefix = '' then '' else new_id.prefix || '_' end
        || substr(letters, ((t >> 45) & 31)::int + 1, 1) || substr(letters, ((t >> 40) & 31)::int + 1, 1)
        || substr(letters, ((t >> 35) & 31)::int + 1, 1)
        || substr(letters, ((t >> 30) & 31)::int + 1, 1) || substr(letters, ((t >> 25) & 31)::int + 1, 1)
        || substr(letters, ((t >> 20) & 31)::int + 1, 1)
        || substr(letters, ((t >> 15) & 31)::int + 1, 1) || substr(letters, ((t >> 10) & 31)::int + 1, 1)
        || substr(letters, ((t >> 5) & 31)::int + 1, 1) || substr(letters, (t & 31)::int + 1, 1)
        || 'e' || substr(noise, 1, 2) || substr(noise, 20, 4) || substr(noise, 25, 9);
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

create function fleet_log.id_by_part(project text, given text, place text, key text, tail int)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    prefix constant text := split_part(given, '_', 1) || '_';
    ids text[];
begin
    -- The last characters are what people see; an index of the table holds `tail` of them. A start is a range of the key.
    -- Whole ids never come here, so that the text of the query may be made for its table.
    if length(given) >= tail then
        execute format('select array(select x.id from (select t.%1$I as id, t.project from fleet_state.%2$I t
                                                         where right(t.%1$I, %3$s) = right($1, %3$s) offset 0) x
                                      where right(x.id, length($1)) = $1 and x.project = $2 limit 2)', key, place, tail)
           into ids using given, id_by_part.project;
    end if;
    if coalesce(cardinality(ids), 0) = 0 and starts_with(given, prefix) and length(given) > length(prefix) then
        execute format('select array(select x.id from (select t.%1$I as id, t.project from fleet_state.%2$I t
                                                         where t.%1$I >= $1 and t.%1$I < $1 || chr(1114111)
                                                         order by t.%1$I limit 1000) x
                                      where x.project = $2 limit 2)', key, place)
           into ids using given, id_by_part.project;
    end if;
    return case when cardinality(ids) = 1 then ids[1] else given end;
end $$;
comment on function fleet_log.id_by_part is
    'The id of a table''s row that an unambiguous start or end of it means, or what was given. Example: select fleet_log.id_by_part(''demo'', ''x7k2pq'', ''missions'', ''mission_id'', 4)';
