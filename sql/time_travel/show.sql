-- A thing as it was.

create function fleet_log.scope_of(kind text, id text, project text, seq bigint)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- With what belongs to it on the page: the sorties of a mission, what a pilot held, who had a file.
    return fleet_log.with_surroundings(array[id] || case scope_of.kind
        when 'mission' then array(select s.sortie_id from fleet_state.sorties s where s.mission_id = id)
        when 'pilot' then fleet_log.held_then(scope_of.project, (select p.callsign from fleet_state.pilots p
                                                                  where p.pilot_id = id), seq)
        when 'file' then array(select r.reservation_id from fleet_log.reservations_of_path(scope_of.project, id) r
                                where r.from_seq <= scope_of.seq and coalesce(r.to_seq, scope_of.seq + 1) > scope_of.seq)
        else '{}' end);
end $$;
comment on function fleet_log.scope_of is
    'The streams whose events it takes to show a thing as it was at a seq. Example: select fleet_log.scope_of(''sortie'', ''srt_01…'', ''demo'', 42)';

create function fleet_log.picked(cells jsonb, names text[])
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_object_agg(n, picked.cells -> n), '{}') from unnest(names) n where picked.cells ? n);
end $$;
comment on function fleet_log.picked is
    'Some members of an object. Example: select fleet_log.picked(''{"a":1,"b":2}'', ''{a}'')';

create function fleet_log.past_members(scratch text, kind text, id text)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    sortie_names constant text[] := '{sortie_id,name,title,status,progress,pilot,token,ready,blocked_reason}';
    file_names constant text[] := '{reservation_id,holder,patterns,mode,purpose,reason,status,token,reserved_at,expires_at,started_at,deadline}';
    found jsonb;
    told jsonb := '{}';
begin
    if past_members.kind in ('pilot', 'file') then
        execute format($q$select jsonb_agg(fleet_log.clean_row(to_jsonb(t) || jsonb_build_object(
                               'reserved_at', fleet_log.json_time(t.reserved_at), 'expires_at', fleet_log.json_time(t.expires_at)))
                           order by t.token) from %I.reservations t where t.state = 'active'
                           and ($1 = 'file' or t.holder = (select p.callsign from %I.pilots p where p.pilot_id = $2))$q$,
                       past_members.scratch, past_members.scratch) into found using past_members.kind, past_members.id;
        told := jsonb_build_object('holds', (select coalesce(jsonb_agg(fleet_log.picked(x, file_names)), '[]')
                                               from jsonb_array_elements(found) x));
    end if;
    if past_members.kind = 'file' then
        execute format($q$select jsonb_agg(fleet_log.clean_row(to_jsonb(t) || jsonb_build_object(
                               'started_at', fleet_log.json_time(t.started_at), 'deadline', fleet_log.json_time(t.deadline)))
                           order by t.arrival) from %I.reservation_requests t where t.state = 'waiting'$q$,
                       past_members.scratch) into found;
        told := told || jsonb_build_object('waiting', (select coalesce(jsonb_agg(fleet_log.picked(x, file_names)), '[]')
                                                         from jsonb_array_elements(found) x));
    elsif past_members.kind in ('pilot', 'mission') then
        execute format($q$select jsonb_agg(fleet_log.clean_row(to_jsonb(t)) order by t.created_seq) from %I.sorties t
                           where t.mission_id = $1 or (t.state in ('assigned', 'in_progress', 'blocked', 'review')
                             and t.pilot = (select p.callsign from %I.pilots p where p.pilot_id = $1))$q$,
                       past_members.scratch, past_members.scratch) into found using past_members.id;
        told := told || jsonb_build_object('sorties', (select coalesce(jsonb_agg(fleet_log.picked(x, sortie_names)), '[]')
                                                         from jsonb_array_elements(found) x));
    end if;
    return told;
end $$;
comment on function fleet_log.past_members is
    'What belongs to a thing at that time: holds, waiting, sorties. Example: select fleet_log.past_members(scratch, ''file'', ''src/a.c'')';

create function fleet_log.event_says(e fleet_log.events)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_build_object('seq', e.seq, 'at', fleet_log.json_time(e.recorded_at), 'event_id', e.event_id,
        'project', e.project, 'actor', e.actor, 'type', e.type, 'stream_type', e.stream_type, 'stream_id', e.stream_id,
        'says', fleet_log.says(e.type, e.data, fleet_log.subject_of(e.stream_id)));
end $$;
comment on function fleet_log.event_says is
    'An event as people read it, as JSON. Example: select fleet_log.event_says(e) from fleet_log.events e where e.seq = 42';

create function fleet_log.last_event_of(streams text[], seq bigint)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select fleet_log.event_says(e) from fleet_log.events e
             where e.stream_id = any(streams) and e.seq <= last_event_of.seq order by e.seq desc limit 1);
end $$;
comment on function fleet_log.last_event_of is
    'The last thing that happened to these streams up to a seq. Example: select fleet_log.last_event_of(array[''srt_01…''], 42)';

create function fleet_log.shown_then(kind text, id text, home text, seq bigint)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    scope text[] := fleet_log.scope_of(shown_then.kind, shown_then.id, shown_then.home, seq);
    scratch text := fleet_log.open_past();
    found record;
    shown jsonb;
