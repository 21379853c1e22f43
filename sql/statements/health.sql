-- How the fleet and its database are.

-- name: overview
select fleet.overview_json($1::jsonb ->> 'project')::text as item, '' as cursor_key

-- name: verify
select table_name, key, column_name, expected, found from fleet.verify_projections()

-- name: doctor
select what, state, value, advice from fleet.doctor()

-- name: bus
select what, value, unit from fleet.bus

-- name: schema_status
select version, name, sha256, breaking, fleet_log.schema_versions.applied_at::text as applied_at
  from fleet_log.schema_versions order by version
