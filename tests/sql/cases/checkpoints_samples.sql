-- A checkpoint of every format that was ever written can be read: a sample of each is kept (tests/samples).
\set samples `ls "$FLEET_SAMPLES" | grep -c '^checkpoint\.v[0-9]*\.json$'`
\set sample `cat "$FLEET_SAMPLES/checkpoint.v1.json"`
begin;
set search_path = tap, public;
select plan(7);
select scene();
create temp table it as select :'sample'::jsonb as doc;
select is(fleet_log.checkpoint_format(), :samples, 'there is a sample of each format');
select is(run(ask('keep_checkpoint', (select jsonb_build_object('checkpoint_id', doc #> '{checkpoint,checkpoint_id}', 'manifest', doc -> 'manifest', 'parts', doc -> 'parts',
    'digest', doc #> '{checkpoint,digest}') from it), '{"roles": ["operator"]}')), 'ok', 'a database that does not know the sample takes it in');
create temp table s as select fleet_log.checkpoint_sections((answer(1)).result ->> 'checkpoint_id') as x;
select is((select array_agg(key order by key) from s, jsonb_each(x)), '{actions,blockers,files,mail,mission,notes,pilots,reservations,rulings,sorties,usage}', 'every section is read in the present format');
select is((select x #>> '{notes,error,command}' || (x #>> '{notes,next_steps,1}') from s), 'makego on', 'notes');
select is((select e ->> 'name' || (e ->> 'progress') || (e #>> '{blocked,reason}') from s, jsonb_array_elements(x -> 'sorties') e where e ? 'token'), 'lexer40the grammar is unclear', 'who was at work');
select is((select x #>> '{rulings,0,text}' || (x #>> '{mail,0,subject}') || (x #>> '{reservations,0,patterns,0}') from s), 'Never touch the payment moduleLook at the grammarsrc/lexer/**', 'rulings, mail and files');
select is(fleet_log.upcast_checkpoint(fleet_log.checkpoint_format() + 1, '{}'), null, 'a format that is not known here is not guessed at');
select * from finish();
rollback;
