-- The doctor looks at the work, too: leases nobody sweeps, halts, dead orders, answers that are due, sorties nobody can take.
begin;
\ir ../scene_shop.sql
set search_path = tap, public;
select no_plan();
create function pg_temp.said(what text) returns text language sql as $$
    select d.state || ' ' || regexp_replace(d.value, ',.*', '') from fleet.doctor() d where d.what = said.what
$$;
select shop('register_project', 'ada', '{"key": "shop"}');
select is((select array_agg(d.what || ' ' || d.state) from fleet_log.doctor_work() d where d.state <> 'ok'), null, 'nothing is wrong with an empty shop');
select is((select array_agg(d.what) from fleet_log.doctor_work() d where (d.advice = '') <> (d.state = 'ok')), null, 'advice is given where something is wrong');

select open_shop();
select is(pg_temp.said(what), said, what) from (values
    ('lapsed leases are swept', 'ok 0 lapsed'), ('nothing is halted', 'warn 1'), ('no work order is dead', 'warn 1'),
    ('mail is answered in time', 'ok 0'), ('no sortie waits in vain', 'ok 0'), ('ready sorties have pilots', 'warn 1'),
    ('texts of mail are kept', 'ok 0 missing'), ('projections = log', 'ok 0 differences')) t(what, said);

-- Time goes by and no daemon looks after it.
update fleet_state.sorties set signed_at = signed_at - interval '2 hours' where state in ('in_progress', 'blocked');
update fleet_live.pilots set seen_at = seen_at - interval '2 hours' where project = 'shop' and callsign in ('viper-1', 'raven-1');
select is(pg_temp.said('lapsed leases are swept'), 'warn 4 lapsed', 'two sorties and two pilots are not swept');
update fleet_state.message_recipients set ack_due_at = ack_due_at - interval '2 hours' where awaits_ack;
select is(pg_temp.said('mail is answered in time'), 'warn 1', 'an answer that is overdue');
delete from fleet_log.bodies where digest in (select body_digest from fleet_state.messages where subject = 'Screenshots');
select is(pg_temp.said('texts of mail are kept'), 'bad 1 missing', 'a text that was lost');
select alike((select d.advice from fleet.doctor() d where d.what = 'lapsed leases are swept'), '%no daemon does its rounds%', 'what to do about it');
select * from finish();
rollback;
