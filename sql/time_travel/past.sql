-- States of the past: chosen events, folded up to a seq by copies of the very folds that keep the projections.

create function fleet_log.open_past(out scratch text)
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- A session does one thing at a time, and what it does is seen by nobody before it ends, when this is gone again.
    scratch := 'fleet_past_' || pg_backend_pid();
    perform fleet_log.clone_state(scratch, true);
end $$;
comment on function fleet_log.open_past is
    'A copy of the projections and folds with a log of its own, for this transaction. Example: scratch := fleet_log.open_past()';

create function fleet_log.close_past(scratch text)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp
set client_min_messages = warning as $$
begin
    execute format('drop schema %I cascade', close_past.scratch);
end $$;
comment on function fleet_log.close_past is
    'Takes such a copy away. Example: perform fleet_log.close_past(scratch)';

create function fleet_log.fold_past(scratch text, streams text[], from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp set jit = off as $$
declare
    call text;
begin
    execute format('insert into %I.events select e.* from fleet_log.events e
                     where e.seq between $1 and $2 and ($3 is null or e.stream_id = any($3))', fold_past.scratch)
      using fold_past.from_seq, fold_past.to_seq, fold_past.streams;
    execute format('select string_agg(format(''%%I.%%I($1, $2)'', %L, p.proname), '', '' order by p.proname) from pg_proc p
                     where p.pronamespace = %L::regnamespace
                       and p.proname in (select ''fold_'' || e.stream_type from %I.events e where e.seq between $1 and $2)',
                   fold_past.scratch, fold_past.scratch, fold_past.scratch)
       into call using fold_past.from_seq, fold_past.to_seq;
    if call is not null then
        execute 'select ' || call using fold_past.from_seq, fold_past.to_seq;
    end if;
end $$;
comment on function fleet_log.fold_past is
    'Folds a range of the log into such a copy: these streams, or all for null. Example: perform fleet_log.fold_past(scratch, streams, 1, 42)';

create function fleet_log.stream_column(name text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    first text := (select a.attname from pg_index i
                     join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
                    where i.indrelid = format('fleet_state.%I', stream_column.name)::regclass and i.indisprimary);
begin
    return case when stream_column.name = 'notification_rules' then '''rule:'' || t.name'
                when stream_column.name = 'work_order_dependencies' then 't.work_order_id'
                when stream_column.name = 'usage_calls' then '''usage:'' || t.project'
                when stream_column.name = 'prices' then '''price:'' || t.model'
                when first like '%\_id' then format('t.%I', first)
                else format('t.%I', rtrim(stream_column.name, 's') || '_id') end;
end $$;
comment on function fleet_log.stream_column is
    'Which expression over a row t of a projection names the stream it comes from. Example: select fleet_log.stream_column(''pilots'')';

create function fleet_log.clean_row(cells jsonb)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The words of the wire; what is unknown is left out, nulls inside a member are its own.
    return (select coalesce(jsonb_object_agg(case c.key when 'state' then 'status' when 'version' then 'stream_version'
                                                  else c.key end, c.value), '{}')
              from jsonb_each(clean_row.cells) c
             where c.value <> 'null' and c.key not in ('rank', 'likeness', 'tail', 'prefix'));
end $$;
comment on function fleet_log.clean_row is
    'A row of a projection as people read it. Example: select fleet_log.clean_row(''{"state":"active","left_reason":null}'')';

create function fleet_log.rows_query(scratch text, name text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    times text := (select string_agg(format('%L, fleet_log.json_time(t.%I)', a.attname, a.attname), ', ')
                     from pg_attribute a
                    where a.attrelid = format('fleet_state.%I', rows_query.name)::regclass and a.attnum > 0
                      and not a.attisdropped and a.atttypid = 'timestamptz'::regtype);
    keys text := (select string_agg(format('t.%I::text', a.attname), ', ' order by k.n) from pg_index i
                   cross join lateral unnest(i.indkey) with ordinality k(attnum, n)
                    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
                   where i.indrelid = format('fleet_state.%I', rows_query.name)::regclass and i.indisprimary);
begin
    return format('select %L::text, concat_ws('' '', %s), (%s)::text, fleet_log.clean_row(to_jsonb(t) %s) from %I.%I t',
                  rows_query.name, keys, fleet_log.stream_column(rows_query.name),
                  '|| jsonb_build_object(' || coalesce(times, '') || ')', rows_query.scratch, rows_query.name);
end $$;
comment on function fleet_log.rows_query is
    'The text of a query for (table, key, stream, row) of a projection''s copy. Example: select fleet_log.rows_query(''fleet_past_1'', ''pilots'')';

create function fleet_log.past_rows(scratch text, streams text[])
returns table (table_name text, key text, stream_id text, cells jsonb)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    name text;
begin
    for name in
        select c.relname from pg_class c
         where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r' order by 1
    loop
        return query execute format('select * from (%s) r (table_name, key, stream_id, cells)
                                      where $1 is null or r.stream_id = any($1) order by r.key collate "C"',
                                    fleet_log.rows_query(past_rows.scratch, name)) using past_rows.streams;
    end loop;
end $$;
comment on function fleet_log.past_rows is
    'Rows of such a copy that come from these streams, or all for null. Example: select * from fleet_log.past_rows(scratch, null)';
