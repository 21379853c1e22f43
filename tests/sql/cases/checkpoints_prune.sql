-- What the policy lets go, what it never touches, and a copy that mends.
begin;
set search_path = tap, public;
select plan(36);
select scene();
create function pg_temp.op(op text, args jsonb default '{}') returns jsonb language sql as $$
    select tap.ask(op, args, '{"actor": "op", "roles": ["operator"]}') $$;
create function pg_temp.mission(title text) returns text language plpgsql as $$
declare id text := tap.must('demo', 'create_mission', 'viper-1', jsonb_build_object('title', title)) ->> 'mission_id';
begin
    perform tap.must('demo', 'create_sortie', 'viper-1', jsonb_build_object('mission_id', id, 'name', title, 'title', title));
    perform tap.must('demo', 'start_mission', 'viper-1', jsonb_build_object('mission_id', id));
    return id;
end $$;
create temp table it as select pg_temp.mission('open') as open, pg_temp.mission('done') as done;
create function pg_temp.take(of_mission text, called text, more jsonb default '{}') returns void language sql as $$
    select from tap.must('demo', 'create_checkpoint', 'viper-1', jsonb_build_object('mission_id', of_mission, 'summary', called) || more) $$;
-- As old as it is called: days.
create function pg_temp.age() returns void language sql as $$
    update fleet_state.checkpoints c set created_at = c.created_at - make_interval(days => coalesce((substring(b.body from '"summary": "[a-z]*([0-9]+)'))::int, 0))
      from fleet_log.bodies b where b.digest = c.body_digest and b.body like '%"summary"%' and c.created_at > now() - interval '1 day' $$;
create function pg_temp.left_over(of_mission text) returns text[] language sql as $$
    select coalesce(array_agg(coalesce(c.error_kind, substring(b.body from '"summary": "([a-z]*[0-9]+)')) order by c.event_seq), '{}')
      from fleet_state.checkpoints c left join fleet_log.bodies b on b.digest = c.body_digest
     where c.mission_id = of_mission and c.state <> 'deleted' $$;

select pg_temp.take(open, 'a' || n) from it, unnest('{30,29,28}'::int[]) n;
select pg_temp.take(open, 'named27', '{"name": "keep me"}') from it;
select pg_temp.take(open, 'b' || n) from it, unnest('{26,25,24,23}'::int[]) n;
select pg_temp.take(done, 'd' || n) from it, unnest('{30,20,10}'::int[]) n;
select goes('done', 'claim_sortie', 'start_sortie', 'complete_sortie');
select pg_temp.age();
delete from fleet_live.idempotency;
select is(run(ask('prune_checkpoints')), 'forbidden', 'pruning is for operators and the leader');
create temp table mark as select max(seq) as seq from fleet_log.events;
select is(run(pg_temp.op('prune_checkpoints', '{"dry_run": true}')), 'ok', 'a dry run');
select is((answer(1)).result ->> 'deleted', '7', 'says what would go');
select is((select max(e.seq) from fleet_log.events e), (select seq from mark), 'and writes nothing');
select is(run(pg_temp.op('prune_checkpoints')), 'ok', 'by age');
select is(pg_temp.left_over(open), '{named27,b25,b24,b23}', 'of an open mission the newest three stay, and what has a name') from it;
select is((select array_agg(c.trigger || c.progress) from fleet_state.checkpoints c, it where c.mission_id = it.done and c.state <> 'deleted'), '{progress100}', 'of a finished one the last');
select is((answer(1)).result ->> 'deleted', '7', 'it says how many');
select cmp_ok(((answer(1)).result ->> 'freed_bytes')::int, '>', 1000, 'and how much that freed');
select is((select count(*)::int from fleet_log.events where seq > (select m.seq from mark m) and type = 'checkpoint_deleted' and data = '{"by": "op", "reason": "pruned"}'), 7, 'each is told of');
select is((select count(*)::int from fleet_state.checkpoints where state <> 'deleted' and fleet_log.checkpoint_damage(checkpoint_id) is not null), 0, 'what is left is whole, though it shared parts');
select is((select count(*)::int from fleet_log.checkpoint_parts p where not exists (select from fleet_log.checkpoint_manifests m where p.digest = any(fleet_log.part_digests(m.manifest)))), 0, 'no part is left that nobody names');
select is(run(pg_temp.op('prune_checkpoints')), 'ok', 'again');
select is((answer(1)).result ->> 'deleted', '0', 'there is nothing more');
select is(run(pg_temp.op('prune_checkpoints', '{"keep": 1, "older_than_seconds": 0}')), 'ok', 'a stricter policy');
select is(pg_temp.left_over(open), '{named27,b23}', 'leaves the newest and the named') from it;

