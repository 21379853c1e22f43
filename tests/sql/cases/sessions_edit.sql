-- The question before an edit: held, free, halted; and what a session is told: mail, promises, files touched.
begin;
set search_path = tap, public;
select plan(67);
select scene();
create function pg_temp.s(op text, session text, args jsonb default '{}') returns jsonb language sql as $$
    select tap.ask(op, jsonb_build_object('client', 'codex', 'session_id', session) || args) $$;
create function pg_temp.said(variadic path text[]) returns text language sql as $$ select (tap.answer(1)).result #>> path $$;
create function pg_temp.edit(session text, variadic paths text[]) returns text language sql as $$
    select tap.run(pg_temp.s('edit_files', session, jsonb_build_object('paths', paths)));
    select coalesce((tap.answer(1)).code, pg_temp.said('decision')) $$;
create function pg_temp.conflicts() returns int language sql as $$
    select count(*)::int from fleet_log.events where type = 'file_conflict' $$;
select is(run(pg_temp.s('open_session', 'r', '{"callsign": "raven-1"}')), 'ok', 'a session of raven-1');
select is(run(pg_temp.s('open_session', 'v', '{"callsign": "viper-1"}')), 'ok', 'and one of viper-1');
select must('demo', 'reserve', 'viper-1', '{"patterns": ["src/**"], "purpose": "edit", "reason": "the\n\n \"parser\"", "ttl_seconds": 600}');

select is(pg_temp.edit('r', 'src/a.c'), 'deny', 'a file under a pattern that another holds is denied');
select is(pg_temp.said('code'), 'reservation_held', 'by name');
select matches(pg_temp.said('reason'), '^src/a\.c is held by viper-1 \(edit\) for another (10m|9m \d+s); viper-1 says: "the ''parser''"$', 'with holder, purpose, time left and reason');
select is(pg_temp.said('held', '0', 'pattern'), 'src/**', 'and what it holds');
select is(pg_temp.conflicts(), 1, 'the log knows of the conflict');
select is(pg_temp.edit('r', 'src/a.c'), 'deny', 'again');
select is(pg_temp.conflicts(), 1, 'is the same conflict');
select is(pg_temp.edit('r', 'src/a.c', 'free.c'), 'deny', 'one of two');
select is(held(), '{"viper-1 src/**"}', 'takes none of them');
select is(pg_temp.edit('r', 'free.c'), 'allow', 'what is free may be edited');
select is(held(), '{"viper-1 src/**","raven-1 free.c"}', 'and is reserved');
select is(pg_temp.said('reserved', '0', 'patterns', '0'), 'free.c', 'as the answer says');
select is(pg_temp.edit('r', 'free.c'), 'allow', 'once more');
select is((answer(1)).seq::text || pg_temp.said('reserved'), null, 'writes nothing');
select is(pg_temp.said('reserved'), '[]', 'it is held already');
select is(pg_temp.edit('v', 'src/deep/b.c'), 'allow', 'the holder of a tree edits in it');
select is(pg_temp.said('reserved'), '[]', 'without another reservation');
select is(pg_temp.edit('v', './src//deep/./b.c'), 'invalid_field', 'a path must be clean');
select is(pg_temp.edit('v', '../out'), 'invalid_field', 'and inside the project');
select is(pg_temp.edit('v', 'ünï/файл 字.md'), 'allow', 'any letters do');
select is(pg_temp.edit('r', 'ünï/файл 字.md'), 'deny', 'for one of them');

select is(pg_temp.edit('v', 'app/[id]/p{a}!*.tsx'), 'allow', 'a name that no pattern can hold');
select is(pg_temp.said('reserved', '0', 'patterns', '0'), 'app/?id]/p?a}??.tsx', 'is reserved by one that covers it');
select is(pg_temp.edit('v', 'app/[id]/p{a}!*.tsx'), 'allow', 'and asked again');
select is(pg_temp.said('reserved'), '[]', 'is held');
select is(pg_temp.edit('r', 'app/[id]/p{a}!*.tsx'), 'deny', 'for one pilot');
select matches(pg_temp.said('reason'), '^app/\[id\]/p\{a\}!\*\.tsx is held by viper-1', 'by its own name');
select is(fleet_log.edit_pattern(repeat('d/', 20) || 'x') || ' ' || fleet_log.edit_pattern(repeat('n', 250) || '/' || repeat('m', 250)), repeat('d/', 15) || '** ' || repeat('n', 250) || '/**', 'what is too deep or too long by its directory');
select is(fleet_log.edit_pattern(E'u\u0308.c'), E'\u00fc.c', 'letters as they are composed');

select is(run(pg_temp.s('edit_files', 'r', '{"paths": ["src/a.c"], "policy": "warn"}')), 'ok', 'with policy warn');
select is(pg_temp.said('decision') || ' ' || left(pg_temp.said('reason'), 26), 'warn src/a.c is held by viper-1', 'it is told and may go on');
select is(run(pg_temp.s('edit_files', 'r', '{"paths": ["w.c"], "policy": "warn"}')), 'ok', 'what is free');
select ok('raven-1 w.c' = any(held()), 'is reserved then, too');
select is(run(pg_temp.s('edit_files', 'r', '{"paths": ["src/a.c", "o.c"], "policy": "off"}')), 'ok', 'with policy off');
select is(pg_temp.said('decision'), 'allow', 'nothing is asked');
select ok(not 'raven-1 o.c' = any(held()), 'and nothing taken');

