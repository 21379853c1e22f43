-- What a mission's policy does: stop or continue, how many failures, deadlines, reviews; and the leader's round.
begin;
set search_path = tap, public;
select no_plan();
select scene();
-- A mission under way with these sorties, each named after it; its id by its title.
create function pg_temp.msn(called text) returns text language sql as $$ select mission_id from fleet_state.missions where title = called $$;
create function pg_temp.mission(called text, policy jsonb, variadic names text[]) returns text language plpgsql as $$
declare n text;
begin
    perform run(ask('create_mission', jsonb_build_object('title', called) || policy));
    foreach n in array names loop perform run(make(n, jsonb_build_object('mission_id', pg_temp.msn(called)))); end loop;
    return run(ask('start_mission', jsonb_build_object('mission_id', pg_temp.msn(called))));
end $$;
create function pg_temp.of(called text) returns text language sql as $$
    select m.state || ': ' || coalesce(string_agg(s.name || ' ' || s.state, ', ' order by s.created_seq), '')
      from fleet_state.missions m left join fleet_state.sorties s on s.mission_id = m.mission_id where m.title = called group by m.state $$;
create function pg_temp.sweep() returns jsonb language sql as $$
    select a.result -> 'sorties' from act('[{"op": "sweep", "roles": ["operator"], "args": {"stale_seconds": 100000}}]') a $$;

-- What a mission may not be.
select is(run(ask('create_mission', '{"title": ""}')), 'invalid_field', 'a mission has a title');
select is(run(ask('create_mission', '{"title": "x", "deadline": "soon"}')), 'invalid_field', 'a deadline is a time');
select is(run(ask('create_mission', '{"title": "x", "deadline": "2020-01-01T00:00:00Z"}')), 'invalid_field', 'that is to come');
select is(run(ask('create_mission', '{"title": "x", "on_failure": "panic"}')), 'invalid_field', 'a policy is one of two');
select is(run(ask('create_mission', jsonb_build_object('title', 'x', 'metadata', jsonb_build_object('a', repeat('x', 20000))))), 'too_large', 'metadata has its limit');

-- stop: the mission fails; what is pending is cancelled, what is under way may finish.
select is(pg_temp.mission('stop', '{}', 's1', 's2', 's3'), 'ok', 'three sorties');
select is(steps('s1', 'claim_sortie', 'start_sortie') || steps('s2', 'claim_sortie', 'start_sortie', 'fail_sortie'), 'okok', 'one fails');
select is(pg_temp.of('stop'), 'failed: s1 in_progress, s2 failed, s3 cancelled', 'the mission fails, the pending one is cancelled');
select is((select reason from fleet_state.missions where title = 'stop'), 'sortie s2 failed: 2 tests fail', 'for the reason');
select is((answer(1)).result -> 'mission' ->> 'status', 'failed', 'the answer says so');
select is(run(job('retry_sortie', 's2', '{}', '{"roles": ["operator"]}')), 'transition_refused', 'it is over: no more attempts');
select is(steps('s1', 'progress', 'complete_sortie') || pg_temp.of('stop'), 'okfailed: s1 completed, s2 failed, s3 cancelled', 'the one under way is finished');
select is(pg_temp.mission('stop2', '{}', 't1', 't2'), 'ok', 'the same again');
select is(steps('t1', 'claim_sortie', 'start_sortie') || steps('t2', 'claim_sortie', 'start_sortie', 'fail_sortie') || steps('t1', 'return_sortie'), 'okokok', 'the one under way comes back');
select is(pg_temp.of('stop2'), 'failed: t1 cancelled, t2 failed', 'to a mission that is over: it is cancelled');

-- continue.
select is(pg_temp.mission('go', '{"on_failure": "continue"}', 'g1', 'g2', 'g3'), 'ok', 'another');
select is(run(make('g4', after('{"g1": "success"}', jsonb_build_object('mission_id', pg_temp.msn('go'))))), 'ok', 'with a dependant');
select is(steps('g1', 'claim_sortie', 'start_sortie', 'fail_sortie') || pg_temp.of('go'), 'okin_progress: g1 failed, g2 pending, g3 pending, g4 skipped', 'goes on');
select is(steps('g2', 'claim_sortie', 'start_sortie', 'complete_sortie') || steps('g3', 'cancel_sortie'), 'okok', 'to the end');
select is(pg_temp.of('go') || '; ' || (select reason from fleet_state.missions where title = 'go'), 'failed: g1 failed, g2 completed, g3 cancelled, g4 skipped; 1 sortie failed', 'where it has failed');
select is(pg_temp.mission('some', '{"on_failure": "continue", "max_failures": 1}', 'm1', 'm2', 'm3', 'm4'), 'ok', 'one failure is allowed');
select is(steps('m1', 'claim_sortie', 'start_sortie', 'fail_sortie') || steps('m2', 'claim_sortie', 'start_sortie', 'fail_sortie'), 'okok', 'two happen');
select is(pg_temp.of('some') || '; ' || (select reason from fleet_state.missions where title = 'some'), 'failed: m1 failed, m2 failed, m3 cancelled, m4 cancelled; 2 sorties failed, 1 may', 'one too many');
select is(pg_temp.mission('ok', '{"on_failure": "continue", "max_failures": 1}', 'o1', 'o2'), 'ok', 'one failure is allowed');
select is(steps('o1', 'claim_sortie', 'start_sortie', 'fail_sortie') || steps('o2', 'claim_sortie', 'start_sortie', 'complete_sortie') || pg_temp.of('ok'), 'okokcompleted: o1 failed, o2 completed', 'and forgiven');
select is((select result from fleet_state.missions where title = 'ok'), '{"sorties_failed": 1, "sorties_skipped": 0, "sorties_cancelled": 0, "sorties_completed": 1}', 'but counted');

