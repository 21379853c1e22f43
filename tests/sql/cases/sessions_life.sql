-- Sessions of agent programs: opened, gone on with, cleared, closed; what their pilots hold goes with them.
begin;
set search_path = tap, public;
select plan(76);
select scene();
create function pg_temp.s(op text, session text, args jsonb default '{}') returns jsonb language sql as $$
    select tap.ask(op, jsonb_build_object('client', 'claude-code', 'session_id', session) || args) $$;
create function pg_temp.said(name text) returns text language sql as $$ select (tap.answer(1)).result ->> name $$;
create function pg_temp.pilot(name text) returns text language sql as $$
    select state from fleet_state.pilots where project = 'demo' and callsign = name $$;

select is(run(pg_temp.s('open_session', 's-1', '{"cwd": "/w", "model": "opus", "source": "startup"}')), 'ok', 'a session opens');
select is(pg_temp.said('outcome'), 'registered', 'its pilot is new');
create temp table one as select pg_temp.said('callsign') as name;
select matches(name, '^[a-z]+-\d+$', 'with a callsign that was drawn') from one;
select is((select program || ' ' || model from fleet_state.pilots, one where callsign = name), 'claude-code opus', 'of this program and model');
select is((answer(1)).result #>> '{session,status}', 'open', 'it is open');
select is(run(pg_temp.s('open_session', 's-1', '{"cwd": "/w", "model": "opus"}')), 'ok', 'asked again');
select is(pg_temp.said('outcome') || ' ' || pg_temp.said('callsign'), 'again ' || name, 'it is the same pilot') from one;
select is((answer(1)).seq, null, 'and nothing was written to the log');
select is(run(pg_temp.s('open_session', 's-2', '{"cwd": "/w"}')), 'ok', 'a second session in the same directory');
select isnt(pg_temp.said('callsign'), name, 'is another pilot') from one;
select is(run(pg_temp.s('open_session', 's-3', '{"callsign": "viper-1"}')), 'ok', 'a session that names its pilot');
select is(pg_temp.said('outcome') || ' ' || pg_temp.said('callsign'), 'resumed viper-1', 'is that pilot');
select is((answer(1)).result #>> '{session,is_own}', 'false', 'which is not its own');
select is((select program from fleet_state.pilots where callsign = 'viper-1'), 'codex', 'and stays what it was');
select is(run(pg_temp.s('open_session', 's-3', '{"callsign": "viper-1", "model": "m2"}')), 'ok', 'with another model');
select is((select model from fleet_state.pilots where callsign = 'viper-1'), 'm2', 'it is known by that');
select is(run(pg_temp.s('open_session', 's-4', '{"callsign": "Not One"}')), 'invalid_field', 'a callsign has a form');
select is(run(pg_temp.s('open_session', 's-4', '{"callsign": "system"}')), 'invalid_field', 'and some are taken by the fleet');
select is(run(tap.ask('open_session', '{"client": "codex", "session_id": "x"}', '{"project": "nowhere"}')), 'not_found', 'a project must be there');

select is(run(pg_temp.s('edit_files', 's-1', '{"paths": ["src/a.c"]}')), 'ok', 'it edits a file');
select is(run(pg_temp.s('close_session', 's-1', '{"reason": "clear"}')), 'ok', 'it is cleared');
select is(pg_temp.said('outcome'), 'cleared', 'which keeps');
select is(pg_temp.pilot(name) || ' ' || array_to_string(held(), ','), 'active ' || name || ' src/a.c', 'pilot and files') from one;
select is(run(pg_temp.s('open_session', 's-1b', '{"cwd": "/w", "source": "clear"}')), 'ok', 'the session that follows');
select is(pg_temp.said('callsign'), name, 'goes on as the same pilot') from one;
select is(run(pg_temp.s('open_session', 's-1c', '{"cwd": "/w", "source": "clear"}')), 'ok', 'another one that says so');
select isnt(pg_temp.said('callsign'), name, 'does not take a pilot that is at work') from one;

select is(run(pg_temp.s('close_session', 's-1b', '{"reason": "logout"}')), 'ok', 'it ends');
select is(pg_temp.said('outcome'), 'deregistered', 'and its pilot with it');
select is(pg_temp.pilot(name) || ' ' || array_to_string(held(), ','), 'deregistered ', 'the files are free') from one;
select is(run(pg_temp.s('close_session', 's-1b')), 'ok', 'ending it twice');
select is(pg_temp.said('outcome'), 'closed_before', 'changes nothing');
select is(run(pg_temp.s('edit_files', 's-1b', '{"paths": ["a"]}')), 'not_found', 'a session that ended asks in vain');
select is(run(pg_temp.s('close_session', 'never')), 'not_found', 'so does one that never was');
select is(run(pg_temp.s('open_session', 's-1b', '{"source": "resume"}')), 'ok', 'it is resumed');
select is(pg_temp.said('callsign') || ' ' || pg_temp.pilot(name), name || ' active', 'as the pilot that it was') from one;

-- The token of a pilot.
create function pg_temp.by(op text, session text, pilot text, args jsonb default '{}') returns text language sql as $$
    select tap.run(pg_temp.s(op, session, args) || jsonb_build_object('caller', 'pilot:' || (
        select pilot_id from fleet_state.pilots where callsign = pilot), 'actor', pilot)) $$;
select is(pg_temp.by('edit_files', 's-3', 'raven-1', '{"paths": ["a"]}'), 'forbidden', 'is good for no other pilot''s session');
select is(pg_temp.by('note_session', 's-3', 'raven-1', '{"mail_max": 9}'), 'forbidden', 'not to read its mail');
select is(pg_temp.by('close_session', 's-3', 'raven-1'), 'forbidden', 'nor to end it');
select is(pg_temp.by('open_session', 's-3', 'raven-1', '{"callsign": "raven-1"}'), 'forbidden', 'nor to take it');
select is(pg_temp.by('open_session', 's-9', 'raven-1', '{"callsign": "viper-1"}'), 'forbidden', 'nor to be another');
select is(pg_temp.by('edit_files', 's-3', 'viper-1', '{"paths": ["a"]}'), 'ok', 'its own it may ask for');
select must('demo', 'reserve', 'viper-1', '{"patterns": ["x/**"]}');
select is(run(pg_temp.s('close_session', 's-3')), 'ok', 'a session ends whose pilot was named by a person');
select is(pg_temp.said('outcome') || ' ' || pg_temp.pilot('viper-1') || ' ' || array_to_string(held(), ','), 'idle idle ', 'the pilot stays, its files are free');
select is((select array_agg(item::jsonb ->> 'session_id' order by cursor_key) from fleet.list_sessions('{"project": "demo"}')), '{s-1b,s-1c,s-2}', 'lists show what is open');
select is(run(pg_temp.s('open_session', 's-3', '{"source": "resume"}')), 'ok', 'it is resumed without a word of who it is');
select is(pg_temp.said('callsign') || ' ' || ((answer(1)).result #>> '{session,is_own}'), 'viper-1 false', 'as the pilot that was named');
select is(run(pg_temp.s('close_session', 's-3')), 'ok', 'when it ends again');
select is(pg_temp.said('outcome'), 'idle', 'that pilot stays again');

-- A pilot's token in another project.
select must('other', 'register_project', 'op', '{"key": "other"}');
select must('other', 'register_pilot', 'ghost-1', '{"callsign": "ghost-1", "program": "p", "model": "m"}');
select is(run(pg_temp.s('open_session', 's-2', '{"callsign": "ghost-1"}') || jsonb_build_object('project', 'other', 'actor', 'ghost-1', 'caller', 'pilot:' || (
    select pilot_id from fleet_state.pilots where callsign = 'ghost-1'))), 'forbidden', 'takes no session that is open in this one');

-- A session goes on as another pilot.
select is(run(pg_temp.s('open_session', 'named')), 'ok', 'a session opens');
create temp table drawn as select pg_temp.said('callsign') as name;
select is(run(pg_temp.s('edit_files', 'named', '{"paths": ["own.c"]}')), 'ok', 'edits a file');
select is(run(pg_temp.s('open_session', 'named', '{"callsign": "raven-1"}')), 'ok', 'and then says who it is');
select is(pg_temp.said('callsign') || ' ' || pg_temp.pilot(name), 'raven-1 deregistered', 'the pilot that was drawn for it leaves') from drawn;
select is(run(pg_temp.s('edit_files', 'named', '{"paths": ["own.c"]}')), 'ok', 'the file it edited');
select is(pg_temp.said('decision') || ' ' || array_to_string(held(), ','), 'allow raven-1 own.c', 'is not held against it');
select is(run(pg_temp.s('close_session', 'named')), 'ok', 'it ends');
select is(pg_temp.said('outcome'), 'idle', 'as a session of a pilot that was named');

-- A session that never tells its end.
select is(run(pg_temp.s('open_session', 'lost', '{"callsign": "viper-1"}')), 'ok', 'a session');
select must('demo', 'deregister_pilot', 'viper-1', '{}');
select is(run(pg_temp.s('open_session', 'next', '{"callsign": "viper-1"}')), 'ok', 'whose pilot went, and came back in another one');
select is(run(pg_temp.s('edit_files', 'next', '{"paths": ["kept.c"]}')), 'ok', 'which edits');
select is(run(pg_temp.s('close_session', 'next')), 'ok', 'and ends');
select is(pg_temp.said('outcome') || ' ' || array_to_string(held(), ','), 'idle ', 'does not keep the files of that one');

-- What is old goes.
select is(run(pg_temp.s('open_session', 'old')), 'ok', 'a session');
select is(run(pg_temp.s('note_session', 'old', '{"touched": ["t.c"]}')), 'ok', 'that touches a file');
select is(run(pg_temp.s('close_session', 'old')), 'ok', 'and ends');
update fleet_live.agent_sessions set ended_at = ended_at - interval '31 days' where session_id = 'old';
select is((select count(*)::int from fleet_live.touched_files where path = 't.c'), 1, 'is remembered with its file');
select is(run(pg_temp.s('open_session', 'young')), 'ok', 'when another begins');
select is((select count(*)::int from fleet_live.touched_files where path = 't.c') + (
    select count(*)::int from fleet_live.agent_sessions where session_id = 'old'), 0, 'for a month');
-- One that broke off: nobody ended it, and its pilot was not seen since.
select is(run(pg_temp.s('open_session', 'broken')), 'ok', 'a session');
select is(run(pg_temp.s('note_session', 'broken', '{"touched": ["u.c"]}')), 'ok', 'that touches a file');
update fleet_live.agent_sessions set opened_at = opened_at - interval '31 days' where session_id = 'broken';
select is(run(pg_temp.s('open_session', 'next')), 'ok', 'and breaks off: while its pilot is seen');
select is((select count(*)::int from fleet_live.agent_sessions where session_id = 'broken'), 1, 'it stays');
update fleet_live.pilots p set seen_at = p.seen_at - interval '31 days'
  from fleet_live.agent_sessions s where s.session_id = 'broken' and p.project = s.project and p.callsign = s.callsign;
select is(run(pg_temp.s('open_session', 'last')), 'ok', 'a month after its last sign of life');
select is((select count(*)::int from fleet_live.touched_files where path = 'u.c') + (
    select count(*)::int from fleet_live.agent_sessions where session_id = 'broken'), 0, 'it is forgotten with its file');
select is((select count(*)::int from fleet.verify_projections()), 0, 'a replay comes to the same');
select * from finish();
rollback;
