-- The board as one document: what it holds, what it leaves out, and that it does not read whole tables.
begin;
\ir ../scene_shop.sql
set search_path = tap, public;
select no_plan();
select open_shop();

create function pg_temp.board(filter jsonb default '{}') returns jsonb language sql as $$
    select fleet.board_json('{"project": "shop"}'::jsonb || filter)::jsonb
$$;
create function pg_temp.has(item jsonb, names text) returns text[] language sql as $$
    select array_agg(n) from unnest(string_to_array(names, ' ')) n where not item ? n
$$;
select is(pg_temp.has(pg_temp.board(), 'project at at_seq missions missions_left_out loose_sorties loose_left_out pilots pilots_left_out orders mail halts waiting'),
          null, 'everything has its place');
select is((pg_temp.board() ->> 'at_seq')::bigint, (select h.seq from fleet.head() h), 'and it says up to where it knows');
select is((select array_agg(m ->> 'title' || ' ' || (m ->> 'progress') order by n) from jsonb_array_elements(pg_temp.board() -> 'missions') with ordinality x(m, n)),
          '{"Checkout with invoices 28","Dark mode 0"}', 'open missions in order');
select is((select array_agg(m ->> 'title' order by n) from jsonb_array_elements(pg_temp.board('{"all": true}') -> 'missions') with ordinality x(m, n)),
          '{"Checkout with invoices","Dark mode","Faster search"}', 'with all, those that have ended follow');
select is((select array_agg((m -> 'counts') = fleet_log.mission_counts(m ->> 'mission_id')) from jsonb_array_elements(pg_temp.board('{"all": "true"}') -> 'missions') m),
          '{t,t,t}', 'counts are those of the missions');
select is((select array_agg((m ->> 'progress')::int = fleet_log.mission_progress(m ->> 'mission_id')) from jsonb_array_elements(pg_temp.board('{"all": true}') -> 'missions') m),
          '{t,t,t}', 'progress too');
