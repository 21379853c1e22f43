-- What a pilot says of its sortie, reviews, failures, files, and what is refused.
begin;
set search_path = tap, public;
select no_plan();
select scene();
create function pg_temp.item(called text) returns jsonb language sql as $$
    select item::jsonb from fleet.show_sortie(jsonb_build_object('sortie_id', srt(called))) $$;

-- Making one.
select is(run(make('a', '{"title": ""}')), 'invalid_field', 'a title is needed');
select is(run(make('A')), 'invalid_field', 'a name is lower case');
select is(run(make('a', '{"priority": "urgent"}')), 'invalid_field', 'a priority is one of four');
select is(run(make('a', '{"complexity": 6}')), 'invalid_field', 'complexity goes to five');
select is(run(make('a', '{"files": ["../x"]}')), 'invalid_field', 'files are patterns of the project');
select is((answer(1)).field, '/args/files/0', 'the wrong one is named');
select is(run(make('a', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge9"}')), 'not_found', 'a mission must exist');
select is(run(make('a', '{"max_attempts": 2, "files": ["src/"], "timeout_seconds": 60, "estimated_minutes": 5, "complexity": 2, "description": "all"}')), 'ok', 'a full one');
select is(run(make('b', jsonb_build_object('sortie_id', srt('a')))), 'version_conflict', 'an id is used once');

-- Who may do what.
select is(run(job('claim_sortie', 'a', '{}', '{"actor": "viper-1"}')), 'ok', 'viper-1 has it');
select is(run(job('start_sortie', 'a', '{}', '{"actor": "raven-1"}')), 'forbidden', 'raven-1 cannot start it, even with the token');
select is((answer(1)).message, 'this sortie is viper-1''s', 'because it is not raven-1''s');
select is(run(job('start_sortie', 'a', '{}', jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', srt('a'), 'token', 1)))), 'stale_token', 'nor anybody with another token');
select is(run(job('start_sortie', 'a') - 'fence'), 'invalid_field', 'nor without one');
select does(make('other'));
select does(job('claim_sortie', 'other', '{}', '{"actor": "viper-1"}'));
select is(run(job('start_sortie', 'a', '{}', jsonb_build_object('fence', job('start_sortie', 'other') -> 'fence'))), 'invalid_field', 'nor with the token of another sortie');
select is(run(job('start_sortie', 'a', '{}', jsonb_build_object('fence', (job('start_sortie', 'a') -> 'fence') || jsonb_build_object('id', right(srt('a'), 12))))), 'ok', 'the id in a fence may be short');
select is(run(job('progress', 'a', '{"percent": 101}')), 'invalid_field', 'percent goes to 100');
select is(run(job('progress', 'a', '{"percent": 1.5}')), 'invalid_field', 'in whole numbers');
select is(run(job('update_sortie', 'a', '{"role": "x"}')), 'transition_refused', 'what decides who may claim it cannot change now');
select is(run(job('update_sortie', 'a', '{"priority": "high", "expected_version": 1}')), 'if_match_failed', 'a version that has gone is refused');
select is((answer(1)).detail, '{"version": 3}', 'with the present one');
select is(run(job('update_sortie', 'a', '{"priority": "high", "expected_version": 3, "timeout_seconds": 0}')), 'ok', 'the rest may change');
select is((answer(1)).result ->> 'priority' || coalesce((answer(1)).result ->> 'timeout_seconds', ' none'), 'high none', 'and does; 0 takes a time-out away');

-- Files outside its reservation.
select does(ask('reserve', jsonb_build_object('patterns', '["src/**", "docs/*.md"]'::jsonb, 'sortie_id', srt('a'))));
select is(run(job('progress', 'a', '{"percent": 10, "files_touched": ["src/deep/a.c", "./docs/x.md"]}')), 'ok', 'files that are reserved');
select is((answer(1)).result -> 'violated', null, 'are no violation');
select is(run(job('progress', 'a', '{"percent": 20, "files_touched": ["src/a.c", "web/x.ts", "docs/deep/x.md", "web/x.ts"]}')), 'ok', 'others are taken all the same');
select is((answer(1)).result -> 'violated', '["docs/deep/x.md", "web/x.ts"]', 'but named');
select is((select data from fleet.events where type = 'sortie_scope_violated'), '{"files": ["docs/deep/x.md", "web/x.ts"], "reserved": ["docs/*.md", "src/**"]}', 'in an event, with what was held');
select is(run(job('progress', 'a', '{"percent": 25, "files_touched": ["./", "././"]}')), 'ok', 'a path that is no more than here is none');
select is(run(job('progress', 'a', '{"percent": 30, "files_touched": ["web/x.ts", "web/y.ts"]}')) || ((answer(1)).result ->> 'violated'), 'ok["web/y.ts"]', 'each file once');
select is(pg_temp.item('a') -> 'files_touched', '["docs/deep/x.md", "docs/x.md", "src/a.c", "src/deep/a.c", "web/x.ts", "web/y.ts"]', 'all that was touched is kept');

-- Blocked.
select is(run(job('block', 'a', '{"reason": "which API?", "blocker_type": "pilot", "blocker_id": "raven-1"}')), 'ok', 'it cannot go on');
select is((pg_temp.item('a') -> 'blocked') - 'since'::text, '{"reason": "which API?", "blocker_id": "raven-1", "blocker_type": "pilot"}', 'and says why');
select is(run(job('unblock', 'a', '{"resolution": "v2"}')) || coalesce(pg_temp.item('a') ->> 'blocked', ' not blocked'), 'ok not blocked', 'until it is resolved');

-- Failing, and another attempt.
select is(run(job('fail_sortie', 'a', '{"error": {"kind": "test"}}')), 'invalid_field', 'an error has a message');
select is((answer(1)).field, '/args/error/message', 'which is missing');
select is(run(job('fail_sortie', 'a', '{"error": {"kind": "test", "message": "m", "who": "me"}}')), 'unknown_field', 'and nothing that nobody knows');
select is(run(job('fail_sortie', 'a', '{"error": {"kind": "test", "message": "2 fail", "detail": {"n": 2}}}')), 'ok', 'the first attempt fails');
select is(pg_temp.item('a') #>> '{status}' || (pg_temp.item('a') ->> 'attempt') || (pg_temp.item('a') ->> 'progress'), 'pending20', 'a second is left');
select is((answer(1)).result -> 'freed', (select to_jsonb(array_agg(reservation_id)) from fleet_state.reservations where sortie_id = srt('a')), 'its files are free meanwhile');
select is((select array_agg(e.type || coalesce(e.data ->> 'final', '') || coalesce(e.data ->> 'cause', '') order by e.seq) from fleet_log.events e where e.seq > (answer(1)).seq - 3 and e.stream_type = 'sortie'), '{sortie_failedfalse,sortie_requeuedretry}', 'the log has both');
select is(steps('a', 'claim_sortie', 'start_sortie', 'fail_sortie'), 'ok', 'it fails again');
select is(pg_temp.item('a') ->> 'status' || (pg_temp.item('a') #>> '{error,message}'), 'failed2 tests fail', 'for good');
select is(run(job('retry_sortie', 'a')), 'forbidden', 'its attempts are used up');
select is(run(job('retry_sortie', 'a', '{}', '{"roles": ["operator"]}')), 'ok', 'an operator may try once more');
select is((answer(1)).result ->> 'attempt', '3', 'as the third');
select is(steps('a', 'claim_sortie', 'start_sortie') || run(job('fail_sortie', 'a', '{"error": {"kind": "k", "message": "m"}, "final": true}')), 'okok', 'and fail finally');

-- Giving back.
select is(steps('other', 'start_sortie') || run(job('progress', 'other', '{"percent": 70, "message": "almost"}')), 'okok', 'almost done');
select is(run(job('return_sortie', 'other')), 'ok', 'but given back');
select is((answer(1)).result ->> 'status' || ((answer(1)).result ->> 'progress') || ((answer(1)).result ->> 'progress_message'), 'pending70almost', 'its progress is kept');

-- Reviews.
create function pg_temp.handed(called text, reviewer text) returns text language sql as $$
    select run(make(called, '{"max_attempts": 2}')) || steps(called, 'claim_sortie', 'start_sortie')
           || run(job('request_review', called, jsonb_strip_nulls(jsonb_build_object('reviewer', reviewer, 'summary', 'look', 'result', '{"n": 1}'::jsonb, 'files_touched', '["z.c"]'::jsonb)))) $$;
select is(run(make('r0')) || steps('r0', 'claim_sortie', 'start_sortie') || run(job('request_review', 'r0', '{"reviewer": "viper-1"}')), 'okokinvalid_field', 'nobody reviews his own work');
select is(pg_temp.handed('r1', 'raven-1'), 'okokok', 'handed in');
select is(pg_temp.item('r1') ->> 'status' || (pg_temp.item('r1') ->> 'summary') || coalesce(pg_temp.item('r1') ->> 'lease_until', ' no lease'), 'reviewlook no lease', 'it waits, and its lease does not run');
select is(run(job('review', 'r1', '{"verdict": "approved"}', '{"actor": "viper-1"}')), 'forbidden', 'not by the pilot');
select is(run(job('review', 'r1', '{"verdict": "approved"}', '{"actor": "lynx-1"}')), 'forbidden', 'nor by somebody who was not asked');
select is(run(job('review', 'r1', '{"verdict": "fine"}', '{"actor": "raven-1"}')), 'invalid_field', 'a verdict is one of three');
select is(run(job('review', 'r1', '{"verdict": "needs_changes", "feedback": "rule 7", "issues": ["a", "b"]}', '{"actor": "raven-1"}')), 'ok', 'it needs changes');
select is(pg_temp.item('r1') ->> 'status' || (pg_temp.item('r1') #>> '{review,issues}'), 'in_progress["a", "b"]', 'the pilot goes on, with what was said');
select is(run(job('request_review', 'r1', '{"summary": "again", "result": {"n": 2}}')), 'ok', 'and hands in again');
select is(run(job('review', 'r1', '{"verdict": "approved"}', '{"actor": "lynx-1", "roles": ["operator"]}')), 'ok', 'an operator may always give it');
select is(pg_temp.item('r1') ->> 'status' || (pg_temp.item('r1') ->> 'summary') || (pg_temp.item('r1') #>> '{result,n}'), 'completedagain2', 'what was handed in last is its result');
select is(pg_temp.handed('r2', null), 'okokok', 'handed in for anybody');
select is(run(job('review', 'r2', '{"verdict": "rejected", "feedback": "no"}', '{"actor": "lynx-1"}')), 'ok', 'rejected');
select is(pg_temp.item('r2') ->> 'status' || (pg_temp.item('r2') ->> 'attempt') || (pg_temp.item('r2') #>> '{error,message}'), 'pending2no', 'is a failed attempt');
select is((select array_agg(type order by seq) from (select type, seq from fleet.events where stream_id = srt('r2') order by seq desc limit 3) x), '{review_completed,sortie_failed,sortie_requeued}', 'after the verdict');
select is(steps('r2', 'claim_sortie', 'start_sortie', 'request_review'), 'ok', 'the second is handed in');
select does(ask('deregister_pilot', '{"callsign": "viper-1"}'));
select is(pg_temp.item('r2') ->> 'status', 'review', 'a lost pilot does not take a review along');
select is(run(job('review', 'r2', '{"verdict": "needs_changes"}', '{"actor": "lynx-1"}')), 'ok', 'but when it needs changes');
select is(pg_temp.item('r2') ->> 'status' || (select data ->> 'cause' from fleet.events where type = 'sortie_requeued' order by seq desc limit 1), 'pendingreview', 'somebody else has to make them');
select does(ask('register_pilot', '{"callsign": "viper-1", "program": "p", "model": "m"}'));

-- Handing in.
select is(run(make('end')) || steps('end', 'claim_sortie', 'start_sortie'), 'okok', 'one more');
select is(run(job('complete_sortie', 'end', jsonb_build_object('result', jsonb_build_object('x', repeat('x', 65536))))), 'too_large', 'a result has its limit');
select is(run(job('complete_sortie', 'end', '{"evidence": [{"command": "x"}]}')), 'invalid_field', 'evidence has an exit code');
select is((answer(1)).field, '/args/evidence/0', 'the wrong one is named');
select is(run(job('complete_sortie', 'end', '{"evidence": [{"command": "make test", "exit_code": 0, "output_digest": "sha256:1"}], "files_touched": ["q.c"], "summary": "my words, secret"}')), 'ok', 'done');
select is((answer(1)).result -> 'violated' || ((answer(1)).result -> 'evidence'), '["q.c", {"command": "make test", "exit_code": 0, "output_digest": "sha256:1"}]', 'what was touched without leave is said here, too');
select is(run(ask('redact', jsonb_build_object('event_id', (select event_id from fleet.events where type = 'sortie_completed' order by seq desc limit 1), 'reason', 'a key'), '{"roles": ["operator"]}')), 'ok', 'an operator erases the summary');
select is(pg_temp.item('end') -> 'summary', 'null', 'then it is gone');
select is(run(make('end2')) || steps('end2', 'claim_sortie', 'start_sortie') || run(job('complete_sortie', 'end2', '{"summary": "my words, secret"}')), 'okokforbidden', 'and cannot come back in the same words');

-- Cancelling frees files and those who wait for them.
select does(ask('reserve', jsonb_build_object('patterns', '["lib/**"]'::jsonb, 'sortie_id', srt('end2'))));
select does(ask('reserve', '{"patterns": ["lib/a"], "wait_seconds": 60}', '{"actor": "raven-1"}'));
select is(run(job('cancel_sortie', 'end2', '{"reason": "elsewhere"}', '{"actor": "lynx-1"}')), 'ok', 'anybody may cancel');
select is(held(), '{"raven-1 lib/a"}', 'who waited for its files has them');
select is(run(ask('reserve', jsonb_build_object('patterns', '["late/**"]'::jsonb, 'sortie_id', srt('end2')))), 'transition_refused', 'for a sortie that has ended nothing is reserved: nothing would free it');
select is((answer(1)).field || ' ' || ((answer(1)).detail ->> 'found'), '/args/sortie_id cancelled', 'and why is said');
select is(held(), '{"raven-1 lib/a"}', 'nothing was');
select is(pg_temp.item('end2') ->> 'reason', 'elsewhere', 'the reason is kept');
select is((select count(*) from fleet.list_sorties('{"project": "demo", "status": "open"}')), (select count(*) from fleet_state.sorties where not fleet_log.has_ended(state)), 'the list of what is open');
select is((select array_agg(item::jsonb ->> 'name') from fleet.list_sorties('{"project": "demo", "status": "completed,cancelled"}')), '{r1,end,end2}', 'and of what is not');
select is_empty($$select * from fleet.verify_projections()$$, 'a replay gives the same');

-- What lies outside: by joins, and the same by matching every file with every pattern.
select setseed(0.31);
create temp table met as
select array(select distinct array_to_string(array(select (array['a', 'b', 'ab', 'a.c', 'x*', '?', '**', '*b', '*.c'])[1 + floor(random() * 9)::int] from generate_series(1, 1 + floor(random() * 4)::int + 0 * t + 0 * i)), '/')
               from generate_series(1, 6) i) as held,
       array(select distinct array_to_string(array(select (array['a', 'b', 'ab', 'a.c', 'xb', 'x.c', ''])[1 + floor(random() * 7)::int] from generate_series(1, 1 + floor(random() * 4)::int + 0 * t + 0 * i)), '/')
               from generate_series(1, 12) i) as files
  from generate_series(1, 300) t;
update met set held = array(select p from unnest(held) p where fleet_log.pattern_problem(p) is null), files = array_remove(files, '');
select is((select count(*) from met where fleet_log.files_outside(files, held) is distinct from
    array(select f from unnest(files) f where not exists (select from unnest(held) p where f = p or f ~ fleet_log.pattern_regex(p)) order by f)), 0::bigint, 'both say the same of any patterns');
select cmp_ok((select count(*) from met where fleet_log.files_outside(files, held) not in ('{}', files)), '>', 50::bigint, 'of which many cover some files');
create temp table lasted as select clock_timestamp() as since;
select is(fleet_log.files_outside(array(select format('d%s/a/x%s.c', i, i) from generate_series(1, 1000) i), array(select format(k, i, i) from generate_series(2, 992) i)), '{d1/a/x1.c,d1000/a/x1000.c,d993/a/x993.c,d994/a/x994.c,d995/a/x995.c,d996/a/x996.c,d997/a/x997.c,d998/a/x998.c,d999/a/x999.c}', 'a thousand files and patterns like ' || k)
  from unnest('{d%s/a/x%s.c,d%s/**,d%s/**/x%s*.c,**/x%s.c}'::text[]) k;
select cmp_ok(clock_timestamp() - since, '<', '4 s', 'do not take long') from lasted;
select * from finish();
rollback;
