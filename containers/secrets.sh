#!/usr/bin/env bash
# The two secrets of compose.yaml and the quadlet units: the password of the database's superuser `fleet`, and the DSN
# that fleetd reads. Podman keeps them; they appear in no file of yours, no argument list and no `podman inspect`.
#
#   containers/secrets.sh make [--host NAME]   draws and stores them; does nothing when they are there
#   containers/secrets.sh remove               removes them
#
# --host   how fleetd reaches the server: `postgres` for compose (the default), `fleet-postgres` for quadlet units
# The password belongs to the volume: it is set when the database is made, and a new secret does not change it.
set -euo pipefail
podman=${PODMAN:-podman}
prefix=${FLEET_SECRET_PREFIX:-fleet}
usage() { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
verb=${1:-} host=postgres
shift || usage
while [ $# -gt 0 ]; do
  case $1 in --host) host=${2:?}; shift 2 ;; *) usage ;; esac
done
is_there() { "$podman" secret inspect "$1" >/dev/null 2>&1; }
case $verb in
make)
  if is_there "$prefix-postgres-password" && is_there "$prefix-dsn"; then exit 0; fi
  if is_there "$prefix-postgres-password" || is_there "$prefix-dsn"; then
    echo "secrets.sh: only one of the two secrets is there; \`secrets.sh remove\` removes it" >&2
    exit 1
  fi
  password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s' "$password" | "$podman" secret create "$prefix-postgres-password" - >/dev/null
  printf 'host=%s port=5432 user=fleet dbname=fleet password=%s' "$host" "$password" |
    "$podman" secret create "$prefix-dsn" - >/dev/null ;;
remove)
  for name in "$prefix-postgres-password" "$prefix-dsn"; do
    if is_there "$name"; then "$podman" secret rm "$name" >/dev/null; fi
  done ;;
*) usage ;;
esac
