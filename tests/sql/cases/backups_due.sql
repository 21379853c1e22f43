-- Whose turn a backup is.
begin;
set search_path = tap, public;
select plan(14);
select scene();
create function pg_temp.outcome(kind text, ok boolean, host text default 'host_a') returns jsonb language sql as $$
    select jsonb_build_object('host_id', host, 'kind', kind, 'ok', ok, 'every_seconds', 1800, 'head_seq', (select seq from fleet.head()),
                              'incarnation', fleet.incarnation(), 'problem', case when not ok then 'the disk is full' end)
$$;
select is(fleet.backup_due('logical', 'host_a', 1800), 'none was made yet', 'the first is due at once');
select lives_ok($$select fleet.lead('backup', 'host_a')$$, 'one leads the duty');
select throws_ok($$select fleet.note_backup(99, pg_temp.outcome('logical', true))$$, 'FL430', null, 'another epoch notes nothing');
select lives_ok($$select fleet.note_backup((select epoch from fleet.leaders where duty = 'backup'), pg_temp.outcome('logical', true))$$, 'the leader does');
select is(fleet.backup_due('logical', 'host_a', 1800), null, 'then none is due');
select is(fleet.backup_due('logical', 'host_b', 1800), 'none was made yet', 'a host that is gone has nothing that others could use');
update fleet_live.backups set made_at = clock_timestamp() - interval '2 hours';
select is(fleet.backup_due('logical', 'host_a', 1800), null, 'not when nothing has happened since');
select act(jsonb_build_array(note(1)));
select matches(fleet.backup_due('logical', 'host_a', 1800), 'the last one is of', 'but when something has');
select lives_ok($$select fleet.note_backup((select epoch from fleet.leaders where duty = 'backup'), pg_temp.outcome('logical', false))$$, 'a try fails');
select is(fleet.backup_due('logical', 'host_a', 1800), null, 'it is not tried again at once');
select is((select state || ': ' || value from fleet_log.doctor_backups() where what = 'backups: logical'), 'bad: the disk is full', 'and doctor says why');
update fleet_live.backups set tried_at = clock_timestamp() - interval '10 minutes';
select matches(fleet.backup_due('logical', 'host_a', 1800), 'the last try failed', 'but after a while');
select is(fleet.backup_due('export', 'host_a', 86400, 0), 'none was made yet', 'an export is due when its time has come once');
select lives_ok($$select fleet.note_backup(null, pg_temp.outcome('physical', true))$$, 'a base backup belongs to the host of the server: no duty');
select * from finish();
rollback;