select must('demo', 'reserve', 'viper-1', '{"patterns": ["doc/**"], "mode": "shared"}');
select is(pg_temp.edit('r', 'doc/x.md'), 'deny', 'a file that is read by another is not edited');
select is(pg_temp.edit('v', 'doc/x.md'), 'allow', 'who reads alone may');
select ok('viper-1 doc/x.md' = any(held()), 'with an exclusive reservation of its own');

select must('demo', 'halt', 'op', '{"scope_kind": "project", "scope_id": "demo", "reason": "frozen"}');
select is(pg_temp.edit('r', 'free.c'), 'deny', 'while halted even what is one''s own is denied');
select is(pg_temp.said('code') || ' ' || (pg_temp.said('reason') ~ 'frozen')::text, 'halted true', 'with the reason');
select is(run(pg_temp.s('edit_files', 'r', '{"paths": ["free.c"], "policy": "off"}')), 'ok', 'whatever the policy');
select is(pg_temp.said('decision'), 'deny', 'a halt is a halt');
select must('demo', 'lift_halt', 'op', '{"scope_kind": "project", "scope_id": "demo"}');
select is(pg_temp.edit('r', 'free.c'), 'allow', 'afterwards work goes on');

select must('demo', 'send_message', 'viper-1', jsonb_build_object('to', '["raven-1"]'::jsonb, 'subject', 'n' || n, 'body', 'text ' || n,
            'importance', case n when 4 then 'urgent' else 'normal' end)) from generate_series(1, 4) n;
create function pg_temp.mail(more jsonb default '{}') returns text language sql as $$
    select tap.run(pg_temp.s('note_session', 'r', '{"mail_max": 2, "mail_pause_seconds": 0}' || more));
    select (select string_agg(m ->> 'subject' || '/' || (m ->> 'from') || '/' || (m ->> 'body'), ',' order by n)
              from jsonb_array_elements((tap.answer(1)).result -> 'mail') with ordinality x (m, n)) $$;
select is(pg_temp.mail(), 'n4/viper-1/text 4,n1/viper-1/text 1', 'unread mail is told, the most important first');
select is(pg_temp.said('mail_left'), '2', 'with how much there is besides');
select is(pg_temp.mail('{"mail_pause_seconds": 60}'), null, 'not all at once');
select is(pg_temp.mail(), 'n2/viper-1/text 2,n3/viper-1/text 3', 'then the rest');
select is(pg_temp.mail(), null, 'each once');
select is((select count(*)::int from fleet_log.events where type = 'context_injected' and data ->> 'kind' = 'mail'), 2, 'the log knows when');
select is((select count(*)::int from fleet_state.message_recipients where recipient = 'raven-1' and state = 'unread'), 4, 'it is for the pilot to read and acknowledge');

select is(run(pg_temp.s('note_session', 'r', '{"promises": true}')), 'ok', 'when it stops');
select is(jsonb_array_length((answer(1)).result #> '{promises,reservations}'), 2, 'it is reminded of its files');
select is(run(pg_temp.s('note_session', 'r', '{"promises": true}')), 'ok', 'when it stops again');
select is(pg_temp.said('promises'), null, 'not of the same');
select is(pg_temp.edit('r', 'new.c'), 'allow', 'after another edit');
select is(run(pg_temp.s('note_session', 'r', '{"promises": true}')), 'ok', 'it is');
select is(jsonb_array_length((answer(1)).result #> '{promises,reservations}'), 3, 'reminded of all');

select must('demo', 'create_sortie', 'raven-1', '{"name": "t", "title": "T", "files": ["free.c"]}');
create temp table claimed as select must('demo', 'claim_sortie', 'raven-1', jsonb_build_object('sortie_id', srt('t'))) as c;
select must('demo', 'start_sortie', 'raven-1', jsonb_build_object('sortie_id', srt('t')),
            jsonb_build_object('kind', 'sortie', 'id', srt('t'), 'token', c -> 'token')) from claimed;
select is(run(pg_temp.s('note_session', 'r', '{"touched": ["free.c", "wild.c"], "tell_touched": true}')), 'ok', 'files touched');
select is((select data -> 'files_touched' from fleet_log.events where type = 'sortie_progress'), '["free.c", "wild.c"]', 'are progress of the sortie');
select is((select data -> 'files' from fleet_log.events where type = 'sortie_scope_violated'), '["wild.c"]', 'what was not reserved is said');

select must('demo', 'set_budget', 'op', '{"scope_kind": "pilot", "scope_id": "raven-1", "limit_tokens": 10}');
select must('demo', 'record_usage', 'raven-1', '{"model": "m", "input_tokens": 20, "output_tokens": 1}');
select is(pg_temp.edit('r', 'free.c'), 'deny', 'whose budget is spent edits nothing');
select is(pg_temp.said('code'), 'budget_stopped', 'by name');
select is(pg_temp.edit('v', 'src/deep/b.c'), 'allow', 'others do');
select is((select count(*)::int from fleet.verify_projections()), 0, 'a replay comes to the same');
select * from finish();
rollback;
