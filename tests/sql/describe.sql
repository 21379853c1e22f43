-- The tables, types, indexes and constraints of our schemas as lines of text, in a fixed order.
select format('schema %s', n.nspname) from pg_namespace n
 where n.nspname in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live') order by 1;
select format('%s %s.%s %s%s%s%s', case c.relkind when 'r' then 'column' else 'attribute' end, c.oid::regclass, a.attname,
              format_type(a.atttypid, a.atttypmod), case when a.attnotnull then ' not null' else '' end,
              coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), case when a.attidentity <> '' then ' identity' else '' end),
              case when a.attcollation = 'pg_catalog."C"'::regcollation then ' collate C' else '' end)
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
 where c.relnamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live') and c.relkind in ('r', 'c')
 order by c.oid::regclass::text collate "C", a.attnum;
select format('table %s %s', c.oid::regclass, array_to_string(c.reloptions, ' ')) from pg_class c
 where c.relnamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live') and c.relkind = 'r'
 order by c.oid::regclass::text collate "C";
select format('constraint %s.%s %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) from pg_constraint k
 where k.connamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live') and k.conrelid <> 0
 order by k.conrelid::regclass::text collate "C", k.conname collate "C";
select format('index %s', pg_get_indexdef(i.indexrelid)) from pg_index i join pg_class c on c.oid = i.indexrelid
 where c.relnamespace::regnamespace::text in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live')
 order by pg_get_indexdef(i.indexrelid) collate "C";
