-- A database that was put back: another incarnation, a lease of grace, and what was erased since is erased again.
begin;
set search_path = tap, public;
select plan(9);
select scene();

select ok((select ok from fleet.send_message('demo', 'viper-1', array['raven-1'], 'hello', 'a text that somebody erases later')), 'a message with a text');
create temporary table before as
select fleet.incarnation() as incarnation, (select seq from fleet.head()) as seq,
       (select b.digest from fleet_log.bodies b where b.body = 'a text that somebody erases later') as digest;
update fleet_live.pilots set seen_at = clock_timestamp() - interval '3 days';

select is((select fleet_log.begin_anew(jsonb_build_array(
              jsonb_build_object('digest', b.digest, 'by', 'ops', 'reason', 'a key', 'at', clock_timestamp()),
              jsonb_build_object('digest', 'not here', 'by', 'ops', 'reason', 'a key', 'at', clock_timestamp()))) ->> 'redacted_again'
             from before b), '1', 'one of the erased texts is in this copy');
select isnt(fleet.incarnation(), (select incarnation from before), 'the incarnation moved');
select is((select c.ok from before b, fleet.check_position(b.incarnation || '.' || (b.seq + 1)) c), false,
          'a position beyond the copy is rewound');
select is((select c.ok from before b, fleet.check_position(b.incarnation || '.' || b.seq) c), true,
          'one inside it is not');
select is((select b.body from fleet_log.bodies b, before x where b.digest = x.digest), null, 'the text is gone');
select is((select e.type || ' ' || (e.data ->> 'reason') from fleet.events e order by e.seq desc limit 1), 'body_redacted a key',
          'and the log says so');
select is((select count(*)::int from fleet_live.pilots where seen_at < clock_timestamp() - interval '1 minute'), 0,
          'nobody is silent because the copy is old');
select is_empty('select * from fleet.verify_projections()', 'the state is what the log says');
select * from finish();
rollback;
