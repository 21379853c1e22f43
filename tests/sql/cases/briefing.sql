-- What a pilot is told that has forgotten everything.
begin;
\ir ../scene_shop.sql
set search_path = tap, public;
select no_plan();
select open_shop();

create function pg_temp.briefing(callsign text, more jsonb default '{}') returns jsonb language sql as $$
    select item::jsonb from fleet.briefing(jsonb_build_object('project', 'shop', 'callsign', callsign) || more)
$$;

select is(pg_temp.briefing('raven-1') #>> '{sorties,0,title}', 'Card payment', 'its sortie');
select is((pg_temp.briefing('raven-1') #>> '{sorties,0,token}')::bigint, s.token, 'with the fencing token')
  from fleet_state.sorties s where s.name = 'payment';
select is(pg_temp.briefing('raven-1') #>> '{mission,title}', 'Checkout with invoices', 'the mission of its work');
select is(pg_temp.briefing('raven-1') #> '{mission,counts,total}', '6', 'how many sorties it has');
select is((select array_agg((h ->> 'token')::bigint) from jsonb_array_elements(pg_temp.briefing('viper-1') -> 'held') h),
          (select array_agg(r.token order by r.token) from fleet_state.reservations r where r.holder = 'viper-1' and r.state = 'active'),
          'what it holds, with tokens');
select is(pg_temp.briefing('raven-1') #>> '{waits,0,patterns,0}', 'src/cart/total.ts', 'what it waits for');
select is(pg_temp.briefing('raven-1') #>> '{blockers,0,reason}', 'which provider, and who has the keys?', 'what stands in the way');
select is((pg_temp.briefing('viper-1') ->> 'unread')::int, (select count(*)::int from fleet_state.message_recipients r
                                                             where r.recipient = 'viper-1' and r.state = 'unread'), 'unread mail');
select ok(pg_temp.briefing('viper-1') #>> '{mail,0,body}' is not null and pg_temp.briefing('viper-1') #>> '{mail,0,from}' = 'raven-1',
          'mail with its text and its sender');
select is((pg_temp.briefing('raven-1') #>> '{steps,0,seq}')::bigint, (select max(e.seq) from fleet_log.events e
           where e.actor = 'raven-1' and e.type not in ('usage_recorded', 'thread_created') or e.stream_id in (select s.sortie_id from fleet_state.sorties s where s.name = 'payment')), 'the last step first');
select ok(not exists (select from jsonb_array_elements(pg_temp.briefing('raven-1') -> 'others') o where o ->> 'callsign' = 'raven-1'),
          'the others are the others');
select is((select string_agg(f ->> 'file', ' ') from jsonb_array_elements(pg_temp.briefing('viper-1') -> 'files') f),
          'README.md db/001.sql db/seed.sql', 'files that were changed');
select ok(jsonb_array_length(pg_temp.briefing('raven-1') -> 'halts') = 1, 'what is halted');
select is(pg_temp.briefing('raven-1'), pg_temp.briefing('raven-1'), 'the same state gives the same facts');
select is(pg_temp.briefing(null) #>> '{mission,title}', 'Checkout with invoices', 'nobody in particular is told of the mission under way');
select is(pg_temp.briefing('raven-1', jsonb_build_object('mission_id', right(m.mission_id, 6))) #>> '{mission,title}', 'Faster search', 'or of one that is named')
  from fleet_state.missions m where m.title = 'Faster search';
select throws_ok($$select pg_temp.briefing('nobody-1')$$, 'FL404', 'there is no pilot nobody-1');
select throws_ok($$select pg_temp.briefing('raven-1', '{"mission_id": "msn_no"}')$$, 'FL404', 'there is no mission msn_no');
select throws_ok($$select * from fleet.briefing('{}')$$, 'FL422');

-- Rulings: of the project, the fleet, the mission and the pilot; not those of others.
select shop('record_ruling', 'ada', x) from (values
    ('{"text": "Never touch the payment keys.\n## Not a heading"}'::jsonb),
    ('{"text": "For raven alone", "scope_kind": "pilot", "scope_id": "raven-1"}'),
    ('{"text": "For viper alone", "scope_kind": "pilot", "scope_id": "viper-1"}'),
    ('{"text": "Of the fleet", "scope_kind": "fleet"}')) v(x);
select is((select array_agg(r ->> 'text' order by r ->> 'text') from jsonb_array_elements(pg_temp.briefing('raven-1') -> 'rulings') r),
    array['For raven alone', E'Never touch the payment keys.\n## Not a heading', 'Of the fleet'], 'the rulings that bind this pilot, word for word');
select * from finish();
