-- A run of append requests that stand next to each other is one INSERT.

create function fleet_log.try_time(text)
returns timestamptz
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if $1 !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$' then
        return null;
    end if;
    -- Four digits in another zone can be five here, or a year before the first.
    return case when extract(year from $1::timestamptz(3) at time zone 'UTC') between 1 and 9999
                then $1::timestamptz(3) end;
exception when others then
    return null;   -- the 31st of February
end $$;
comment on function fleet_log.try_time is
    'An RFC 3339 time, or null. Example: select fleet_log.try_time(''2026-01-01T00:00:00.000Z'')';

create function fleet_log.append_problem(e jsonb, type fleet_log.event_types, at text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    name text := e ->> 'type';
    version int := coalesce((e ->> 'schema_version')::int, type.schema_version, 1);
    bad jsonb;
begin
    if starts_with(name, 'x.') then
        if name !~ '^x\.[a-z0-9][a-z0-9_.-]{0,62}$' then
            bad := jsonb_build_object('code', 'invalid_field', 'field', at || '/type',
                'message', 'a type of your own is x. and up to 63 of a-z, 0-9, _, . and -');
        elsif e ->> 'stream_type' is not null and exists (
            select from fleet_log.event_types t where t.stream_type = e ->> 'stream_type') then
            bad := jsonb_build_object('code', 'forbidden', 'field', at || '/stream_type',
                'message', 'streams of the catalogue are written by their commands only',
                'hint', 'leave stream_type out, and name the entity in correlation_id');
        elsif (e ->> 'stream_id') ~ '^((prj|plt|run|msn|srt|wo|msg|thr|rsv|chk|evt|to|host|tok)_|(halt|rule|budget|price):)' then
            bad := jsonb_build_object('code', 'forbidden', 'field', at || '/stream_id',
                'message', 'this is the stream of an entity', 'hint', 'name the entity in correlation_id');
        elsif pg_column_size(e -> 'data') > 8192 and octet_length((e -> 'data')::text) > 65536 then
            bad := jsonb_build_object('code', 'too_large', 'field', at || '/data', 'message', 'is over 64 KiB');
        end if;
    elsif type.type is null then
        bad := jsonb_build_object('code', 'unknown_event_type', 'field', at || '/type',
            'message', 'the catalogue has no type ' || name, 'hint', 'types of your own begin with x.');
    elsif not type.is_open then
        bad := jsonb_build_object('code', 'forbidden', 'field', at || '/type',
            'message', 'only the command ' || coalesce(type.command, 'of a later release') || ' writes ' || name,
            'hint', 'use the command, or a type of your own: x.' || name);
    elsif coalesce(e ->> 'stream_type', type.stream_type) <> type.stream_type then
        bad := jsonb_build_object('code', 'invalid_field', 'field', at || '/stream_type',
            'message', name || ' belongs to streams of type ' || type.stream_type);
    elsif (e ->> 'stream_id') ~ '^(budget|price):' then
        bad := jsonb_build_object('code', 'forbidden', 'field', at || '/stream_id',
            'message', 'this is the stream of an entity', 'hint', 'leave stream_id out');
    elsif version <> type.schema_version then
        bad := jsonb_build_object('code', 'invalid_field', 'field', at || '/schema_version',
            'message', name || ' is written in version ' || type.schema_version);
    else
        bad := fleet_log.event_problem(name, version, coalesce(e -> 'data', '{}'));
        bad := bad || jsonb_build_object('field', at || coalesce(bad ->> 'field', ''));
    end if;
    if bad is null and (e ->> 'occurred_at') is not null and fleet_log.try_time(e ->> 'occurred_at') is null then
        bad := jsonb_build_object('code', 'invalid_field', 'field', at || '/occurred_at',
            'message', 'must be a time like 2026-01-31T12:00:00.000Z');
    end if;
    return bad;
end $$;
comment on function fleet_log.append_problem is
    'Why an event may not be appended raw, or null. Example: select fleet_log.append_problem(''{"type":"x.note"}'', null, ''/args/events/0'')';

create function fleet_log.append_run(run fleet_log.work[], head bigint)
returns setof fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    with asked as materialized (
        select r.*, r.project_is_open is true as open
          from (select q.*, (select p.state = 'active' from fleet_state.projects p where p.project = q.project)
                            as project_is_open
                  from unnest(run) q) r
    ), event as materialized (
        select a.ord, x.n, row_number() over (order by a.ord, x.n) as place, x.e, a.project, a.actor, a.metadata, a.at,
               t as about, coalesce(x.e ->> 'stream_type', t.stream_type, 'x') as stream_type, x.e ->> 'event_id' as event_id,
               coalesce(x.e ->> 'stream_id', coalesce(x.e ->> 'stream_type', t.stream_type, 'x') || ':' || a.project)
                   as stream_id, k.seq as known_seq, k.stream_id as known_stream, k.stream_version as known_version
          from asked a
         cross join lateral jsonb_array_elements(a.args -> 'events') with ordinality x(e, n)
          left join fleet_log.event_types t on t.type = x.e ->> 'type'
          -- LIMIT keeps this an index probe an event, whatever the planner thinks of the log's size.
          left join lateral (select y.seq, y.stream_id, y.stream_version from fleet_log.events y
                              where y.event_id = x.e ->> 'event_id' limit 1) k on true
    ), problem as (
        select distinct on (p.ord) p.ord, p.bad from (
            select a.ord, 0 as n, case when a.project_is_open is null
                       then jsonb_build_object('code', 'not_found', 'field', '/project',
                                               'message', 'no project ' || a.project, 'hint', 'fleet init registers it')
                       else jsonb_build_object('code', 'transition_refused', 'field', '/project',
                                               'message', 'the project ' || a.project || ' is archived',
                                               'hint', 'register it again to go on') end as bad
              from asked a where not a.open
            union all
            select a.ord, 1, fleet_log.expected_problem(a.args -> 'expected_version')
              from asked a
             where a.args ? 'expected_version'
               -- A retry of what is already in the log is answered from the log, whatever the versions are now.
               and exists (select from event v where v.ord = a.ord and v.known_seq is null)
            union all
            select v.ord, 1 + v.n, fleet_log.append_problem(v.e, v.about, '/args/events/' || (v.n - 1))
              from event v
             where v.known_seq is null
               -- A plain event of somebody's own type has nothing to be refused for.
               and (v.e ->> 'type' ~ '^x\.[a-z0-9][a-z0-9_.-]*$' and length(v.e ->> 'type') <= 123
                    and pg_column_size(v.e) < 16384
                    and not v.e ?| '{stream_type,stream_id,occurred_at,schema_version}') is not true) p
         where p.bad is not null
         order by p.ord, p.n
    ), fresh as (
        select v.*, row_number() over (partition by v.event_id order by v.place) as copy
          from event v
         where v.known_seq is null and not exists (select from problem p where p.ord = v.ord)
    ), numbered as materialized (
        select f.*, append_run.head + row_number() over (order by f.place) as seq,
               coalesce(f.event_id, fleet.new_id('evt')) as id,
               coalesce(last.stream_version, 0) + row_number() over (partition by f.stream_id order by f.place) as version
          from fresh f
          left join lateral (select y.stream_version from fleet_log.events y where y.stream_id = f.stream_id
                              order by y.stream_version desc limit 1) last on true
         where f.event_id is null or f.copy = 1
    ), written as (
        insert into fleet_log.events (seq, event_id, project, type, stream_type, stream_id, stream_version, actor,
                                      causation_id, correlation_id, data, metadata, occurred_at, recorded_at, schema_version)
        select m.seq, m.id, m.project, m.e ->> 'type', m.stream_type, m.stream_id, m.version, m.actor,
               m.e ->> 'causation_id', m.e ->> 'correlation_id', coalesce(nullif(m.e -> 'data', 'null'), '{}'), m.metadata,
               case when m.e ? 'occurred_at' then coalesce(fleet_log.try_time(m.e ->> 'occurred_at'), m.at) else m.at end,
               m.at,
               coalesce((m.e ->> 'schema_version')::int, (m.about).schema_version, 1)
          from numbered m order by m.seq
    ), answer as (
        select v.ord, max(m.seq) as last, jsonb_agg(jsonb_build_object(
                   'seq', coalesce(v.known_seq, m.seq, twin.seq), 'event_id', coalesce(v.event_id, m.id),
                   'stream_id', coalesce(v.known_stream, m.stream_id, twin.stream_id),
                   'stream_version', coalesce(v.known_version, m.version, twin.version),
                   'is_new', m.seq is not null) order by v.n) as events
          from event v
          left join numbered m on m.place = v.place
          -- The same id twice in one run: the first one is written, the second is told about it.
          left join numbered twin on v.known_seq is null and m.seq is null and twin.event_id = v.event_id
         group by v.ord
    )
    select a.ord, a.op, a.project, a.actor, a.caller, a.key, a.digest, a.host, a.epoch, a.roles, a.metadata, a.fence,
           a.args, a.at, append_run.head + (select count(*) from numbered), a.event_id,
           p.bad ->> 'code', p.bad ->> 'field', p.bad ->> 'message', p.bad ->> 'hint', p.bad -> 'detail',
           case when p.ord is null then jsonb_build_object('events', coalesce(w.events, '[]')) end,
           case when p.ord is null then w.last end, false, a.earlier, a.scope
      from asked a
      left join problem p on p.ord = a.ord
      left join answer w on w.ord = a.ord
     order by a.ord;
end $$;
comment on function fleet_log.append_run is
    'Appends a run of requests. Example, in fleet.act: select * from fleet_log.append_run(run, head)';

create function fleet_log.expected_problem(expected jsonb)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    bad jsonb;
begin
    select jsonb_build_object('code', 'invalid_field', 'field', '/args/expected_version/' || x.key,
                              'message', 'must be a whole number from 0') into bad
      from jsonb_each(expected) x where x.value::text !~ '^\d{1,9}$' limit 1;
    if bad is not null then
        return bad;
    end if;
    select jsonb_build_object('code', 'version_conflict', 'field', '/args/expected_version',
                              'message', 'the stream has moved on', 'hint', 'read it again, decide again',
                              'detail', jsonb_object_agg(x.key, jsonb_build_object('expected', x.value, 'actual', v.version)))
      into bad
      from jsonb_each(expected) x
     cross join lateral (select coalesce((select e.stream_version from fleet_log.events e where e.stream_id = x.key
                                           order by e.stream_version desc limit 1), 0) as version) v
     where v.version <> x.value::text::int
    having count(*) > 0;
    return bad;
end $$;
comment on function fleet_log.expected_problem is
    'Streams whose version is not the expected one, or null. Example: select fleet_log.expected_problem(''{"x:demo": 3}'')';
