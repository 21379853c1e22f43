-- With ten thousand rows in every table no hot path reads a table from end to end. Counted by the server itself.
begin;
set search_path = tap, public;
select no_plan();
select scene();
insert into fleet_log.events (seq, event_id, project, type, stream_type, stream_id, stream_version, actor, correlation_id, causation_id,
                              data, occurred_at, recorded_at)
select 3 + i, fleet.new_id('evt'), 'p' || i % 50, 'x.t' || i % 20, 'x', 's' || i, 1, 'a' || i % 100, 'c' || i % 1000, 'e' || i, '{"a": 1}',
       now(), now() from generate_series(1, 10000) i;
insert into fleet_log.events (seq, event_id, project, type, stream_type, stream_id, stream_version, actor, data, occurred_at, recorded_at)
select 10003 + i, fleet.new_id('evt'), 'demo', 'pilot_registered', 'pilot', 'plt_' || i, 1, 'a',
       jsonb_build_object('callsign', 'c-' || i, 'program', 'p', 'model', 'm', 'capabilities', '[]'::jsonb, 'host', 'h' || i % 100), now(), now()
  from generate_series(1, 10000) i;
insert into fleet_live.pilots select 'demo', 'c-' || i, now() from generate_series(1, 10000) i;
insert into fleet_live.idempotency select 'uid:0', 'k' || i, 'append', 'd', '{}', i, now() from generate_series(1, 10000) i;
insert into fleet_live.cursors select 'demo', 'c' || i, 1, null, 'i', now() from generate_series(1, 10000) i;
select act((select jsonb_agg(ask('register_project', jsonb_build_object('key', 'q' || i), jsonb_build_object('project', 'q' || i)))
              from generate_series(1, 2000) i));
analyze fleet_log.events, fleet_state.pilots, fleet_state.projects, fleet_live.pilots, fleet_live.idempotency, fleet_live.cursors;

create function pg_temp.scans() returns table (name text, n bigint) language sql volatile as $$
    select schemaname || '.' || relname, seq_scan from pg_stat_xact_user_tables
     where schemaname || '.' || relname in ('fleet_log.events', 'fleet_state.pilots', 'fleet_state.projects', 'fleet_live.pilots',
                                            'fleet_live.idempotency', 'fleet_live.cursors')
$$;
create function pg_temp.whole(what text) returns text[] language plpgsql as $$
declare
    before jsonb := (select jsonb_object_agg(name, n) from pg_temp.scans());
begin
    execute what;
    return (select array_agg(s.name order by s.name) from pg_temp.scans() s where s.n > coalesce((before ->> s.name)::bigint, 0));
end $$;
select is(pg_temp.whole(what), null, why) from (values
    ($$select * from fleet.act((select jsonb_agg(tap.note(i, jsonb_build_object('key', 'n' || i))) from generate_series(1, 64) i))$$, 'append'),
    ($$select * from fleet.act(jsonb_build_array(tap.ask('append', '{"events": [{"type": "x.a"}], "expected_version": {"s7": 1}}')))$$,
     'append with an expected version'),
    ($$select * from fleet.act(jsonb_build_array(tap.ask('append', jsonb_build_object('events', jsonb_build_array(jsonb_build_object('type', 'x.a',
        'event_id', 'evt_01m7y4xbh5t2qgekpjg6t2qgek'))))))$$, 'append with an id'),
    ($$select * from fleet.act(jsonb_build_array(tap.ask('register_pilot', '{"callsign": "z-1", "program": "p", "model": "m"}'),
        tap.ask('set_pilot_status', '{"callsign": "z-1", "to": "idle"}'), tap.ask('change_capabilities', '{"callsign": "z-1", "added": ["a"]}'),
        tap.ask('deregister_pilot', '{"callsign": "z-1"}')))$$, 'a pilot''s life'),
    ($$select * from fleet.act(jsonb_build_array(tap.ask('register_project', '{"key": "n"}', '{"project": "n"}')))$$, 'register_project'),
    ($$select * from fleet.beat('[{"project": "demo", "callsign": "c-77"}]')$$, 'beat'),
    ($$select * from fleet.advance_cursor('demo', 'c7', 9)$$, 'advance_cursor'),
    ($$select * from fleet.head()$$, 'head'),
    ($$select * from fleet.read_log(9000, 9100, 100)$$, 'read_log'),
    ($$select * from fleet.list_events('{"project": "p7", "limit": 100}')$$, 'events of a project'),
    ($$select * from fleet.list_events('{"type": "x.t7"}')$$, 'events of a type'),
    ($$select * from fleet.list_events('{"actor": "a7", "before": "99999"}')$$, 'events of an actor, backwards'),
    ($$select * from fleet.list_events('{"stream_id": "s77"}')$$, 'events of a stream'),
    ($$select * from fleet.list_events('{"correlation_id": "c77"}')$$, 'events of a conversation'),
    ($$select * from fleet.list_events('{"causation_id": "e77"}')$$, 'events because of another'),
    ($$select * from fleet.list_events('{"after": "9000", "limit": 100}')$$, 'events after a position'),
    ($$select * from fleet.list_pilots('{"project": "demo", "callsign": "c-77"}')$$, 'one pilot'),
    ($$select * from fleet.list_projects('{"key": "q77"}')$$, 'one project'),
    ($$select * from fleet.list_cursors('{"project": "demo", "name": "c77"}')$$, 'one cursor')) t(what, why);

create function pg_temp.plan(what text) returns text language plpgsql as $$
declare
    line text;
    whole text := '';
begin
    for line in execute 'explain ' || what loop whole := whole || line || E'\n'; end loop;
    return whole;
end $$;
select unalike(pg_temp.plan(format($$select envelope from fleet_log.envelopes where seq > %s and seq <= %s order by seq limit 500$$, n, n + 500)),
               '%Sort%', 'the range read from ' || n || ' is in index order') from unnest(array[0, 5000, 15000, 19999]) n;
select * from finish();
rollback;
