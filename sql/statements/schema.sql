-- What the migrator sends besides the files it applies.

-- name: schema_lock
select pg_advisory_lock(1179403592, 1)

-- name: schema_unlock
select pg_advisory_unlock(1179403592, 1)

-- name: schema_exists
select to_regclass('fleet_log.schema_versions') is not null and to_regclass('fleet_log.schema_repeatable') is not null

-- name: schema_versions
select v.version, v.name, v.sha256, v.breaking from fleet_log.schema_versions v order by v.version

-- name: schema_add
insert into fleet_log.schema_versions (version, name, sha256, breaking)
values ($1::int, $2::text, $3::text, $4::boolean)

-- name: schema_remove
delete from fleet_log.schema_versions v where v.version = $1::int

-- name: schema_repeatable
select r.sha256, r.build from fleet_log.schema_repeatable r order by r.applied_at desc limit 1

-- name: schema_repeatable_add
insert into fleet_log.schema_repeatable (sha256, build) values ($1::text, $2::text)

-- name: schema_repeatable_clear
delete from fleet_log.schema_repeatable
