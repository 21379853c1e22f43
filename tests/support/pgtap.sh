#!/usr/bin/env bash
# pgtap.sh FILE…: runs pgTAP files in the database that PGDATABASE names.
set -euo pipefail
if ! command -v pg_prove >/dev/null; then
  echo "skipped: pg_prove is missing (make deps installs it)"
  if [ -n "${FLEET_REQUIRE_PG:-}" ]; then exit 1; fi
  exit 77
fi
psql -Xq -v ON_ERROR_STOP=1 -c 'create schema if not exists tap; create extension if not exists pgtap schema tap'
psql -Xq -v ON_ERROR_STOP=1 -c "alter database \"$PGDATABASE\" set search_path = public, tap"
exec pg_prove --ext .sql --failures --comments "$@"
