-- Rebuilding the projections from the log with the very folds that keep them.

create function fleet_log.clone_state(into_schema text, own_events boolean default false)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    item record;
begin
    if clone_state.into_schema !~ '^[a-z_][a-z0-9_]{0,50}$' or clone_state.into_schema like 'pg\_%'
       or clone_state.into_schema in ('fleet', 'fleet_log', 'fleet_state', 'fleet_live', 'public') then
        perform fleet.refuse('invalid_field', 'name a schema of its own: a-z, 0-9 and _', '/into_schema');
    end if;
    if to_regnamespace(clone_state.into_schema) is not null then
        perform fleet.refuse('invalid_field', 'the schema ' || clone_state.into_schema || ' exists', '/into_schema',
                             'drop schema ' || clone_state.into_schema || ' cascade');
    end if;
    execute format('create schema %I', clone_state.into_schema);
    if clone_state.own_events then
        execute format('create unlogged table %I.events (like fleet_log.events, primary key (seq))', clone_state.into_schema);
    end if;
    for item in
        select c.relname as name from pg_class c
         where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r' order by 1
    loop
        -- Unlogged: it can be made again from the log at any time.
        execute format('create unlogged table %I.%I (like fleet_state.%I including all)',
                       clone_state.into_schema, item.name, item.name);
    end loop;
    -- Types of arguments are printed with their schema only if it is not on the path, and then become the copy's, too.
    perform set_config('search_path', 'pg_catalog, pg_temp', true);
    for item in
        select pg_get_functiondef(p.oid) as text from pg_proc p
         where p.pronamespace = 'fleet_state'::regnamespace order by p.proname
    loop
        -- Steps of a fold come along under names of their own; only fold_… is called.
        item.text := replace(item.text, 'fleet_state', clone_state.into_schema);
        if clone_state.own_events then
            -- The very same folds, over chosen events instead of the whole log.
            item.text := replace(item.text, 'fleet_log.events', clone_state.into_schema || '.events');
        end if;
        execute item.text;
    end loop;
end $$;
comment on function fleet_log.clone_state is
    'Empty copies of the projections and of their folds; with own_events these fold a log of the copy''s own. Example: select fleet_log.clone_state(''check_1'')';

create function fleet_log.fold_range(into_schema text, from_seq bigint, to_seq bigint, chunk int default 5000)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    folds text[] := (select array_agg(p.proname::text order by p.proname) from pg_proc p
                      where p.pronamespace = fold_range.into_schema::regnamespace and p.proname like 'fold\_%');
    families text[];
    call text;
    lo bigint := fold_range.from_seq;
    hi bigint;
begin
    while lo <= fold_range.to_seq loop
        hi := least(lo + chunk - 1, fold_range.to_seq);
        -- As in the trigger: families without events in the range are not asked.
        families := array(select distinct 'fold_' || e.stream_type from fleet_log.events e where e.seq between lo and hi);
        call := (select string_agg(format('%I.%I($1, $2)', fold_range.into_schema, f), ', ')
                   from unnest(folds) f where f = any(families));
        if call is not null then
            execute 'select ' || call using lo, hi;
        end if;
        lo := hi + 1;
    end loop;
end $$;
comment on function fleet_log.fold_range is
    'Folds a range of the log into copies. Example: select fleet_log.fold_range(''check_1'', 1, 5000)';

create function fleet.replay(into_schema text)
returns table (to_seq bigint, tables bigint, milliseconds bigint, events_per_second bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, fleet_state, pg_temp
set jit = off as $$
#variable_conflict use_variable
declare
    began timestamptz := clock_timestamp();
begin
    perform fleet_log.clone_state(into_schema);
    to_seq := coalesce((select e.seq from fleet_log.events e order by e.seq desc limit 1), 0);
    perform fleet_log.fold_range(into_schema, 1, to_seq);
    select count(*) into tables from pg_class c
     where c.relnamespace = into_schema::regnamespace and c.relkind = 'r';
    milliseconds := ceil(extract(epoch from clock_timestamp() - began) * 1000);
    events_per_second := to_seq * 1000 / greatest(milliseconds, 1);
    return next;
end $$;
comment on function fleet.replay is
    'Rebuilds all projections from the log in a schema of its own. Example: select * from fleet.replay(''replayed'')';
