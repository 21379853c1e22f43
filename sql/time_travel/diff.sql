-- What changed between two states.

create function fleet_log.changed_columns(was jsonb, became jsonb)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Versions and seqs always move: they would only hide what did.
    return (select jsonb_object_agg(n.name, jsonb_strip_nulls(jsonb_build_object('from', was -> n.name, 'to', became -> n.name)))
              from (select jsonb_object_keys(was) as name union select jsonb_object_keys(became)) n
             where was -> n.name is distinct from became -> n.name and n.name not in ('last_seq', 'stream_version'));
end $$;
comment on function fleet_log.changed_columns is
    'The members that differ, each with from and to; null if none do. Example: select fleet_log.changed_columns(''{"status":"active"}'', ''{"status":"released"}'')';

create function fleet_log.singular(table_name text)
returns text
language sql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
    select regexp_replace(regexp_replace($1, 'encies$', 'encys'), 's$', '')
$$;
comment on function fleet_log.singular is
    'What one row of a table is. Example: select fleet_log.singular(''sortie_dependencies'')';

create function fleet_log.changes_between(lo bigint, hi bigint, streams text[])
returns table (table_name text, key text, stream_id text, was jsonb, became jsonb)
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    about text[] := fleet_log.touched_by(streams);
    scope text[] := fleet_log.with_surroundings(about);
    scratch text := fleet_log.open_past();
begin
    perform fleet_log.fold_past(scratch, scope, 1, lo);
    execute format('create unlogged table %I.rows_before as select * from fleet_log.past_rows(%L, $1)', scratch, scratch)
      using about;
    perform fleet_log.fold_past(scratch, scope, lo + 1, hi);
    return query execute format($q$
        select coalesce(a.table_name, b.table_name), coalesce(a.key, b.key), coalesce(a.stream_id, b.stream_id),
               b.cells, a.cells
          from fleet_log.past_rows(%L, $1) a
          full join %I.rows_before b on b.table_name = a.table_name and b.key = a.key
         where a.cells is null or b.cells is null or fleet_log.changed_columns(b.cells, a.cells) is not null
         order by 1, 2$q$, scratch, scratch) using about;
    perform fleet_log.close_past(scratch);
end $$;
comment on function fleet_log.changes_between is
    'Rows of projections that differ between two seqs because of events of these streams. Example: select * from fleet_log.changes_between(10, 20, array[''srt_01…''])';

create function fleet_log.changes_json(lo bigint, hi bigint, streams text[], backwards boolean, most int)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    found jsonb := '[]';
    total bigint := 0;
    c record;
begin
    for c in
        select x.table_name, x.key, x.stream_id, case when backwards then x.became else x.was end as was,
               case when backwards then x.was else x.became end as became
          from fleet_log.changes_between(lo, hi, streams) x
         -- The index of patterns says nothing that its reservation does not say.
         where x.table_name <> 'reservation_patterns'
    loop
        total := total + 1;
        continue when total > most;
        found := found || jsonb_strip_nulls(jsonb_build_object(
            'kind', fleet_log.singular(c.table_name), 'key', c.key, 'stream_id', c.stream_id,
            'name', fleet_log.subject_of(c.stream_id),
            'change', case when c.was is null then 'added' when c.became is null then 'gone' else 'changed' end,
            'columns', case when c.was is not null and c.became is not null
                then fleet_log.changed_columns(c.was, c.became) end,
            'item', case when c.was is null then c.became when c.became is null then c.was end));
    end loop;
    return jsonb_build_object('items', found, 'left_out', greatest(total - most, 0));
end $$;
comment on function fleet_log.changes_json is
    'Those differences as JSON, in either direction. Example: select fleet_log.changes_json(10, 20, array[''srt_01…''], false, 200)';

create function fleet.history_diff(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp set jit = off as $$
declare
    place text := nullif(filter ->> 'project', '');
    one bigint := fleet_log.moment(filter ->> 'from', '/from');
    other bigint := fleet_log.moment(filter ->> 'to', '/to');
    lo bigint := least(one, other);
    hi bigint := greatest(one, other);
    streams text[];
    told jsonb;
begin
    if hi - lo > 200000 then
        perform fleet.refuse('invalid_field', 'more than 200,000 events lie between ' || lo || ' and ' || hi, '/to',
                             'compare states that are closer to each other');
    end if;
    select jsonb_build_object('events', coalesce(sum(t.n), 0), 'types', coalesce(jsonb_object_agg(t.type, t.n), '{}'))
      into told
      from (select e.type, count(*) as n from fleet_log.events e
             where e.seq > lo and e.seq <= hi and (place is null or e.project in (place, '')) group by 1) t;
    streams := array(select distinct e.stream_id from fleet_log.events e
                      where e.seq > lo and e.seq <= hi and (place is null or e.project in (place, '')));
    item := (jsonb_build_object('from', fleet_log.moment_json(one), 'to', fleet_log.moment_json(other)) || told
             || fleet_log.changes_json(lo, hi, streams, one > other, coalesce((filter ->> 'limit')::int, 200)))::text;
    cursor_key := '';
    return next;
end $$;
comment on function fleet.history_diff is
    'What is different in the state at `to` from that at `from`, as JSON: from, to, project, limit. Example: select item from fleet.history_diff(''{"project":"demo","from":"10","to":"20"}'')';
