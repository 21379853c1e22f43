-- What the faces list and show: a filter in, JSON objects out, with the key that `after` takes to go on.

create function fleet_log.words(filter jsonb, name text)
returns text[]
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- One value, or several separated by commas; null means any.
    return string_to_array(replace(nullif(filter ->> words.name, ''), ' ', ''), ',');
end $$;
comment on function fleet_log.words is
    'The values a filter allows. Example: select fleet_log.words(''{"status":"active,idle"}'', ''status'')';

create function fleet_log.page_size(filter jsonb)
returns int
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- One more than a page is how a face finds out that there is a next one.
    return case when filter ->> 'limit' ~ '^\d{1,6}$' then least((filter ->> 'limit')::int, 1001) else 100 end;
end $$;
comment on function fleet_log.page_size is 'Rows a list gives. Example: select fleet_log.page_size(''{"limit":5}'')';

create function fleet_log.need_project(project text)
returns void
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- What is empty of a project that nobody registered would look like a quiet one.
    if need_project.project is not null
       and not exists (select from fleet_state.projects p where p.project = need_project.project) then
        perform fleet.refuse('not_found', 'there is no project ' || need_project.project, '/project',
                             'fleet projects list shows those there are; fleet init registers the one you are in');
    end if;
end $$;
comment on function fleet_log.need_project is
    'Refuses a project that nobody registered; null stands for all of them. Example: select fleet_log.need_project(''demo'')';

