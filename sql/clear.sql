-- The repeatable files start from nothing: what an older build left behind must not answer beside us, and a function
-- may change its result type. Tables stay. Without CASCADE on functions: if a table came to depend on one, this stops.
do $$
declare item record;
begin
    for item in
        select format('drop trigger %I on %s', t.tgname, t.tgrelid::regclass) as todo
          from pg_trigger t join pg_class c on c.oid = t.tgrelid
         where not t.tgisinternal
           and c.relnamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live')
    loop
        execute item.todo;
    end loop;
    for item in
        select format('drop view if exists %I.%I cascade', c.relnamespace::regnamespace, c.relname) as todo
          from pg_class c
         where c.relkind = 'v'
           and c.relnamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live')
    loop
        execute item.todo;
    end loop;
    for item in
        select format('drop routine %s', p.oid::regprocedure) as todo
          from pg_proc p
         where p.pronamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live')
    loop
        execute item.todo;
    end loop;
end $$;