-- By hand.
select is(pg_temp.mission('hand', '{"complete_by_itself": false, "on_failure": "continue"}', 'h1', 'h2'), 'ok', 'one that does not complete by itself');
select is(steps('h1', 'claim_sortie', 'start_sortie', 'complete_sortie') || steps('h2', 'claim_sortie', 'start_sortie', 'fail_sortie') || pg_temp.of('hand'), 'okokin_progress: h1 completed, h2 failed', 'waits');
select is(run(ask('complete_mission', jsonb_build_object('mission_id', pg_temp.msn('hand')))), 'transition_refused', 'a failure keeps it from being completed');
select is((answer(1)).message, '1 of its 2 sorties failed', 'which is said');
select is(run(job('retry_sortie', 'h2', '{}', '{"roles": ["operator"]}')) || steps('h2', 'claim_sortie', 'start_sortie', 'complete_sortie'), 'okok', 'it is tried again');
select is(run(ask('complete_mission', jsonb_build_object('mission_id', pg_temp.msn('hand'), 'summary', 'done'))) || pg_temp.of('hand'), 'okcompleted: h1 completed, h2 completed', 'then it is');
select is((answer(1)).result ->> 'status' || ((answer(1)).result ->> 'summary'), 'completeddone', 'completed, with a word');
select is(run(ask('update_mission', jsonb_build_object('mission_id', pg_temp.msn('hand'), 'title', 'x'))), 'transition_refused', 'what is over does not change');