create function fleet.list_projects(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.project::text from fleet_log.project_items i
     where (filter ->> 'key' is null or i.project = filter ->> 'key')
       and (fleet_log.words(filter, 'status') is null or i.state = any(fleet_log.words(filter, 'status')))
       and (filter ->> 'after' is null or i.project > filter ->> 'after')
     order by i.project limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_projects is
    'Projects as JSON: key, status, limit, after. Example: select * from fleet.list_projects(''{"status":"active"}'')';

create function fleet.list_hosts(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.host_id::text from fleet_log.host_items i
     where (filter ->> 'host_id' is null or i.host_id = filter ->> 'host_id')
       and (fleet_log.words(filter, 'status') is null or i.state = any(fleet_log.words(filter, 'status')))
       and (filter ->> 'after' is null or i.host_id > filter ->> 'after')
     order by i.host_id limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_hosts is
    'Hosts as JSON: host_id, status, limit, after. Example: select * from fleet.list_hosts(''{"status":"joined"}'')';

create function fleet.list_pilots(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.project || ' ' || i.callsign from fleet_log.pilot_items i
     where (nullif(filter ->> 'project', '') is null or i.project = filter ->> 'project')
       and (filter ->> 'callsign' is null or i.callsign = filter ->> 'callsign')
       and (filter ->> 'program' is null or i.program = filter ->> 'program')
       and (fleet_log.words(filter, 'role') is null or i.role = any(fleet_log.words(filter, 'role')))
       and (filter ->> 'capability' is null or i.capabilities @> regexp_split_to_array(filter ->> 'capability', '\s*,\s*'))
       and (filter ->> 'host' is null or i.host = filter ->> 'host')
       and (fleet_log.words(filter, 'status') is null or i.state = any(fleet_log.words(filter, 'status')))
       and (filter ->> 'after' is null or (i.project, i.callsign)
            > (split_part(filter ->> 'after', ' ', 1), split_part(filter ->> 'after', ' ', 2)))
     order by i.project, i.callsign limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_pilots is
    'Pilots as JSON: project, callsign, program, role, capability, host, status, limit, after. Example: select * from fleet.list_pilots(''{"project":"demo"}'')';

create function fleet.list_cursors(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select i.item::text, i.project || ' ' || i.consumer from fleet_log.cursor_items i
     where (filter ->> 'project' is null or i.project = filter ->> 'project')
       and (coalesce(filter ->> 'name', filter ->> 'consumer') is null
            or i.consumer = coalesce(filter ->> 'name', filter ->> 'consumer'))
       -- The project has no spaces; the consumer may.
       and (filter ->> 'after' is null or (i.project, i.consumer)
            > (split_part(filter ->> 'after', ' ', 1), substr(filter ->> 'after', 1 + strpos(filter ->> 'after', ' '))))
     order by i.project, i.consumer limit fleet_log.page_size(filter);
end $$;
comment on function fleet.list_cursors is
    'Cursors as JSON: project, name, limit, after. Example: select * from fleet.list_cursors(''{"project":"demo"}'')';

create function fleet_log.seq_of("position" text)
returns bigint
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    place record;
begin
    if seq_of."position" ~ '^\d{1,18}$' then
        return seq_of."position"::bigint;
    end if;
    select * into place from fleet.check_position(seq_of."position");
    if not place.ok then
        perform fleet.refuse('log_rewound', 'the log was rewound: it does not hold this position', '/after',
            'read again from the last common position',
            jsonb_build_object('last_common', place.last_common, 'head', place.head));
    end if;
    return place.seq;
end $$;
comment on function fleet_log.seq_of is
    'Seq of a position, or of a bare number. Example: select fleet_log.seq_of(''42'')';

create function fleet.list_events(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    back boolean := filter ->> 'before' is not null and filter ->> 'after' is null;
    since timestamptz := fleet_log.try_time(filter ->> 'since');
    until timestamptz := fleet_log.try_time(filter ->> 'until');
    wanted text := concat_ws(' and ', 'true',
        case when filter ->> 'event_id' is not null then 'e.event_id = $1 ->> ''event_id''' end,
        case when nullif(filter ->> 'project', '') is not null then 'e.project = $1 ->> ''project''' end,
        case when filter ->> 'type' is not null then 'e.type = any(fleet_log.words($1, ''type''))' end,
        case when filter ->> 'stream_type' is not null then 'e.stream_type = $1 ->> ''stream_type''' end,
        case when filter ->> 'stream_id' is not null then 'e.stream_id = $1 ->> ''stream_id''' end,
        case when filter ->> 'correlation_id' is not null then 'e.correlation_id = $1 ->> ''correlation_id''' end,
        case when filter ->> 'causation_id' is not null then 'e.causation_id = $1 ->> ''causation_id''' end,
        case when filter ->> 'actor' is not null then 'e.actor = $1 ->> ''actor''' end,
        case when filter ->> 'after' is not null then 'e.seq > $2' end,
        case when filter ->> 'before' is not null then 'e.seq < $3' end,
        case when since is not null then 'e.recorded_at >= $4' end,
        case when until is not null then 'e.recorded_at < $5' end);
begin
    if (since is null and filter ->> 'since' is not null) or (until is null and filter ->> 'until' is not null) then
        perform fleet.refuse('invalid_field', 'must be a time like 2026-01-31T12:00:00.000Z',
                             case when since is null and filter ->> 'since' is not null then '/since' else '/until' end);
    end if;
    -- Planned for just these filters: a plan for all of them would read the whole log for the rare ones.
    return query execute
        'select e.envelope, (select fleet.incarnation()) || ''.'' || e.seq from fleet_log.envelopes e
          where e.seq in (select e.seq from fleet_log.events e where ' || wanted
            || ' order by e.seq ' || case when back then 'desc' else 'asc' end || ' limit $6) order by e.seq'
        using filter, fleet_log.seq_of(filter ->> 'after'), fleet_log.seq_of(filter ->> 'before'), since, until,
              fleet_log.page_size(filter);
end $$;
comment on function fleet.list_events is
    'Events as JSON in log order: project, type, stream_type, stream_id, correlation_id, causation_id, actor, after, before, since, until, limit. Example: select * from fleet.list_events(''{"project":"demo","limit":5}'')';

create function fleet.read_log(after bigint, upto bigint, max int)
returns table (seq bigint, project text, type text, stream_type text, stream_id text, event_id text, envelope text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select e.seq, e.project::text, e.type::text, e.stream_type::text, e.stream_id::text, e.event_id::text, e.envelope
      from fleet_log.envelopes e
     where e.seq > read_log.after and e.seq <= read_log.upto
     order by e.seq limit read_log.max;
end $$;
comment on function fleet.read_log is
    'A range of the log, each event with its complete JSON. Example: select * from fleet.read_log(0, 100, 100)';