begin
    perform fleet_log.fold_past(scratch, scope, 1, seq);
    for found in
        select r.table_name, jsonb_agg(r.cells) as cells, min(r.key) = shown_then.id and count(*) = 1 as is_main
          from fleet_log.past_rows(scratch, array[shown_then.id]) r
         where r.table_name <> 'reservation_patterns' group by 1 order by 1
    loop
        -- One row under the thing's own key is the thing; a pilot and a project are known by other keys.
        if found.is_main or found.table_name in ('pilots', 'projects', 'notification_rules') then
            shown := coalesce(shown, '{}') || jsonb_build_object('item', coalesce(shown -> 'item', '{}') || (found.cells -> 0));
        else
            shown := coalesce(shown, '{}') || jsonb_build_object('parts', coalesce(shown -> 'parts', '{}')
                                                    || jsonb_build_object(found.table_name, found.cells));
        end if;
    end loop;
    if shown is not null or shown_then.kind = 'file' then
        shown := coalesce(shown, '{}') || fleet_log.past_members(scratch, shown_then.kind, shown_then.id)
            || jsonb_build_object('last_event', fleet_log.last_event_of(case when shown_then.kind = 'file' then scope
                                                                             else array[shown_then.id] end, seq));
    end if;
    perform fleet_log.close_past(scratch);
    return shown;
end $$;
comment on function fleet_log.shown_then is
    'A thing as its events up to a seq made it; null if there were none. Example: see fleet.history_show';

create function fleet.history_show(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp set jit = off as $$
declare
    seq bigint := fleet_log.moment(filter ->> 'at', '/at');
    what record;
    shown jsonb;
    first fleet_log.events;
begin
    select * into what from fleet_log.thing(nullif(filter ->> 'project', ''), coalesce(filter ->> 'entity', ''));
    if what.kind <> 'file' then
        select * into first from fleet_log.events e where e.stream_id = what.id and e.stream_version = 1;
        if first.seq > seq then
            perform fleet.refuse('not_found', what.id || ' was not there at ' || seq || ': it begins at ' || first.seq,
                '/at', 'fleet show ' || what.id || ' --at ' || first.seq, jsonb_build_object('first_seq', first.seq));
        end if;
    end if;
    shown := fleet_log.shown_then(what.kind, what.id, what.home, seq);
    if shown #>> '{item,body_digest}' is not null then
        shown := shown || fleet_log.body_json('body', shown #>> '{item,body_digest}');
    end if;
    item := (jsonb_strip_nulls(jsonb_build_object('kind', what.kind, 'entity', what.id, 'project', nullif(what.home, ''),
        'name', case when what.kind <> 'file' then fleet_log.subject_of(what.id) end)) || coalesce(shown, '{}')
        || jsonb_build_object('at', fleet_log.moment_json(seq),
                              'head', (select h.seq from fleet.head() h)))::text;
    cursor_key := '';
    return next;
end $$;
comment on function fleet.history_show is
    'Anything as it was at a seq or a time, as JSON: entity, at, project. Example: select item from fleet.history_show(''{"project":"demo","entity":"viper-1","at":"42"}'')';

create function fleet.history_log(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp set jit = off as $$
declare
    upto bigint := fleet_log.moment(filter ->> 'at', '/at');
    place text := nullif(filter ->> 'project', '');
    most int := coalesce((filter ->> 'limit')::int, 20);
    about text[];
    found jsonb;
begin
    perform fleet_log.need_project(place);
    if filter ->> 'entity' is not null then
        select fleet_log.streams_of(t.kind, t.id, t.home) into about from fleet_log.thing(place, filter ->> 'entity') t;
    end if;
    -- Of the whole fleet it takes the last ones by their number; of a thing, its own.
    if about is null then
        found := (select jsonb_agg(fleet_log.event_says(x) order by x.seq)
                    from (select e.* from fleet_log.events e
                           where e.seq <= upto and (place is null or e.project in (place, ''))
                           order by e.seq desc limit most) x);
    else
        found := (select jsonb_agg(fleet_log.event_says(x) order by x.seq)
                    from (select e.* from fleet_log.events e
                           where e.stream_id = any(about) and e.seq <= upto order by e.seq desc limit most) x);
    end if;
    item := jsonb_build_object('at', fleet_log.moment_json(upto), 'head', (select h.seq from fleet.head() h),
                               'items', coalesce(found, '[]'))::text;
    cursor_key := '';
    return next;
end $$;
comment on function fleet.history_log is
    'The log as it stood at a seq or a time, its last events in words, as JSON: at, entity, limit, project. Example: select item from fleet.history_log(''{"project":"demo","at":"42"}'')';

create function fleet_log.streams_of(kind text, id text, project text)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case streams_of.kind
        when 'file' then array(
            select r.reservation_id from fleet_log.reservations_of_path(streams_of.project, streams_of.id) r
             union
            -- Who was refused left a conflict and nothing else.
            select e.stream_id from fleet_log.events e
             where e.type = 'file_conflict' and e.project = streams_of.project
               and exists (select from jsonb_array_elements_text(e.data -> 'patterns') p
                            where fleet_log.pattern_covers(p, streams_of.id)))
        when 'sortie' then array[streams_of.id] || array(
            select r.reservation_id from fleet_state.reservations r
             where r.project = streams_of.project and r.sortie_id = streams_of.id)
        else array[streams_of.id] end;
end $$;
comment on function fleet_log.streams_of is
    'Whose events tell the story of a thing. Example: select fleet_log.streams_of(''file'', ''src/a.c'', ''demo'')';