-- Review.
select is(pg_temp.mission('look', '{"require_review": true}', 'l1'), 'ok', 'one that wants a review');
select is(steps('l1', 'claim_sortie', 'start_sortie', 'complete_sortie') || pg_temp.of('look'), 'okreview: l1 completed', 'has it by itself');
select is(run(make('l2', jsonb_build_object('mission_id', pg_temp.msn('look')))), 'transition_refused', 'nothing is added meanwhile');
select is(run(ask('review_mission', jsonb_build_object('mission_id', pg_temp.msn('look'), 'verdict', 'needs_changes', 'feedback', 'more'))), 'ok', 'it needs changes');
select is((pg_temp.sweep() ->> 'missions_ended') || pg_temp.of('look'), '0in_progress: l1 completed', 'and does not come back before something has changed');
select is(run(make('l2', jsonb_build_object('mission_id', pg_temp.msn('look')))) || steps('l2', 'claim_sortie', 'start_sortie', 'complete_sortie') || pg_temp.of('look'), 'okokreview: l1 completed, l2 completed', 'then it does');
select is(run(ask('review_mission', jsonb_build_object('mission_id', pg_temp.msn('look'), 'verdict', 'approved'), '{"actor": "raven-1"}')), 'ok', 'and is approved');
select is((answer(1)).result #>> '{review,reviewer}' || ((answer(1)).result ->> 'status'), 'raven-1completed', 'by name');
select is(pg_temp.mission('bad', '{"require_review": true}', 'b1') || steps('b1', 'claim_sortie', 'start_sortie', 'complete_sortie')
       || run(ask('review_mission', jsonb_build_object('mission_id', pg_temp.msn('bad'), 'verdict', 'rejected', 'feedback', 'no'))), 'okokok', 'another is rejected');
select is((select state || ': ' || reason from fleet_state.missions where title = 'bad'), 'failed: rejected by viper-1: no', 'which fails it');

-- Cancelled, with all that is open, and its files.
select is(pg_temp.mission('away', '{}', 'a1', 'a2', 'a3'), 'ok', 'three more');
select is(steps('a1', 'claim_sortie', 'start_sortie') || steps('a2', 'claim_sortie', 'start_sortie', 'request_review'), 'okok', 'in all states');
select does(ask('reserve', jsonb_build_object('patterns', '["x/**"]'::jsonb, 'sortie_id', srt('a1'))));
select is(run(make('loose', after('{"a3": "success"}'))), 'ok', 'one outside that waits');
select is(run(ask('cancel_mission', jsonb_build_object('mission_id', pg_temp.msn('away'), 'reason', 'not wanted'))), 'ok', 'cancelled');
select is((answer(1)).result -> 'cancelled', jsonb_build_array(srt('a1'), srt('a2'), srt('a3')), 'with what was open');
select is(pg_temp.of('away') || (select array_agg(distinct reason)::text from fleet_state.sorties where name ~ '^a\d'), 'cancelled: a1 cancelled, a2 cancelled, a3 cancelled{"its mission was cancelled"}', 'for the reason');
select is((select s.state from fleet_state.sorties s where s.name = 'loose'), 'skipped', 'and who waited outside is skipped');
select is(held(), '{}', 'no file is held');
select is(run(job('progress', 'a1', '{"percent": 1}', jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', srt('a1'), 'token', 5)))), 'stale_token', 'the pilot hears of it');

-- Changing.
select is(run(ask('create_mission', '{"title": "new", "metadata": {"a": null}}')) || run(ask('update_mission', jsonb_build_object('mission_id', pg_temp.msn('new'), 'deadline', '2100-01-01T00:00:00Z', 'expected_version', 1))), 'okok', 'a deadline is given');
select is((answer(1)).result ->> 'deadline', '2100-01-01T00:00:00.000Z', 'and kept');
select is(run(ask('update_mission', jsonb_build_object('mission_id', pg_temp.msn('new'), 'deadline', '', 'expected_version', 1))), 'if_match_failed', 'not by who read an older one');
select is(run(ask('update_mission', jsonb_build_object('mission_id', pg_temp.msn('new'), 'deadline', ''))) || coalesce((answer(1)).result ->> 'deadline', ' none'), 'ok none', 'and taken away');

-- Time. The clock cannot be moved, so the rows are.
select is(pg_temp.mission('late', '{"deadline": "2100-01-01T00:00:00Z"}', 'd1', 'd2'), 'ok', 'one with a deadline');
select is(steps('d1', 'claim_sortie', 'start_sortie'), 'ok', 'at work');
savepoint before_time;
update fleet_state.missions set deadline = now() - interval '1 s' where title = 'late';
select is(pg_temp.sweep() ->> 'missions_late', '1', 'the leader sees the deadline');
select is(pg_temp.of('late'), 'failed: d1 cancelled, d2 cancelled', 'it fails, and all of it is cancelled');
select matches((select reason from fleet_state.missions where title = 'late'), '^its deadline passed at ', 'for the reason');
select is(run(make('slow', '{"timeout_seconds": 60, "max_attempts": 2}')) || steps('slow', 'claim_sortie', 'start_sortie'), 'okok', 'one with a time-out');
select is(pg_temp.sweep() ->> 'timed_out', '0', 'not yet');
update fleet_state.sorties set assigned_at = now() - interval '61 s' where name = 'slow';
select is(pg_temp.sweep() ->> 'timed_out', '1', 'now');
select is((select state || attempt || (error ->> 'kind') || ': ' || (error ->> 'message') from fleet_state.sorties where name = 'slow'), 'pending2timeout: attempt 1 took longer than 1m', 'the attempt failed, the next may come');
select is(run(make('seen', '{"timeout_seconds": 60}')) || steps('seen', 'claim_sortie', 'start_sortie', 'request_review'), 'okok', 'another, in review');
update fleet_state.sorties set assigned_at = assigned_at - interval '2 minutes' where name = 'seen';
select is(run(job('review', 'seen', '{"verdict": "needs_changes"}', '{"actor": "raven-1"}')), 'ok', 'which takes longer than the time-out');
select is(pg_temp.sweep() ->> 'timed_out', '0', 'and is not the pilot''s time');
rollback to before_time;

-- Each quarter once, and no further however it moves.
select is(pg_temp.mission('steps', '{}', 'q1', 'q2') || steps('q1', 'claim_sortie', 'start_sortie') || steps('q2', 'claim_sortie', 'start_sortie'), 'okokok', 'progress');
select does(job('progress', 'q1', '{"percent": 49}'));
select is((select count(*) from fleet.events where type = 'mission_progressed' and stream_id = pg_temp.msn('steps')), 0::bigint, '24 percent');
select does(job('progress', 'q1', '{"percent": 50}')), does(job('progress', 'q1', '{"percent": 10}')), does(job('progress', 'q1', '{"percent": 60}'));
select is((select array_agg(data ->> 'percent') from fleet.events where type = 'mission_progressed' and stream_id = pg_temp.msn('steps')), '{25}', '25, once');
select is((select percent from fleet.missions where title = 'steps'), 30, 'the view derives it');
select does(job('progress', 'q2', '{"percent": 100}'));
select is((select array_agg(data ->> 'percent' order by seq) from fleet.events where type = 'mission_progressed' and stream_id = pg_temp.msn('steps')), '{25,50,75}', 'two at one step');
select is((select item::jsonb -> 'counts' from fleet.show_mission(jsonb_build_object('mission_id', pg_temp.msn('steps')))),
    '{"ready": 0, "total": 2, "failed": 0, "review": 0, "blocked": 0, "pending": 0, "skipped": 0, "assigned": 0, "cancelled": 0, "completed": 0, "in_progress": 2}', 'counts of all states');
select is((select array_agg(item::jsonb ->> 'title') from fleet.list_missions('{"project": "demo", "status": "open"}')), '{new,late,steps}', 'the list of what is open');
select is_empty($$select * from fleet.verify_projections()$$, 'a replay gives the same');
select * from finish();
rollback;
