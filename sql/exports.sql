-- The log as text, and read back: a schema of its own takes the events of an export, and the same folds make its state.

create function fleet_log.state_digests(schema_name text)
returns table (table_name text, row_count bigint, digest text)
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp
set timezone = 'UTC' set datestyle = 'ISO, YMD' set extra_float_digits = 1 as $$
declare
    item record;
begin
    for item in
        select c.relname as name from pg_class c
         where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r' order by 1
    loop
        table_name := item.name;
        -- The order of rows in a table means nothing.
        execute format('select count(*), md5(coalesce(string_agg(x.hash, '''' order by x.hash collate "C"), ''''))
                          from (select md5(t::text) as hash from %I.%I t) x', schema_name, item.name)
           into row_count, digest;
        return next;
    end loop;
end $$;
comment on function fleet_log.state_digests is
    'One digest a table of the state, the same wherever the state is the same. Example: select * from fleet_log.state_digests(''fleet_state'')';

create function fleet_log.export_lines(after bigint, most int)
returns table (seq bigint, line text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp
set timezone = 'UTC' as $$
begin
    -- As it was stored: in the version of its time, with nothing added.
    return query
    select e.seq, json_build_object(
               'seq', e.seq, 'event_id', e.event_id, 'project', e.project, 'type', e.type, 'stream_type', e.stream_type,
               'stream_id', e.stream_id, 'stream_version', e.stream_version, 'actor', e.actor, 'causation_id', e.causation_id,
               'correlation_id', e.correlation_id, 'data', e.data, 'metadata', e.metadata,
               'occurred_at', fleet_log.json_time(e.occurred_at), 'recorded_at', fleet_log.json_time(e.recorded_at),
               'schema_version', e.schema_version)::text
      from fleet_log.events e where e.seq > export_lines.after order by e.seq limit most;
end $$;
comment on function fleet_log.export_lines is
    'A page of the log, a line an event. Example: select * from fleet_log.export_lines(0, 1000)';

create function fleet_log.export_texts(after text, most int)
returns table (digest text, line text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select b.digest::text, json_build_object(
               'digest', b.digest, 'body', b.body, 'bytes', b.bytes, 'kept_at', fleet_log.json_time(b.kept_at),
               'redacted_at', fleet_log.json_time(b.redacted_at), 'redacted_by', b.redacted_by, 'redact_reason', b.redact_reason)::text
      from fleet_log.bodies b where b.digest > export_texts.after order by b.digest limit most;
end $$;
comment on function fleet_log.export_texts is
    'A page of the texts that events refer to; erased ones without their text. Example: select * from fleet_log.export_texts('''', 500)';

create function fleet_log.open_export(schema_name text)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    item record;
begin
    -- What a check that was killed has left: its session is gone.
    for item in
        select n.nspname as name from pg_namespace n
         where n.nspname ~ '^fleet_export_\d+$'
           and not exists (select from pg_stat_activity a where a.pid = substr(n.nspname, 14)::int)
    loop
        execute format('drop schema %I cascade', item.name);
    end loop;
    perform fleet_log.clone_state(schema_name);
    execute format('create unlogged table %I.events (like fleet_log.events including all)', schema_name);
    perform set_config('search_path', 'pg_catalog, pg_temp', true);
    -- The copies read the events beside them.
    for item in
        select pg_get_functiondef(p.oid) as text from pg_proc p
         where p.pronamespace = schema_name::regnamespace order by p.proname
    loop
        execute replace(item.text, 'fleet_log.events', schema_name || '.events');
    end loop;
end $$;
comment on function fleet_log.open_export is
    'Empty state, folds, and a table for the events of an export, in a schema of their own. Example: select fleet_log.open_export(''fleet_export_4711'')';

create function fleet_log.load_export(schema_name text, lines text)
returns bigint
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    loaded bigint;
begin
    execute format($q$
        insert into %I.events (seq, event_id, project, type, stream_type, stream_id, stream_version, actor, causation_id,
                               correlation_id, data, metadata, occurred_at, recorded_at, schema_version)
        select r.seq, r.event_id, r.project, r.type, r.stream_type, r.stream_id, r.stream_version, r.actor, r.causation_id,
               r.correlation_id, r.data, r.metadata, r.occurred_at, r.recorded_at, r.schema_version
          from string_to_table($1, E'\n') t (line)
         cross join jsonb_to_record(t.line::jsonb) r (
               seq bigint, event_id text, project text, type text, stream_type text, stream_id text, stream_version int, actor text,
               causation_id text, correlation_id text, data jsonb, metadata jsonb, occurred_at timestamptz,
               recorded_at timestamptz, schema_version int)
         where t.line <> ''$q$, schema_name) using lines;
    get diagnostics loaded = row_count;
    return loaded;
end $$;
comment on function fleet_log.load_export is
    'Puts lines of an export into its schema; how many. Example: select fleet_log.load_export(''fleet_export_4711'', ''{"seq":1,…}'')';

create function fleet_log.fold_export(schema_name text)
returns table (events bigint, holes bigint, head_event text)
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp set jit = off as $$
declare
    folds text[] := (select array_agg(p.proname::text order by p.proname) from pg_proc p
                      where p.pronamespace = schema_name::regnamespace and p.proname like 'fold\_%');
    families text[];
    call text;
    lo bigint := 1;
    last bigint;
begin
    execute format('select count(*), coalesce(max(e.seq), 0) - count(*), max(e.seq) from %I.events e', schema_name)
       into events, holes, last;
    execute format('select e.event_id from %I.events e where e.seq = $1', schema_name) into head_event using last;
    while lo <= last loop
        execute format('select array(select distinct ''fold_'' || e.stream_type from %I.events e where e.seq between $1 and $2)',
                       schema_name) into families using lo, lo + 4999;
        call := (select string_agg(format('%I.%I($1, $2)', schema_name, f), ', ') from unnest(folds) f where f = any(families));
        if call is not null then
            execute 'select ' || call using lo, least(lo + 4999, last);
        end if;
        lo := lo + 5000;
    end loop;
    return next;
end $$;
comment on function fleet_log.fold_export is
    'Makes the state of an export that was loaded. Example: select * from fleet_log.fold_export(''fleet_export_4711'')';
