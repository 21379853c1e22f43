-- Restoring: what was lost by itself comes back, what happened since wins, all or nothing, once.
begin;
set search_path = tap, public;
select plan(57);
select scene();
select must('demo', 'register_pilot', 'lynx-1', '{"callsign": "lynx-1", "program": "codex", "model": "m"}');
create temp table it as select must('demo', 'create_mission', 'viper-1', '{"title": "Parser", "on_failure": "continue"}') ->> 'mission_id' as mission;
select must('demo', 'create_sortie', 'viper-1', jsonb_build_object('mission_id', (select mission from it), 'name', n, 'title', 'Do ' || n)) from unnest('{a,b,c,d,e}'::text[]) n;
select must('demo', 'start_mission', 'viper-1', jsonb_build_object('mission_id', (select mission from it)));

create function pg_temp.claims(who text, called text) returns void language sql as $$
    select from tap.must('demo', 'claim_sortie', who, jsonb_build_object('sortie_id', tap.srt(called)));
    select from tap.run(tap.job('start_sortie', called)) $$;
create function pg_temp.holds(who text, pattern text, called text default null) returns void language sql as $$
    select from tap.must('demo', 'reserve', who, jsonb_strip_nulls(jsonb_build_object('patterns', jsonb_build_array(pattern), 'sortie_id', tap.srt(called)))) $$;
create function pg_temp.silent(who text) returns void language sql as $$
    update fleet_live.pilots set seen_at = seen_at - interval '2 hours' where callsign = who $$;
create function pg_temp.back(who text) returns jsonb language sql as $$
    select tap.must('demo', 'register_pilot', who, jsonb_build_object('callsign', who, 'program', 'codex', 'model', 'm', 'resume', true)) $$;
create function pg_temp.op(op text, args jsonb default '{}') returns jsonb language sql as $$
    select tap.ask(op, args, '{"actor": "op", "roles": ["operator"]}') $$;
