#!/usr/bin/env bash
# One case for prove, on the database in FLEET_TEST_DSN.
FLEET_SAMPLES=$(cd "$(dirname "$0")/../samples" && pwd)
export FLEET_SAMPLES
exec psql -X -q -A -t -v ON_ERROR_STOP=1 -P pager=off -d "$FLEET_TEST_DSN" -f "$1"
