-- How the fleet and its database are.

-- name: overview
select fleet.overview_json($1::jsonb ->> 'project')::text as item, '' as cursor_key

-- name: verify
select table_name, key, column_name, expected, found from fleet.verify_projections()

-- name: doctor
select what, state, value, advice from fleet.doctor()

-- name: file_relation
select coalesce(x.indrelid, c.oid)::regclass::text as on_table, c.relkind::text as kind,
       coalesce(t.oid, c.oid)::regclass::text as relation
  from pg_class c
  left join pg_index x on x.indexrelid = c.oid
  left join pg_class t on t.reltoastrelid = c.oid
 where pg_relation_filepath(c.oid) = $1::jsonb ->> 'file'

-- name: end_of_wal
select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint as place where not pg_is_in_recovery()

-- name: bus
select what, value, unit from fleet.bus

-- name: schema_status
select version, name, sha256, breaking, fleet_log.schema_versions.applied_at::text as applied_at
  from fleet_log.schema_versions order by version
