-- TypeIDs as the public spec (version 0.3) has them, and what they are used for.
begin;
set search_path = tap, public;
select plan(13);
-- The valid vectors of the spec that have a UUID.
select is(fleet_log.typeid('', '00000000-0000-0000-0000-000000000000'), '00000000000000000000000000', 'nil');
select is(fleet_log.typeid('', '00000000-0000-0000-0000-000000000001'), '00000000000000000000000001', 'one');
select is(fleet_log.typeid('', '00000000-0000-0000-0000-00000000000a'), '0000000000000000000000000a', 'ten');
select is(fleet_log.typeid('', '00000000-0000-0000-0000-000000000010'), '0000000000000000000000000g', 'sixteen');
select is(fleet_log.typeid('', '00000000-0000-0000-0000-000000000020'), '00000000000000000000000010', 'thirty-two');
select is(fleet_log.typeid('', 'ffffffff-ffff-ffff-ffff-ffffffffffff'), '7zzzzzzzzzzzzzzzzzzzzzzzzz', 'max-valid');
select is(fleet_log.typeid('prefix', '0110c853-1d09-52d8-d73e-1194e95b5f19'), 'prefix_0123456789abcdefghjkmnpqrs', 'valid-alphabet');
select is(fleet_log.typeid('prefix', '01890a5d-ac96-774b-bcce-b302099a8057'), 'prefix_01h455vb4pex5vsknk084sn02q', 'valid-uuidv7');
select is(fleet_log.typeid('pre_fix', '00000000-0000-0000-0000-000000000000'), 'pre_fix_00000000000000000000000000', 'prefix-underscore');

select matches(fleet.new_id('rsv'), '^rsv_[0-7][0-9a-hjkmnp-tv-z]{25}$', 'a fresh id has the shape');
select is((select count(distinct fleet.new_id('evt')) from generate_series(1, 5000)), 5000::bigint, 'ids differ');
-- Version 7 stands in bits 48..51 and variant 10 in bits 64, 65: characters 11 and 14 of the 26.
select is((select count(*) from (select substr(fleet.new_id(''), 11, 1) as v, clock_timestamp() from generate_series(1, 200)) x
            where v not in ('e', 'f')), 0::bigint, 'they are UUIDv7');
select throws_ok($$select fleet.new_id('Bad')$$, 'FL422', null, 'a prefix is lower case');
select * from finish();
rollback;