-- An error that still stands stays, until something taken since makes it old news.
select pg_temp.take(open, 'x22', '{"trigger": "error", "error": {"kind": "build", "message": "no"}}') from it;
select pg_temp.take(open, 'y21', '{"trigger": "shutdown"}') from it;
select is(run(pg_temp.op('prune_checkpoints', '{"keep": 1, "older_than_seconds": 0}')), 'ok', 'the strictest policy');
select is(pg_temp.left_over(open), '{named27,build,y21}', 'leaves an error that nothing has answered') from it;
select is(fleet_log.last_checkpoint(open), (select checkpoint_id from fleet_state.checkpoints where error_kind = 'build'), 'it is offered first') from it;
select pg_temp.take(open, 'z20') from it;
select is(run(pg_temp.op('prune_checkpoints', '{"keep": 1, "older_than_seconds": 0}')), 'ok', 'and then');
select is(pg_temp.left_over(open), '{named27,z20}', 'it goes') from it;

-- Too much in all.
select pg_temp.take(open, 'p' || n) from it, generate_series(19, 15, -1) n;
select is(run(pg_temp.op('prune_checkpoints', '{"max_bytes": 0}')), 'ok', 'nothing may be kept');
select is(pg_temp.left_over(open), '{named27,p15}', 'but what an open mission needs') from it;
select pg_temp.take(open, 'q' || n) from it, generate_series(14, 12, -1) n;
create temp table lead as select fleet.lead('sweep', 'me') as epoch;
select is(run(ask('sweep', (select jsonb_build_object('duty_epoch', epoch, 'checkpoints', '{"keep": 1, "older_than_seconds": 0, "idle_seconds": 77}'::jsonb) from lead))), 'ok', 'the leader prunes on its round');
select is((answer(1)).result ->> 'checkpoints_pruned', '3', 'what the policy lets go');
select is(fleet_log.recovery_idle(), 77, 'and says after which time a mission stands still');
select pg_temp.take(open, 'r11') from it;
select is(run(ask('sweep', (select jsonb_build_object('duty_epoch', epoch, 'checkpoints', '{"keep": 1, "older_than_seconds": 0}'::jsonb) from lead))), 'ok', 'not on every round');
select is((answer(1)).result ->> 'checkpoints_pruned', '0', 'once in a while');

-- A copy mends a checkpoint that is damaged, and comes back into a database that was set back.
create temp table copy as select d.item::jsonb as doc from fleet.checkpoint_document('{"project": "demo", "checkpoint_id": "keep me"}') d;
create function pg_temp.keep(parts jsonb default '{}') returns jsonb language sql as $$
    select pg_temp.op('keep_checkpoint', jsonb_build_object('checkpoint_id', doc #> '{checkpoint,checkpoint_id}', 'manifest', doc -> 'manifest',
        'digest', doc #> '{checkpoint,digest}', 'parts', (doc -> 'parts') || parts)) from copy $$;
select is(run(pg_temp.keep()), 'ok', 'a copy of what is whole');
select is((answer(1)).result ->> 'mended', 'false', 'changes nothing');
update fleet_log.checkpoint_parts p set body = '[]' from copy where p.digest in (select jsonb_object_keys(doc -> 'parts'));
select is(run(pg_temp.op('restore_checkpoint', '{"checkpoint_id": "keep me"}')), 'checkpoint_damaged', 'a damaged checkpoint is not restored');
select is(run(pg_temp.keep((select jsonb_build_object(k, '[1]') from copy, jsonb_object_keys(doc -> 'parts') k where length(doc -> 'parts' ->> k) > 200 limit 1))), 'invalid_field', 'a copy that is damaged itself is refused');
select is(run(pg_temp.keep()), 'ok', 'a whole one');
select is((answer(1)).result ->> 'mended' || coalesce(fleet_log.checkpoint_damage((answer(1)).result ->> 'checkpoint_id'), ''), 'true', 'mends it');
delete from fleet_log.checkpoint_manifests where checkpoint_id = (select doc #>> '{checkpoint,checkpoint_id}' from copy);
delete from fleet_state.checkpoints where checkpoint_id = (select doc #>> '{checkpoint,checkpoint_id}' from copy);
select is(run(pg_temp.keep()), 'ok', 'a database that does not know it takes it in');
select is((select name || digest from fleet_state.checkpoints where checkpoint_id = (select doc #>> '{checkpoint,checkpoint_id}' from copy)), (select 'keep me' || (doc #>> '{checkpoint,digest}') from copy), 'as it was');
select * from finish();
rollback;
