-- What a checkpoint remembers, when it takes itself, and how its texts are kept.
begin;
set search_path = tap, public;
select plan(41);
select scene();

create function pg_temp.mission(title text, names text[]) returns text language plpgsql as $$
declare id text := tap.must('demo', 'create_mission', 'viper-1', jsonb_build_object('title', title)) ->> 'mission_id';
begin
    perform tap.must('demo', 'create_sortie', 'viper-1', jsonb_build_object('mission_id', id, 'name', n, 'title', 'Do ' || n)) from unnest(names) n;
    perform tap.must('demo', 'start_mission', 'viper-1', jsonb_build_object('mission_id', id));
    return id;
end $$;
create function pg_temp.newest() returns fleet_state.checkpoints language sql as $$
    select * from fleet_state.checkpoints order by event_seq desc, checkpoint_id desc limit 1 $$;

-- Nothing to take one of.
select is(run(ask('create_checkpoint')), 'not_found', 'without a mission in progress there is nothing to remember');
select is((answer(1)).message || '. ' || (answer(1)).hint, 'No active mission found. Use --mission <id> to specify', 'and it says how to name one');
select is(run(ask('create_checkpoint', '{"mission_id": "msn_01m7y4xbh5t2qgekpjg6t2qge1"}')), 'not_found', 'a mission that is not there is not found');

create temp table it as select pg_temp.mission('Parser', '{lexer,parser,printer,tests,docs}') as mission;
select goes('lexer', 'claim_sortie', 'start_sortie');
select does(job('progress', 'lexer', '{"percent": 40, "message": "half the tokens", "files_touched": ["src/lexer/a.c"]}'));
select must('demo', 'reserve', 'viper-1', jsonb_build_object('patterns', array['src/lexer/**'], 'sortie_id', srt('lexer')));
select must('demo', 'reserve', 'viper-1', '{"patterns": ["NOTES.md"]}');
select must('demo', 'reserve', 'raven-1', '{"patterns": ["web/**"]}');
select must('demo', 'send_message', 'raven-1', '{"to": ["viper-1"], "subject": "Look", "body": "the key is 4711-secret", "ack_required": true}');
select must('demo', 'record_ruling', 'op', '{"text": "Never touch  the payment module"}');
select must('demo', 'record_ruling', 'op', jsonb_build_object('text', 'elsewhere', 'scope_kind', 'pilot', 'scope_id', 'raven-1'));
select does(ask('append', '{"events": [{"type": "usage_recorded", "data": {"pilot": "viper-1", "sortie_id": "x", "model": "m", "input_tokens": 5, "output_tokens": 1, "source": "t"}}]}'));
select does(ask('append', jsonb_build_object('events', jsonb_build_array(jsonb_build_object('type', 'usage_recorded', 'data', jsonb_build_object('pilot', 'viper-1', 'sortie_id', srt('lexer'), 'model', 'm', 'input_tokens', 100 * n, 'output_tokens', n, 'source', 't')))))) from generate_series(1, 2) n;
select does(job('block', 'lexer', '{"reason": "the grammar is unclear", "blocker_type": "clarification"}'));