select is((select array_agg(s ->> 'name' || ' ' || (s ->> 'status') || ' ' || (s ->> 'ready') || coalesce(' ' || (s ->> 'why_not'), '') order by n)
             from jsonb_array_elements(pg_temp.board() #> '{missions,0,sorties}') with ordinality x(s, n)),
          array['schema completed false', 'api in_progress false', 'pdf pending true', 'tests pending false waits for api (in_progress), pdf (pending)',
                'payment blocked false', 'guide pending true'], 'sorties in the order of their making, with the reason why not');
select is((select s -> 'depends_on' -> 0 ->> 'name' || ' ' || (s -> 'depends_on' -> 0 ->> 'status') from jsonb_array_elements(pg_temp.board() #> '{missions,0,sorties}') s
            where s ->> 'name' = 'api'), 'schema completed', 'a dependency has its name and state');
select is((select array[s ->> 'pilot', s ->> 'blocked_reason', s ->> 'blocker_type', s ->> 'blocker_id', (s ? 'lease_until')::text]
             from jsonb_array_elements(pg_temp.board() #> '{missions,0,sorties}') s where s ->> 'name' = 'payment'),
          array['raven-1', 'which provider, and who has the keys?', 'clarification', 'ada', 'true'], 'who is blocked, why and by whom');
select is((select s ->> 'summary' from jsonb_array_elements(pg_temp.board() #> '{missions,0,sorties}') s where s ->> 'name' = 'schema'),
          'Two tables and seed data.', 'what was done');
select is((select array[m #>> '{sorties,0,name}', m #>> '{sorties,1,name}', m ->> 'sorties_left_out'] from jsonb_array_elements(pg_temp.board('{"sorties": 2}') -> 'missions') m limit 1),
          '{api,payment,4}', 'of many sorties those at work are shown, and the rest is counted');
select is((select array[jsonb_array_length(b -> 'missions')::text, b ->> 'missions_left_out'] from pg_temp.board('{"limit": 1, "sorties": 0}') b), '{1,1}', 'of many missions the first');
select is((select array_agg(m ->> 'title') from jsonb_array_elements(pg_temp.board(jsonb_build_object('mission_id',
              (select right(mission_id, 12) from fleet_state.missions where title = 'Faster search'))) -> 'missions') m), '{"Faster search"}',
          'one mission by the end of its id, ended or not');
select throws_ok($$select fleet.board_json('{"project": "nowhere"}')$$, 'FL404', 'there is no project nowhere', 'an unknown project has no quiet board');
select throws_ok($$select fleet.board_json('{"project": "shop", "mission_id": "msn_none"}')$$, 'FL404', null, 'no such mission');

select shop('create_sortie', 'ada', jsonb_build_object('title', 'Loose ' || i)) from generate_series(1, 3) i;
select is((select array[(select string_agg(s ->> 'title', ',') from jsonb_array_elements(b -> 'loose_sorties') s), b ->> 'loose_left_out'] from pg_temp.board('{"sorties": 2}') b),
          '{"Loose 1,Loose 2",1}', 'sorties of no mission stand apart');
select is((select jsonb_array_length(pg_temp.board(jsonb_build_object('mission_id', (select mission_id from fleet_state.missions limit 1))) -> 'loose_sorties')), 0,
          'and not on the board of a mission');
select is((select array_agg(concat_ws(' ', p ->> 'callsign', p ->> 'status', p ->> 'sortie_title', p ->> 'sorties', p ->> 'holds', p ->> 'waits', p ->> 'orders', p ->> 'unread') order by n)
             from jsonb_array_elements(pg_temp.board() -> 'pilots') with ordinality x(p, n)),
          array['falcon-1 active 0 0 0 0 0', 'owl-1 active 0 0 0 1 0', 'raven-1 active Card payment 1 0 1 0 0', 'viper-1 active Invoice endpoints 1 1 0 0 2',
                'heron-1 stale 0 0 0 0 1'], 'pilots with what they have');
select is((pg_temp.board() -> 'orders') - 'oldest_pending_seconds', '{"pending": 2, "delayed": 1, "claimed": 1, "failed": 0, "dead": 1}'::jsonb, 'the queue in numbers');
select is(pg_temp.board() -> 'mail', '{"unread": 3, "unacked": 1, "by_pilot": {"viper-1": 2, "heron-1": 1}}', 'unread mail by mailbox');
select is((fleet.board_json() -> 'mail' -> 'by_pilot')::jsonb, '{"shop/viper-1": 2, "shop/heron-1": 1}', 'of all projects with their keys');
select is((fleet.board_json()::jsonb ? 'project'), false, 'the board of all projects names none');
select is((select array_agg(concat_ws(' ', h ->> 'scope', h ->> 'reason', h ->> 'by')) from jsonb_array_elements(pg_temp.board() -> 'halts') h),
          '{"mission the design is not agreed ada"}', 'halts in force');
select is((select array_agg(concat_ws(' ', w ->> 'kind', w ->> 'who', w -> 'waits_for' ->> 0) order by w ->> 'kind') from jsonb_array_elements(pg_temp.board() -> 'waiting') w),
          '{"ack raven-1 viper-1","blocked raven-1 ada","files raven-1 viper-1"}', 'who waits for whom');

-- The short page has the same in numbers.
select is((select array[o ->> 'missions', o ->> 'sorties'] from fleet.overview_json('shop') o),
          array['{"review": 0, "pending": 1, "in_progress": 1}',
                '{"ready": 5, "review": 0, "blocked": 1, "pending": 7, "assigned": 0, "in_progress": 1}'], 'the overview counts missions and sorties');
select is((select array[o #>> '{orders,dead}', o #>> '{mail,unread}', o #>> '{halts,0,scope}', o ->> 'requests_waiting'] from fleet.overview_json('shop') o),
          '{1,3,mission,1}', 'and queue, mail and halts');

-- A large fleet: the board reads what it shows.
insert into fleet_state.missions (mission_id, project, title, priority, created_by, complete_by_itself, require_review, on_failure, state, created_at, version, last_seq)
select 'msn_' || lpad(i::text, 26, '0'), 'shop', 'Mission ' || i, 'medium', 'ada', true, false, 'stop', 'in_progress', now(), 1, i from generate_series(1, 100) i;
insert into fleet_state.sorties (sortie_id, project, mission_id, title, priority, rank, files, join_mode, capabilities, max_attempts, state, gate, mission_runs, ready,
       created_seq, created_by, created_at, attempt, progress, files_touched, unreserved, version, last_seq)
select 'srt_' || lpad(i::text, 26, '0'), 'shop', 'msn_' || lpad((1 + i % 100)::text, 26, '0'), 'Sortie ' || i, 'medium', 2, '{}', 'all', '{}', 1,
       case when i % 3 = 0 then 'pending' else 'completed' end, 'waiting', true, false, i, 'ada', now(), 1, 0, '{}', '{}', 1, i from generate_series(1, 20000) i;
analyze fleet_state.missions, fleet_state.sorties;
create function pg_temp.scans() returns bigint language sql volatile as $$
    select sum(seq_scan) from pg_stat_xact_user_tables where schemaname = 'fleet_state' and relname in ('sorties', 'sortie_dependencies')
$$;
create temp table before as select pg_temp.scans() as n;
select is(jsonb_array_length(pg_temp.board() -> 'missions'), 20, 'twenty of a hundred missions');
select is(pg_temp.scans(), (select n from before), 'without reading all sorties');
select * from finish();
rollback;
