#!/usr/bin/env bash
# Migrations up, down and up again, on the server that FLEET_TEST_DSN names.
exec "$(dirname "$0")/migrations.sh" "$FLEET_TEST_DSN"
