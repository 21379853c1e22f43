-- When, and of what: what people write for a moment of the past and for a thing that was there.

create function fleet_log.seq_before("time" timestamptz, head bigint)
returns bigint
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    lo bigint := 0;
    hi bigint := seq_before.head;
    middle bigint;
begin
    -- Times of the log never go back and its numbers have no gap: halving asks the key some twenty times.
    while lo < hi loop
        middle := (lo + hi + 1) / 2;
        if (select e.recorded_at from fleet_log.events e where e.seq = middle) <= seq_before."time" then
            lo := middle;
        else
            hi := middle - 1;
        end if;
    end loop;
    return lo;
end $$;
comment on function fleet_log.seq_before is
    'Seq of the last event at or before a time; 0 if there is none. Example: select fleet_log.seq_before(now() - interval ''1 hour'', 5000)';

create function fleet_log.moment(given text, field text)
returns bigint
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    head bigint := coalesce((select e.seq from fleet_log.events e order by e.seq desc limit 1), 0);
    asked timestamptz;
    seq bigint;
begin
    if nullif(given, '') is null then
        return head;
    end if;
    if given ~ '^-?\d{1,18}$' then
        seq := given::bigint;
    elsif given ~ '^[0-9a-f]{8}\.\d{1,18}$' then
        seq := fleet_log.seq_of(given);
    else
        asked := fleet_log.try_time(given);
        if asked is null then
            perform fleet.refuse('invalid_field', 'must be a seq or a time like 2026-01-31T12:00:00.000Z', moment.field);
        elsif asked > clock_timestamp() then
            perform fleet.refuse('invalid_field', fleet_log.json_time(asked) || ' is yet to come', moment.field);
        end if;
        seq := fleet_log.seq_before(asked, head);
        if seq = 0 then
            perform fleet.refuse('invalid_field', 'at ' || fleet_log.json_time(asked) || ' nothing had happened yet',
                moment.field, 'the log begins at ' || coalesce((select fleet_log.json_time(e.recorded_at)
                    from fleet_log.events e where e.seq = 1), 'its first event'));
        end if;
    end if;
    if seq < 1 then
        perform fleet.refuse('invalid_field', 'the log begins at 1, not at ' || seq, moment.field);
    elsif seq > head then
        perform fleet.refuse('invalid_field', 'the log ends at ' || head || ', before ' || seq, moment.field,
                             'fleet log shows its last events', jsonb_build_object('head', head));
    end if;
    return seq;
end $$;
comment on function fleet_log.moment is
    'The seq that a seq, a position or a time means; the head for null. Example: select fleet_log.moment(''42'', ''/at'')';

create function fleet_log.moment_json(seq bigint)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select jsonb_build_object('seq', e.seq, 'at', fleet_log.json_time(e.recorded_at), 'event_id', e.event_id,
                                      'position', fleet.incarnation() || '.' || e.seq)
              from fleet_log.events e where e.seq = moment_json.seq);
end $$;
comment on function fleet_log.moment_json is
    'A place in the log as JSON. Example: select fleet_log.moment_json(42)';

create function fleet_log.short_candidates(project text, given text)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    known text[] := array_remove(array[fleet_log.sortie_id_of(project, given), fleet_log.mission_id_of(project, given),
        fleet_log.message_id_of(project, given), fleet_log.order_id_of(project, given),
        fleet_log.thread_id_of(project, given), fleet_log.reservation_id_of(project, given)], given);
begin
    if cardinality(known) > 0 then
        return known;
    end if;
    -- Whatever else there was: kinds without an index of ends, and what has ended long ago.
    return array(select e.stream_id from fleet_log.events e
                  where e.stream_version = 1 and e.stream_id ~ '^[a-z]{2,4}_.{26}$'
                    and (right(e.stream_id, length(given)) = given or starts_with(e.stream_id, given))
                    and (short_candidates.project is null or e.project in (short_candidates.project, ''))
                  order by e.seq limit 6);
end $$;
comment on function fleet_log.short_candidates is
    'What a start or an end of an id may mean, whatever kind it is. Example: select fleet_log.short_candidates(''demo'', ''x7k2pq'')';

create function fleet_log.file_is_known(project text, path text)
returns boolean
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return exists (select from fleet_log.reservations_of_path(file_is_known.project, file_is_known.path));
end $$;
comment on function fleet_log.file_is_known is
    'Whether anybody ever reserved a path. Example: select fleet_log.file_is_known(''demo'', ''Makefile'')';

create function fleet_log.thing(project text, given text, out kind text, out id text, out home text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    part text := regexp_replace(thing.given, '^.*(…|\.\.\.)', '');
    found text[];
begin
    home := nullif(thing.project, '');
    -- What an event stream is called, whatever kind of thing it is.
    select e.stream_type, e.stream_id, e.project into kind, id, home from fleet_log.events e
     where e.stream_id = thing.given and e.stream_version = 1
       and (home is null or e.project in (home, '')) limit 1;
    if kind is not null then
        return;
    end if;
    home := nullif(thing.project, '');
    if thing.given !~ '^(file:|\./)' then
        select 'pilot', p.pilot_id, p.project into kind, id, home from fleet_state.pilots p
         where p.callsign = thing.given and (thing.project is null or p.project = thing.project) order by p.last_seq desc limit 1;
        if kind is null then
            select 'project', p.project_id, p.project into kind, id, home from fleet_state.projects p where p.project = thing.given;
        end if;
        if kind is null then
            select 'host', h.host_id, '' into kind, id, home from fleet_state.hosts h
             where h.hostname = thing.given order by h.last_seq desc limit 1;
        end if;
        if kind is null then
            select 'sortie', s.sortie_id, s.project into kind, id, home from fleet_state.sorties s
             where s.name = thing.given and s.project = thing.project order by s.last_seq desc limit 1;
        end if;
        if kind is null and part ~ '^([a-z]{2,4}_)?[0-9a-hjkmnp-tv-z]{4,26}$' then
            found := fleet_log.short_candidates(thing.project, part);
            if cardinality(found) > 1 then
                perform fleet.refuse('invalid_field', thing.given || ' could mean ' || cardinality(found) || ' things',
                    '/entity', 'name one of: ' || array_to_string(found, ', '), jsonb_build_object('candidates', found));
            end if;
            select e.stream_type, e.stream_id, e.project into kind, id, home from fleet_log.events e
             where e.stream_id = found[1] and e.stream_version = 1;
        end if;
        if kind is not null then
            return;
        end if;
    end if;
    home := nullif(thing.project, '');
    part := fleet_log.pattern_canonical(regexp_replace(thing.given, '^(file:|\./)', ''));
    if home is not null and fleet_log.pattern_problem(part) is null
       and (thing.given ~ '[/.*]' or fleet_log.file_is_known(home, part)) then
        kind := 'file';
        id := part;
        return;
    end if;
    perform fleet.refuse('not_found', 'there is and was nothing called ' || thing.given, '/entity',
                         'an id or an end of it, a callsign, a path (file:NAME where it could be something else)');
end $$;
comment on function fleet_log.thing is
    'What an id, an end of one, a callsign, a name or a path means. Example: select * from fleet_log.thing(''demo'', ''viper-1'')';