create function pg_temp.actions(answer jsonb, list text) returns text[] language sql as $$
    select array_agg(x ->> 'action' || ' ' || coalesce(x ->> 'title', x #>> '{patterns,0}') order by coalesce(x ->> 'title', x #>> '{patterns,0}'))
      from jsonb_array_elements(answer -> list) x $$;
create function pg_temp.head() returns bigint language sql as $$ select max(seq) from fleet_log.events $$;

-- viper has a and b (blocked), raven has c, lynx has d; a file for no sortie, and one that is shared.
select pg_temp.claims('viper-1', 'a');
select does(job('progress', 'a', '{"percent": 20}'));
select pg_temp.claims('viper-1', 'b');
select does(job('block', 'b', '{"reason": "no key", "blocker_type": "external"}'));
select pg_temp.claims('raven-1', 'c');
select pg_temp.claims('lynx-1', 'd');
select pg_temp.holds('viper-1', 'a/**', 'a');
select pg_temp.holds('viper-1', 'b/**', 'b');
select pg_temp.holds('viper-1', 'notes.md');
select pg_temp.holds('raven-1', 'c/**', 'c');
select pg_temp.holds('lynx-1', 'd/**', 'd');
select pg_temp.holds('viper-1', 'gone.md');
select must('demo', 'send_message', 'raven-1', '{"to": ["viper-1"], "subject": "Hi", "body": "x", "bounce_stale": true, "ack_required": true}');
select is(run(ask('create_checkpoint', '{"name": "all", "summary": "we were here", "next_steps": ["finish a"]}')), 'ok', 'a checkpoint of three pilots at work');
create temp table chk as select checkpoint_id as id from fleet_state.checkpoints where name = 'all';

select is(run(ask('restore_checkpoint', '{"checkpoint_id": "all"}')), 'forbidden', 'restoring is for operators');
select is(run(pg_temp.op('restore_checkpoint', '{"checkpoint_id": "none such"}')), 'not_found', 'one that is not there is not found');
select is((answer(1)).message, 'Checkpoint not found: none such', 'and named');
select is(run(pg_temp.op('recover')), 'ok', 'nothing stands still');
select is((answer(1)).result ->> 'needed', 'false', 'so nothing is needed');

-- Afterwards: d is completed, viper gives one file back, c is handed back by raven and done by lynx; then viper is lost.
select goes('d', 'complete_sortie');
select does(give_back((select reservation_id from fleet_state.reservations where patterns = '{gone.md}')));
select does(job('return_sortie', 'c'));
select pg_temp.claims('lynx-1', 'c');
select goes('c', 'complete_sortie');
select pg_temp.silent('viper-1');
create temp table mark as select pg_temp.head() as seq;
select is(run(pg_temp.op('recover', '{"dry_run": true}')), 'ok', 'a silent pilot stops its mission');
select is(pg_temp.actions((answer(1)).result, 'sorties'), '{"released Do a","released Do b"}', 'what gone pilots have would be free');
select is((answer(1)).result -> 'pilots_dropped', '["viper-1"]', 'who is gone is named');
select is(pg_temp.head(), (select seq from mark), 'a dry run writes nothing');

create temp table lead as select fleet.lead('sweep', 'me') as epoch;
update fleet_live.leaders set since = since - interval '1 hour';
select is(run(ask('sweep', (select jsonb_build_object('duty_epoch', epoch) from lead), '{"actor": "system"}')), 'ok', 'the leader finds it silent');
select is(states(), '{"a pending","b pending","c completed","d completed","e pending"}', 'its work goes back');
select is(held(), '{}', 'its files are free');
select is((select row(state, awaits_ack)::text from fleet_state.message_recipients where recipient = 'viper-1'), '(bounced,f)', 'mail whose sender would not wait has come back');
select is((select row(trigger, error_kind, error_message, pilot)::text from fleet_state.checkpoints order by last_seq desc limit 1), row('error', 'pilot_lost', 'viper-1 gave no sign of life', 'viper-1')::text, 'and a checkpoint remembers how it was');
select is((select counts ->> 'held' || (counts ->> 'reservations') from fleet_state.checkpoints order by last_seq desc limit 1), '23', 'with what it had');
select is(pg_temp.back('viper-1') #>> '{recovery,0,mission_id}', (select mission from it), 'who comes back is offered the mission');
select is((fleet_log.recovery_offers('demo', clock_timestamp(), 300) -> 0) - 'last_activity_at' - 'idle_seconds' - 'checkpoint_at' - 'mission_id' - 'checkpoint_id',
    '{"title": "Parser", "project": "demo", "progress": 44, "reasons": ["pilots_gone"], "pilots": ["viper-1"], "trigger": "error", "checkpoint_progress": 44, "error": {"kind": "pilot_lost", "message": "viper-1 gave no sign of life"}}', 'an offer says why');

-- Somebody else has a file now.
select pg_temp.holds('raven-1', 'a/parser.c');
update mark set seq = pg_temp.head();
select is(run(pg_temp.op('recover')), 'reservation_held', 'a conflict refuses all of it');
select is((answer(1)).message, 'Lock conflict on a/** held by raven-1', 'and names who holds it now');
select is((answer(1)).detail #>> '{conflicts,0,pattern}', 'a/parser.c', 'with what');
select is(pg_temp.head(), (select seq from mark), 'nothing was written');
select is(run(pg_temp.op('recover', '{"dry_run": true}')), 'ok', 'a dry run shows it');
select is((answer(1)).result #>> '{conflicts,0,holder}', 'raven-1', 'with the conflict');

select is(run(pg_temp.op('recover', '{"force": true, "reason": "raven was told"}')), 'ok', 'by force it is taken');
create temp table done as select (answer(1)).result as r;
select is(pg_temp.actions(r, 'sorties'), '{"assigned Do a","assigned Do b"}', 'both sorties are back with their pilot') from done;
select is(pg_temp.actions(r, 'reservations'), '{taken a/**,taken b/**,taken notes.md}', 'and its files; what it gave back is not') from done;
select is((r #>> '{sorties,0,token}')::bigint, (select token from fleet_state.sorties where name = 'a'), 'with a new token') from done;
select is((r #>> '{reservations,0,token}')::bigint, (select token from fleet_state.reservations where state = 'active' and patterns = '{a/**}'), 'for files, too') from done;
select is(r #> '{notes,next_steps}', '["finish a"]', 'what the pilot wrote down last is told') from done;
select is(r #>> '{notes,error,kind}', 'pilot_lost', 'and what went wrong') from done;
select is(states(), '{"a in_progress","b blocked","c completed","d completed","e pending"}', 'each is where it was');
select is((select progress::int from fleet_state.sorties where name = 'a'), 20, 'progress is kept');
select is((select blocked_reason from fleet_state.sorties where name = 'b'), 'no key', 'what is in the way, too');
select is(held(), '{"viper-1 a/**","viper-1 b/**","viper-1 notes.md"}', 'files in the order in which they were held');
select is((select row(state, awaits_ack, bounced_at)::text from fleet_state.message_recipients where recipient = 'viper-1'), '(unread,t,)', 'its mail is unread again, and waits to be acknowledged');
select is((select row(holder, ended_by, end_reason)::text from fleet_state.reservations where state = 'forced'), row('raven-1', 'op', 'raven was told')::text, 'who lost files by force is told why');
select is((select array_agg(type order by seq) from fleet_log.events where seq > (select m.seq from mark m)),
    '{checkpoint_restored,sortie_assigned,sortie_started,sortie_assigned,sortie_started,sortie_blocked,file_reservation_forced,file_reserved,file_reserved,file_reserved,message_requeued,fleet_recovered}', 'in this order, in one transaction');
select is((select count(distinct causation_id)::int from fleet_log.events where seq > (select m.seq + 1 from mark m) and type <> 'file_reservation_forced'), 1, 'all of it because of the restore');
select is((select state from fleet_state.checkpoints where error_kind = 'pilot_lost'), 'consumed', 'the checkpoint is consumed');
select is((select data - 'duration_ms' - 'checkpoint_id' - 'mission_id' - 'reservations' from fleet_log.events where type = 'fleet_recovered'), jsonb_build_object('sorties', jsonb_build_array(srt('a'), srt('b')), 'released', '[]'::jsonb, 'messages', 1, 'pilots_dropped', '[]'::jsonb), 'fleet_recovered says what came back');

-- Twice is once.
update mark set seq = pg_temp.head();
select is(run(pg_temp.op('recover')), 'ok', 'again');
select is((answer(1)).result ->> 'needed', 'false', 'there is nothing to do');
select is(run(pg_temp.op('restore_checkpoint', (select jsonb_build_object('checkpoint_id', checkpoint_id) from fleet_state.checkpoints where error_kind = 'pilot_lost'))), 'ok', 'the same checkpoint by name');
select is((answer(1)).result ->> 'already', 'true', 'was restored already');
select is(run(pg_temp.op('restore_checkpoint', (select jsonb_build_object('checkpoint_id', checkpoint_id, 'force', true) from fleet_state.checkpoints where error_kind = 'pilot_lost'))), 'ok', 'by force it is looked at once more');
select is(pg_temp.actions((answer(1)).result, 'sorties') || pg_temp.actions((answer(1)).result, 'reservations'), '{"kept Do a","kept Do b",kept a/**,kept b/**,kept notes.md}', 'and all is there already');
select is((select count(*)::int from fleet_log.events where seq > (select m.seq from mark m) and type not in ('checkpoint_restored', 'fleet_recovered')), 0, 'so nothing else is written');

-- An old one gives nothing back that went on since.
select goes('b', 'unblock', 'complete_sortie');
select is(run(pg_temp.op('restore_checkpoint', '{"checkpoint_id": "all"}')), 'ok', 'an older checkpoint');
select is(pg_temp.actions((answer(1)).result, 'sorties'), '{"kept Do a","kept Do b","kept Do c","kept Do d"}', 'turns nothing back');

-- Without any checkpoint the present is as good as any; of a mission that is over nothing is resumed.
select must('demo', 'delete_checkpoint', 'op', jsonb_build_object('checkpoint_id', checkpoint_id)) from fleet_state.checkpoints where state <> 'deleted';
select is((select count(*)::int from fleet_log.checkpoint_manifests) + (select count(*)::int from fleet_log.checkpoint_parts), 0, 'deleted checkpoints leave no texts');
select pg_temp.silent('viper-1');
select is(run(pg_temp.op('recover', '{"dry_run": true}')), 'ok', 'a dry run without a checkpoint');
select is((answer(1)).result #>> '{warnings,0}' || (select count(*) from fleet_state.checkpoints where state <> 'deleted'), 'no checkpoint was left: one was taken now0', 'takes one and leaves none behind');
select is(run(pg_temp.op('recover')), 'ok', 'and for good');
select is(states() || held(), '{"a pending","b completed","c completed","d completed","e pending"}', 'who is gone lets go');
select is((select count(*)::int from fleet.verify_projections()), 0, 'a replay comes to the same');
select must('demo', 'cancel_mission', 'op', jsonb_build_object('mission_id', (select mission from it)));
select is(run(pg_temp.op('recover', jsonb_build_object('mission_id', (select mission from it)))), 'transition_refused', 'what is over is not resumed');
select * from finish();
rollback;
