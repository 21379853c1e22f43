-- What backups and restores ask. DDL is written by the server itself (format), so that names are quoted as it does;
-- such statements answer with the text that is sent next.

-- name: backup_facts
select pg_export_snapshot() as snapshot, h.seq, h.event_id, h.incarnation,
       (select max(v.version) from fleet_log.schema_versions v) as schema_version,
       coalesce((select r.sha256 from fleet_log.schema_repeatable r order by r.applied_at desc limit 1), '') as schema_digest,
       current_setting('server_version') as server_version, current_database() as database,
       pg_database_size(current_database()) as bytes
  from fleet.head() h

-- name: backup_redactions
select coalesce(jsonb_agg(jsonb_build_object('digest', b.digest, 'at', fleet_log.json_time(b.redacted_at),
                                             'by', b.redacted_by, 'reason', b.redact_reason) order by b.redacted_at, b.digest),
                '[]')::text
  from fleet_log.bodies b where b.redacted_at is not null

-- name: restore_work_in_log
select count(*) from (select from fleet_log.events e where e.stream_type <> 'host' limit 1000) e

-- name: restore_roles
do $$
declare
    name text;
begin
    foreach name in array array['fleet_owner', 'fleet_daemon', 'fleet_operator', 'fleet_reader'] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
        if not pg_has_role(current_user, name, 'usage') then
            execute format('grant %I to %I', name, current_user);
        end if;
    end loop;
    execute format('grant create, temporary on database %I to fleet_owner', current_database());
    begin
        grant pg_monitor, pg_signal_backend to fleet_owner;
    exception when insufficient_privilege then
        raise notice 'a superuser may: grant pg_monitor, pg_signal_backend to fleet_owner';
    end;
end $$

-- name: restore_database_exists
select exists (select from pg_database d where d.datname = $1::text)

-- name: restore_create_database
select format('create database %I encoding ''UTF8'' template template0', $1::text)

-- name: restore_drop_database
select format('drop database if exists %I with (force)', $1::text)

-- name: restore_rename_database
select format('alter database %I rename to %I', $1::text, $2::text)

-- name: restore_leftovers
select d.datname from pg_database d
 where d.datname ~ '^fleet_restoring_\d{14}_' and not exists (select from pg_stat_activity a where a.datid = d.oid)
   and substr(d.datname, 17, 14) < to_char(clock_timestamp() at time zone 'UTC' - interval '1 day', 'YYYYMMDDHH24MISS')

-- name: restore_end_sessions
select count(pg_terminate_backend(a.pid)) from pg_stat_activity a
 where a.datname = $1::text and a.pid <> pg_backend_pid()

-- name: restore_begin_anew
select fleet_log.begin_anew($1::jsonb)::text

-- name: restore_analyze
analyze

-- name: restore_transaction_of
select e.xmin::text from fleet_log.events e where e.seq = $1::bigint

-- name: backup_due
select fleet.backup_due($1::text, $2::text, $3::int, $4::int) as why

-- name: backup_note
select fleet.note_backup($1::bigint, $2::jsonb)

-- name: backup_last
select b.kind, b.host, b.ok, fleet_log.json_time(b.made_at) as made_at, b.head_seq, b.bytes, b.kept, b.took_ms,
       fleet_log.json_time(b.due_at) as due_at, b.problem, b.path
  from fleet.backups b

-- name: export_lines
select seq, line from fleet_log.export_lines($1::bigint, $2::int)

-- name: export_texts
select digest, line from fleet_log.export_texts($1::text, $2::int)

-- name: export_digests
select table_name, row_count, digest from fleet_log.state_digests($1::text)

-- name: export_schema
select 'fleet_export_' || pg_backend_pid()

-- name: export_open
select fleet_log.open_export($1::text)

-- name: export_load
select fleet_log.load_export($1::text, $2::text)

-- name: export_fold
select events, holes, head_event from fleet_log.fold_export($1::text)

-- name: export_drop
select format('drop schema if exists %I cascade', $1::text)

-- name: backup_schema
select max(v.version) from fleet_log.schema_versions v
