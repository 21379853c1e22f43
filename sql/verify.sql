-- Do the projections say what the log says? Every column of every row is compared with a rebuilt one.

create function fleet_log.compare_table(name text, copy_schema text)
returns table (table_name text, key text, column_name text, expected text, found text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    keys text[] := (select array_agg(a.attname::text order by k.n) from pg_index i
                     cross join lateral unnest(i.indkey) with ordinality k(attnum, n)
                      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                     where i.indrelid = format('fleet_state.%I', compare_table.name)::regclass and i.indisprimary);
    columns text[] := (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
                        where a.attrelid = format('fleet_state.%I', compare_table.name)::regclass
                          and a.attnum > 0 and not a.attisdropped and not a.attname = any(keys));
begin
    -- expected is what the log gives (g), found what stands in fleet_state (s).
    return query execute format($q$
        select %L::text, concat_ws(' ', %s), d.column_name, d.expected, d.found
          from (select *, true as is_there from %I.%I) g
          full join (select *, true as is_there from fleet_state.%I) s using (%s)
         cross join lateral (
             select '(row)' as column_name, g.is_there as one, s.is_there as two,
                    case when g.is_there then 'present' else 'absent' end as expected,
                    case when s.is_there then 'present' else 'absent' end as found
              where g.is_there is distinct from s.is_there
             %s) d
         order by 2, 3$q$,
        compare_table.name, (select string_agg(format('%I', k), ', ') from unnest(keys) k),
        copy_schema, compare_table.name, compare_table.name,
        (select string_agg(format('%I', k), ', ') from unnest(keys) k),
        (select coalesce(string_agg(format(
            'union all select %L, true, true, g.%I::text, s.%I::text
               where g.is_there and s.is_there and g.%I is distinct from s.%I',
            c, c, c, c, c), ' '), '') from unnest(columns) c));
end $$;
comment on function fleet_log.compare_table is
    'Differences of one projection from its copy. Example: select * from fleet_log.compare_table(''pilots'', ''check_1'')';

create function fleet.verify_projections()
returns table (table_name text, key text, column_name text, expected text, found text)
language plpgsql volatile security definer
set search_path = pg_catalog, fleet_state, pg_temp
set jit = off as $$
#variable_conflict use_variable
declare
    copy text := 'fleet_verify_' || pg_backend_pid();
    head bigint := coalesce((select e.seq from fleet_log.events e order by e.seq desc limit 1), 0);
    last bigint;
    item record;
begin
    perform fleet_log.clone_state(copy);
    perform fleet_log.fold_range(copy, 1, head);
    -- The rest, and the comparison, must see one state. A snapshot that lasts does that and stops nobody; without
    -- one the order lock does, for the time of the comparison.
    if current_setting('transaction_isolation') in ('read committed', 'read uncommitted') then
        perform pg_advisory_xact_lock(1179403589, 1);
    end if;
    last := coalesce((select e.seq from fleet_log.events e order by e.seq desc limit 1), 0);
    perform fleet_log.fold_range(copy, head + 1, last);
    for item in
        select c.relname as name from pg_class c
         where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r' order by 1
    loop
        return query select * from fleet_log.compare_table(item.name, copy);
    end loop;
    set local client_min_messages = warning;
    execute format('drop schema %I cascade', copy);
end $$;
comment on function fleet.verify_projections is
    'What differs between the projections and the log; no rows means none. Leaves nothing behind. Example: select * from fleet.verify_projections()';
