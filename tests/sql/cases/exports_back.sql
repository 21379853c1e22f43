-- An export read back gives the state of its time, in a schema of its own.
begin;
set search_path = tap, public;
select plan(8);
select scene();
select ok((select ok from fleet.send_message('demo', 'viper-1', array['raven-1'], 'hello', 'some text')), 'a message');
create temporary table lines as select seq, line from fleet_log.export_lines(0, 100000);
select is((select array_agg(seq order by seq) from lines), (select array_agg(e.seq order by e.seq) from fleet_log.events e), 'every event, a line each');
select lives_ok($$select fleet_log.open_export('fleet_export_1')$$, 'a schema of its own');
select is(fleet_log.load_export('fleet_export_1', (select string_agg(line, E'\n' order by seq) from lines)), (select count(*) from lines), 'all of it is loaded');
select is((select (events, holes, head_event)::text from fleet_log.fold_export('fleet_export_1')),
          (select (seq, 0, event_id)::text from fleet.head()), 'without a gap, up to the head');
select results_eq($$select * from fleet_log.state_digests('fleet_export_1')$$, $$select * from fleet_log.state_digests('fleet_state')$$, 'the state is the same');
delete from fleet_export_1.pilots where callsign = 'viper-1';
select is((select array_agg(table_name) from (select * from fleet_log.state_digests('fleet_export_1') except select * from fleet_log.state_digests('fleet_state')) x),
          '{pilots}'::text[], 'a row that is missing is noticed in its table');
select is((select array_agg(l.line::jsonb ->> 'body') from fleet_log.export_texts('', 10) l), '{some text}'::text[], 'the texts come along');
select * from finish();
rollback;