select is(run(ask('create_checkpoint', '{"name": "first", "summary": "half of it", "next_steps": ["ask", "go on"], "decisions": ["no unicode"]}')), 'ok', 'a pilot takes one of the mission it is at');
create temp table first as select * from pg_temp.newest();
select is((select row(mission_id, name, trigger, progress, pilot, created_by, state)::text from first), (select row(mission, 'first', 'manual', 8, 'viper-1', 'viper-1', 'available')::text from it), 'it says of what, why, how far and by whom');
select is((select counts from first), '{"held": 1, "files": 1, "rulings": 1, "sorties": 5, "blockers": 1, "messages": 1, "reservations": 2}', 'and how much it remembers');
select is((select event_seq from first), (select last_seq - 1 from first), 'it shows the position before itself');
create temp table s as select fleet_log.checkpoint_sections(checkpoint_id) as x from first;
select is((select array_agg(key order by key) from s, jsonb_each(x)), '{actions,blockers,files,mail,mission,notes,pilots,reservations,rulings,sorties,usage}', 'every section is there');
select is((select x #- '{mission,started_at}' #> '{mission,title}' from s), '"Parser"', 'the mission');
select is((select jsonb_array_length(x -> 'sorties') from s), 5, 'all of its sorties');
select is((select e - 'sortie_id' - 'started_at' - 'token' from s, jsonb_array_elements(x -> 'sorties') e where e ? 'token') #- '{blocked,since}',
    '{"name": "lexer", "title": "Do lexer", "pilot": "viper-1", "status": "blocked", "attempt": 1, "progress": 40, "lease_seconds": 900, "progress_message": "half the tokens", "files_touched": ["src/lexer/a.c"], "blocked": {"reason": "the grammar is unclear", "blocker_type": "clarification"}}', 'who is at work with what, and what is in the way');
select is((select array_agg(e ->> 'holder' || ' ' || (e #>> '{patterns,0}')) from s, jsonb_array_elements(x -> 'reservations') e), '{viper-1 src/lexer/**,viper-1 NOTES.md}', 'the reservations of its pilots in the order of their tokens, nobody else''s');
select is((select (e ->> 'token')::bigint from s, jsonb_array_elements(x -> 'reservations') e limit 1), (select token from fleet_state.reservations where patterns = '{src/lexer/**}'), 'with their tokens');
select is((select e ->> 'subject' || (e ->> 'unread') || (e ->> 'unacked') from s, jsonb_array_elements(x -> 'mail') e), 'Look["viper-1"]["viper-1"]', 'mail that waits to be read and acknowledged');
select is((select array_agg(e ->> 'text') from s, jsonb_array_elements(x -> 'rulings') e), '{Never touch  the payment module}', 'rulings word for word, those that concern it');
select is((select x -> 'usage' -> 0 from s), '{"pilot": "viper-1", "model": "m", "input_tokens": 300, "output_tokens": 3, "cost_micros": 0, "records": 2}', 'what its sorties used, summed');
select is((select x -> 'files' -> 0 ->> 'file' from s), 'src/lexer/a.c', 'files touched');
select is((select x -> 'actions' -> -1 ->> 'type' from s), 'sortie_blocked', 'what happened last comes last');
select is((select x -> 'notes' from s), '{"summary": "half of it", "next_steps": ["ask", "go on"], "decisions": ["no unicode"]}', 'what the pilot added');

-- Texts: whole, shared, honest.
select is(fleet_log.checkpoint_damage((select checkpoint_id from first)), null, 'all of it fits its digests');
select is((select digest from first), (select encode(sha256(convert_to(manifest, 'UTF8')), 'hex') from fleet_log.checkpoint_manifests where checkpoint_id = (select checkpoint_id from first)), 'its digest is that of its manifest');
select is((select count(*)::int from fleet_log.checkpoint_parts p where p.body like '%4711-secret%') + (select count(*)::int from fleet_log.checkpoint_manifests where manifest like '%4711-secret%'), 0, 'no text of a message is copied: it could not be erased');
create temp table before as select count(*) as parts from fleet_log.checkpoint_parts;
select does(ask('create_checkpoint'));
select is((select count(*) from fleet_log.checkpoint_parts) - (select parts from before), 1::bigint, 'of a second one only what changed is kept: the last actions');

create temp table harm (what text, harm text, mend text);
insert into harm
select 'the manifest', format('update fleet_log.checkpoint_manifests set manifest = replace(manifest, ''Parser'', ''parser'') || '' '' where checkpoint_id = %L', checkpoint_id), '' from first;
create function pg_temp.damage_after(harm text) returns text language plpgsql as $$
declare said text;
begin
    begin
        execute harm;
        said := fleet_log.checkpoint_damage((select checkpoint_id from first));
        raise exception using errcode = 'FL499';
    exception when sqlstate 'FL499' then
        return said;
    end;
end $$;
select is(pg_temp.damage_after((select harm from harm)), 'its manifest does not fit its digest', 'a changed manifest is noticed');
select matches(pg_temp.damage_after('update fleet_log.checkpoint_parts set body = replace(body, ''blocked'', ''Blocked'') where body like ''%lease_seconds%'''), '^sorties: part [0-9a-f]{8} does not fit its digest$', 'a changed part is noticed, and which');
select matches(pg_temp.damage_after('delete from fleet_log.checkpoint_parts where body like ''%lease_seconds%'''), '^sorties: part [0-9a-f]{8} is missing$', 'a lost part is noticed');
select is(pg_temp.damage_after('delete from fleet_log.checkpoint_manifests'), 'its texts are gone', 'a lost manifest is noticed');
select is((select count(*)::int from (select pg_temp.damage_after(format('update fleet_log.checkpoint_parts set body = overlay(body placing %L from %s for 1) where digest = %L', chr(ascii(substr(body, n, 1)) # 1), n, digest)) as said
     from fleet_log.checkpoint_parts, generate_series(1, length(body), 7) n where digest = any((select fleet_log.part_digests(manifest) from fleet_log.checkpoint_manifests where checkpoint_id = (select checkpoint_id from first))::text[])) y where said is null), 0, 'wherever a letter of it is changed, it is noticed');

-- A secret in the notes can be erased, and stays erased in every checkpoint.
select is(run(ask('create_checkpoint', '{"name": "leak", "summary": "the password is hunter2 and more"}')), 'ok', 'a pilot writes a secret down');
select is(run(ask('redact', jsonb_build_object('event_id', (select event_id from fleet_log.events where type = 'checkpoint_created' order by seq desc limit 1), 'reason', 'a password'), '{"roles": ["operator"]}')), 'ok', 'an operator erases it');
select is(fleet_log.checkpoint_damage((pg_temp.newest()).checkpoint_id), null, 'the checkpoint is whole without it');
select is((fleet_log.checkpoint_sections((pg_temp.newest()).checkpoint_id) #>> '{notes,redacted,reason}'), 'a password', 'and says that it was erased');
select is((select count(*)::int from fleet.checkpoint_document(jsonb_build_object('project', 'demo', 'checkpoint_id', 'leak')) d where d.item like '%hunter2%'), 0, 'no copy gets it either');

-- By itself.
select goes('lexer', 'unblock', 'complete_sortie');
select goes('parser', 'claim_sortie', 'start_sortie');
create function pg_temp.taken(after bigint) returns text[] language sql as $$
    select coalesce(array_agg(trigger || coalesce(' ' || error_kind, '') || ' ' || progress order by event_seq), '{}') from fleet_state.checkpoints where last_seq > after $$;
create temp table mark as select max(seq) as seq from fleet_log.events;
select does(job('progress', 'parser', '{"percent": 30}'));
select is(pg_temp.taken((select seq from mark)), '{"progress 26"}', 'a quarter is crossed: one is taken');
select does(job('progress', 'parser', '{"percent": 40}'));
select is(pg_temp.taken((select seq from mark)), '{"progress 26"}', 'once');
select is((select e.causation_id from fleet_log.events e where e.stream_id = (pg_temp.newest()).checkpoint_id), (select event_id from fleet_log.events where type = 'mission_progressed' order by seq desc limit 1), 'because the mission went on');
update mark set seq = (select max(e.seq) from fleet_log.events e);
select does(job('fail_sortie', 'parser', '{"error": {"kind": "test", "message": "2 tests fail", "command": "make test", "stack": "at parse.c:7"}}'));
select is(pg_temp.taken((select seq from mark)), '{"error test 28"}', 'an attempt fails: one is taken');
select is((fleet_log.checkpoint_sections((pg_temp.newest()).checkpoint_id) #> '{notes,error}'::text[]) - 'sortie_id'::text, '{"kind": "test", "message": "2 tests fail", "command": "make test", "stack": "at parse.c:7", "failed": ["Do parser: attempt 1 of 1"]}'::jsonb, 'with command and stack');
select is(run(ask('create_checkpoint', jsonb_build_object('mission_id', (select mission from it), 'trigger', 'compaction', 'size_before', 180000))), 'ok', 'an agent''s own hook says that its context is emptied');
select is((select row(type, data)::text from fleet_log.events order by seq desc limit 1), row('context_compacted'::text, '{"pilot": "viper-1", "size_before": 180000}'::jsonb)::text, 'and that is told');
select is((select count(*)::int from fleet.verify_projections()), 0, 'a replay comes to the same');
select * from finish();
rollback;
