-- Replay gives what the triggers gave, in whatever pieces the log is folded.
begin;
set search_path = tap, public;
select no_plan();
select scene();
-- Many events of one entity in one range and over several.
select act((select jsonb_agg(case i % 7
    when 0 then ask('register_pilot', jsonb_build_object('callsign', 'p' || i % 5, 'program', 'x' || i, 'model', 'm', 'resume', true,
                                                         'capabilities', jsonb_build_array('c' || i % 4)))
    when 1 then ask('set_pilot_status', jsonb_build_object('callsign', 'p' || i % 5, 'to', 'idle'))
    when 2 then ask('change_capabilities', jsonb_build_object('callsign', 'p' || i % 5, 'added', jsonb_build_array('a' || i % 3),
                                                              'removed', jsonb_build_array('c' || i % 4)))
    when 3 then ask('deregister_pilot', jsonb_build_object('callsign', 'p' || i % 5))
    when 4 then ask('register_project', jsonb_build_object('key', 'q' || i % 3, 'name', 'n' || i), jsonb_build_object('project', 'q' || i % 3))
    when 5 then jsonb_build_object('op', 'host_join', 'args', jsonb_build_object('host_id', fleet_log.typeid('host', md5((i % 4)::text)::uuid),
                'hostname', 'h' || i, 'version', '1', 'pid', 7, 'lease_seconds', 10))
    else note(i) end order by i) from generate_series(0, 300) i));
select ok((select count(*) from answers where ok) > 150, 'a busy log');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'live state = replay in one piece');

select fleet_log.clone_state('by_one');
select fleet_log.fold_range('by_one', 1, (select max(seq) from fleet.events), 1);
select fleet_log.clone_state('by_seven');
select fleet_log.fold_range('by_seven', 1, (select max(seq) from fleet.events), 7);
select is((select count(*) from fleet_log.compare_table(c.relname, 'by_one')), 0::bigint, c.relname || ' folded event by event')
  from pg_class c where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r';
select is((select count(*) from fleet_log.compare_table(c.relname, 'by_seven')), 0::bigint, c.relname || ' folded in sevens')
  from pg_class c where c.relnamespace = 'fleet_state'::regnamespace and c.relkind = 'r';

select is((select to_seq from fleet.replay('replayed')), (select max(seq) from fleet.events), 'replay says how far it went');
select is((select count(*) from replayed.pilots), (select count(*) from fleet.pilots), 'and leaves its tables to look at');
select throws_ok($$select * from fleet.replay('replayed')$$, 'FL422', null, 'not over what is there');
select throws_ok($$select * from fleet.replay('fleet_state')$$, 'FL422', null, 'and never over the projections');
select throws_ok($$select * from fleet.replay('x; drop')$$, 'FL422', null, 'a schema''s name is a name');
select * from finish();
rollback;
