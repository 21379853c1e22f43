-- Why a thing is as it is: what happened to it, each step with what led to it.

create function fleet_log.causes_of(e fleet_log.events, most int default 8)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    chain jsonb := '[]';
    cause fleet_log.events;
begin
    -- The nearest cause first. An event is caused by an older one, so this ends.
    for i in 1 .. most loop
        exit when e.causation_id is null;
        select * into cause from fleet_log.events x where x.event_id = e.causation_id;
        exit when cause.seq is null;
        chain := chain || fleet_log.event_says(cause);
        e := cause;
    end loop;
    return chain;
end $$;
comment on function fleet_log.causes_of is
    'The events that led to one, the nearest first. Example: select fleet_log.causes_of(e) from fleet_log.events e where e.seq = 42';

create function fleet_log.main_table(kind text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The table of such things, if it has a state.
    return (select c.relname from pg_class c
              join pg_attribute a on a.attrelid = c.oid and a.attname = 'state' and not a.attisdropped
             where c.relnamespace = 'fleet_state'::regnamespace and c.relname = main_table.kind || 's');
end $$;
comment on function fleet_log.main_table is
    'The projection that holds things of a kind. Example: select fleet_log.main_table(''sortie'')';

create function fleet_log.states_after(kind text, id text)
returns table (seq bigint, status text)
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
#variable_conflict use_variable
declare
    name text := fleet_log.main_table(kind);
    scratch text;
    done bigint := 0;
begin
    if name is null then
        return;
    end if;
    scratch := fleet_log.open_past();
    for seq in
        select e.seq from fleet_log.events e where e.stream_id = states_after.id order by e.stream_version limit 1000
    loop
        perform fleet_log.fold_past(scratch, array[states_after.id], done + 1, seq);
        done := seq;
        execute format('select min(t.state) from %I.%I t where %s = $1', scratch, name, fleet_log.stream_column(name))
           into status using states_after.id;
        return next;
    end loop;
    perform fleet_log.close_past(scratch);
end $$;
comment on function fleet_log.states_after is
    'The state of a thing after each of its events, by its fold. Example: select * from fleet_log.states_after(''sortie'', ''srt_01…'')';

create function fleet_log.holders_after(holders jsonb, e fleet_log.events)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case e.type when 'file_reserved' then holders || jsonb_build_object(e.stream_id, e.data ->> 'holder')
                       when 'file_released' then holders - e.stream_id::text
                       when 'file_reservation_forced' then holders - e.stream_id::text
                       else holders end;
end $$;
comment on function fleet_log.holders_after is
    'Who holds a file, by reservation, after one more event. Example: select fleet_log.holders_after(''{}'', e) from fleet_log.events e where e.seq = 42';

create function fleet_log.steps_of(kind text, id text, home text, most int)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    states jsonb := (select jsonb_object_agg(s.seq, s.status) from fleet_log.states_after(steps_of.kind, steps_of.id) s);
    about text[] := fleet_log.streams_of(steps_of.kind, steps_of.id, steps_of.home);
    steps jsonb := '[]';
    holders jsonb := '{}';
    before jsonb;
    status text;
    e fleet_log.events;
begin
    for e in
        select x.* from fleet_log.events x where x.stream_id = any(about) order by x.seq limit 5000
    loop
        before := holders;
        holders := fleet_log.holders_after(holders, e);
        steps := steps || jsonb_strip_nulls(fleet_log.event_says(e) || jsonb_build_object(
            'because', fleet_log.causes_of(e), 'correlation_id', e.correlation_id,
            'from', case when e.stream_id = steps_of.id then status end,
            'to', case when e.stream_id = steps_of.id then states ->> e.seq::text end,
            'holders', case when steps_of.kind = 'file' and holders <> before then
                (select coalesce(jsonb_agg(distinct h.value order by h.value), '[]') from jsonb_each(holders) h) end));
        status := coalesce(states ->> e.seq::text, status);
    end loop;
    return (select coalesce(jsonb_agg(s.value order by s.ordinality), '[]') from jsonb_array_elements(steps) with ordinality s
             where s.ordinality > jsonb_array_length(steps) - most);
end $$;
comment on function fleet_log.steps_of is
    'What happened to a thing: transitions, holders, causes. Example: select fleet_log.steps_of(''file'', ''src/a.c'', ''demo'', 100)';

create function fleet_log.why_sentence(kind text, id text, steps jsonb)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    last jsonb;
    cause jsonb;
    words text;
    s fleet_state.sorties;
begin
    last := (select x.value from jsonb_array_elements(steps) with ordinality x
              where case when why_sentence.kind = 'file' then x.value ? 'holders' else x.value ? 'to'
                          and x.value ->> 'to' is distinct from x.value ->> 'from' end
              order by x.ordinality desc limit 1);
    last := coalesce(last, steps -> -1);
    if last is null then
        return 'nothing ever happened to ' || why_sentence.id;
    end if;
    cause := last #> '{because,0}';
    words := case when why_sentence.kind = 'file' then why_sentence.id || case
                       when coalesce(jsonb_array_length(last -> 'holders'), 0) = 0 then ' is held by nobody'
                       else ' is held by ' || (select string_agg(h, ', ') from jsonb_array_elements_text(last -> 'holders') h) end
                  else coalesce('“' || fleet_log.subject_of(why_sentence.id) || '”', why_sentence.id)
                       || coalesce(' is ' || (last ->> 'to'), '') end
        || ' since ' || (last ->> 'at') || ': ' || replace(last ->> 'type', '_', ' ') || ' (#' || (last ->> 'seq') || ' by '
        || (last ->> 'actor') || ')' || coalesce(', because of ' || replace(cause ->> 'type', '_', ' ') || ' (#'
        || (cause ->> 'seq') || ' by ' || (cause ->> 'actor') || '): ' || (cause ->> 'says'), ': ' || (last ->> 'says'));
    if why_sentence.kind = 'sortie' then
        select * into s from fleet_state.sorties y where y.sortie_id = why_sentence.id;
        words := words || coalesce('. Not ready: ' || case when s.state = 'pending' and not s.ready
                                                          then fleet_log.why_not_ready(s) end, '');
    end if;
    return words;
end $$;
comment on function fleet_log.why_sentence is
    'The answer in a sentence. Example: select fleet_log.why_sentence(''file'', ''src/a.c'', fleet_log.steps_of(''file'', ''src/a.c'', ''demo'', 100))';

create function fleet.history_why(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp set jit = off as $$
declare
    what record;
    steps jsonb;
begin
    select * into what from fleet_log.thing(nullif(filter ->> 'project', ''), coalesce(filter ->> 'entity', ''));
    steps := fleet_log.steps_of(what.kind, what.id, what.home, coalesce((filter ->> 'limit')::int, 100));
    item := (jsonb_strip_nulls(jsonb_build_object('kind', what.kind, 'entity', what.id, 'project', nullif(what.home, ''),
        'name', case when what.kind <> 'file' then fleet_log.subject_of(what.id) end))
        || jsonb_build_object('answer', fleet_log.why_sentence(what.kind, what.id, steps), 'steps', steps))::text;
    cursor_key := '';
    return next;
end $$;
comment on function fleet.history_why is
    'What led to the present state of a file, a sortie, a reservation or anything else, as JSON: entity, project, limit. Example: select item from fleet.history_why(''{"project":"demo","entity":"src/a.c"}'')';
