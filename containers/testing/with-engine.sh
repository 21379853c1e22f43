#!/usr/bin/env bash
# with-engine.sh COMMAND…: runs COMMAND as containers can run on this machine; exits 77 with the reason where none can
# (1 when FLEET_REQUIRE_PODMAN is set). What podman-env.sh found is looked for in FLEET_TEST_ENGINE, and made when missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${FLEET_TEST_ENGINE:-${XDG_CACHE_HOME:-$HOME/.cache}/fleettools/engine}
status=0
"$here/podman-env.sh" "$dir" >&2 || status=$?
if [ "$status" != 0 ]; then exit "$status"; fi
set -a
. "$dir/engine.env"
exec "$@"
