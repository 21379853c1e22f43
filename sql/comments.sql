-- A column of a view says what the column of the same name says in the table behind it, unless it has words of its own.
do $$
declare
    item record;
begin
    -- Twice: a view may stand on another view.
    for round in 1..2 loop
    for item in
        select distinct on (v.oid, a.attname) v.oid::regclass as view, a.attname, col_description(t.oid, b.attnum) as words
          from pg_class v
          join pg_attribute a on a.attrelid = v.oid and a.attnum > 0 and not a.attisdropped
          join pg_rewrite r on r.ev_class = v.oid
          join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
                          and d.refclassid = 'pg_class'::regclass and d.refobjid <> v.oid
          join pg_class t on t.oid = d.refobjid
          join pg_attribute b on b.attrelid = t.oid and b.attname = a.attname
         where v.relkind = 'v' and v.relnamespace::regnamespace::text in ('fleet', 'fleet_log')
           and col_description(v.oid, a.attnum) is null and col_description(t.oid, b.attnum) is not null
         order by v.oid, a.attname, t.relkind, t.relnamespace::regnamespace::text desc
    loop
        execute format('comment on column %s.%I is %L', item.view, item.attname, item.words);
    end loop;
    end loop;
end $$;
