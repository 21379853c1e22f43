#!/usr/bin/env bash
# The pgTAP cases, on the server that FLEET_TEST_DSN names.
exec "$(dirname "$0")/run.sh" "$FLEET_TEST_DSN"
