-- The database is its own manual.
begin;
set search_path = tap, public;
select plan(5);
create temp view ours as select oid from pg_namespace where nspname in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live');
select is((select array_agg(p.oid::regprocedure::text) from pg_proc p where p.pronamespace in (select oid from ours)
              and obj_description(p.oid, 'pg_proc') is null), null, 'every function has words');
select is((select array_agg(p.oid::regprocedure::text) from pg_proc p where p.pronamespace in (select oid from ours)
              and obj_description(p.oid, 'pg_proc') not like '%Example%: %'), null, 'and an example');
select is((select array_agg(c.oid::regclass::text) from pg_class c where c.relnamespace in (select oid from ours)
              and c.relkind in ('r', 'v', 'c') and coalesce(obj_description(c.oid, 'pg_class'),
                  obj_description(c.reltype, 'pg_type')) is null), null, 'every table, view and type has words');
select is((select array_agg(c.oid::regclass || '.' || a.attname order by 1) from pg_class c join pg_attribute a on a.attrelid = c.oid
            where c.relnamespace in (select oid from ours) and c.relkind in ('r', 'v') and a.attnum > 0 and not a.attisdropped
              and col_description(c.oid, a.attnum) is null), null, 'and every column');
select is((select array_agg(nspname) from pg_namespace where oid in (select oid from ours) and obj_description(oid, 'pg_namespace') is null),
          null, 'and every schema');
select * from finish();
rollback;
