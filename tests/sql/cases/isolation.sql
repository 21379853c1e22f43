-- A snapshot older than the order lock would not see what its last holder committed.
begin isolation level repeatable read;
set search_path = tap, public;
select plan(1);
select throws_ok($$select * from fleet.act('[]')$$, 'FL426', null, 'fleet.act refuses an isolation above READ COMMITTED');
select * from finish();
rollback;
