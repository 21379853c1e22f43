#!/usr/bin/env bash
# A throw-away PostgreSQL server in a container, for tests and for trying things.
#
#   server.sh start FILE     starts one on a free port of loopback, waits for it, writes and prints its DSN
#   server.sh stop FILE      removes the one that FILE names
#   server.sh run COMMAND…   starts one, runs COMMAND with FLEET_TEST_DSN set, removes it
#   server.sh reap           removes what runs that are dead left behind; `start` does it, too
#
# Environment: FLEET_TEST_ENGINE   directory of podman-env.sh's findings; made when missing
#              FLEET_TEST_IMAGE    another image with the same entry contract; built when missing: fleettools-pg
#              FLEET_TEST_DURABLE  1: flush to disk, data in a volume; else flushes are off and data in memory
#              FLEET_TEST_KEEP     1: `stop` leaves the container, to look into it; `reap` still takes it
#              FLEET_TEST_OWNER    process id of whose life the server lasts; the caller's when left out
# Exit 77 where no container can run, 1 when FLEET_REQUIRE_PODMAN is set.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
verb=${1:-} prefix=fleet-test label=dev.fleettools.test
usage() { sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2; }

engine() {
  local dir=${FLEET_TEST_ENGINE:-${XDG_CACHE_HOME:-$HOME/.cache}/fleettools/engine} status=0
  if [ ! -s "$dir/engine.env" ] || [ "$verb" != stop ]; then "$here/podman-env.sh" "$dir" >&2 || status=$?; fi
  if [ "$status" != 0 ]; then exit "$status"; fi
  . "$dir/engine.env"
}

# A process id comes again; its start time and the boot do not.
started_at() { sed -E 's/^.*\) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
boot() { tr -d - </proc/sys/kernel/random/boot_id | cut -c1-12; }

# What tests make carries boot, process and start time of its owner in its name: secrets, networks and images have no
# labels, and the file that names a server is lost with its run.
owner_lives() { # NAME
  local boot_id pid start
  IFS=- read -r _ _ boot_id pid start _ <<<"$1"
  [ "$boot_id" = "$(boot)" ] && [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}
discard() { # NAME
  "$PODMAN" rm -f -i -v -t 0 "$1" >/dev/null 2>&1 || true
  "$PODMAN" volume rm -f "$1" >/dev/null 2>&1 || true
  "$PODMAN" network rm -f "$1" >/dev/null 2>&1 || true
  "$PODMAN" secret rm "$1" >/dev/null 2>&1 || true
  "$PODMAN" rmi -f "localhost/$1" >/dev/null 2>&1 || true
}
everything_of_tests() { # containers first: what they use cannot be removed
  "$PODMAN" ps -a --format '{{.Names}}'
  "$PODMAN" volume ls --format '{{.Name}}'
  "$PODMAN" network ls --format '{{.Name}}'
  "$PODMAN" secret ls --format '{{.Name}}'
  "$PODMAN" images --format '{{.Repository}}:{{.Tag}}' | sed 's!^localhost/!!'
}
reap() {
  local name
  { everything_of_tests | grep "^$prefix-" || true; } | while read -r name; do
    if owner_lives "$name"; then continue; fi
    echo "removing $name: its run is dead" >&2
    discard "$name"
  done
}

free_port() { # only for the host's network; the wait below finds out when somebody was faster
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
}
is_running() { [ "$("$PODMAN" inspect --format '{{.State.Running}}' "$1" 2>/dev/null)" = true ]; }

# Ready is a query on the very address that will be used: what runs during the preparations answers on none.
wait_until_ready() { # NAME DSN
  local deadline=$((SECONDS + ${FLEET_TEST_START_SECONDS:-120})) why
  while ! why=$(PGCONNECT_TIMEOUT=2 psql -XAtq -d "$2" -c 'select 1' 2>&1); do
    if ! is_running "$1"; then why="it ended"; break; fi
    if [ "$SECONDS" -ge "$deadline" ]; then break; fi
    sleep 0.1
  done
  if [ "$why" = 1 ]; then return; fi
  echo "server.sh: the server does not answer: $why" >&2
  "$PODMAN" logs --tail 20 "$1" >&2
  return 1
}

start() { # FILE
  local file=$1 owner=${FLEET_TEST_OWNER:-$PPID} image=${FLEET_TEST_IMAGE:-} name password address words run
  reap
  if [ -z "$image" ]; then image=$("$here/../build-image.sh"); fi
  name=$prefix-$(boot)-$owner-$(started_at "$owner")-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
  password=$(od -An -N18 -tx1 /dev/urandom | tr -d ' \n')
  words=(postgres)
  run=(run -d --pull=never --http-proxy=false --name "$name" --label "$label=true" --stop-signal SIGINT --shm-size 256m
       --label "$label.session=${name##*-}" --label "$label.owner=$owner" --no-healthcheck --image-volume ignore
       --secret "$name,target=pgpw,mode=0400" -e POSTGRES_PASSWORD_FILE=/run/secrets/pgpw -e POSTGRES_USER=fleet
       -e PGDATA=/var/lib/postgresql/data)
  if [ "${FLEET_TEST_DURABLE:-0}" = 1 ]; then
    run+=(-v /var/lib/postgresql/data)
  else
    run+=(--tmpfs /var/lib/postgresql/data:rw,size=2g,mode=1777 -e POSTGRES_INITDB_ARGS=--no-sync)
    words+=(-c fsync=off -c full_page_writes=off -c synchronous_commit=off)
  fi
  if [ -n "${FLEET_PODMAN_NETWORK:-}" ]; then
    address=127.0.0.1:$(free_port)
    run+=(--network "$FLEET_PODMAN_NETWORK" -e "PGPORT=${address##*:}")
    words+=(-c listen_addresses=127.0.0.1)
  else
    run+=(-p 127.0.0.1::5432)
  fi

  printf '%s' "$password" | "$PODMAN" secret create "$name" - >/dev/null
  if ! "$PODMAN" "${run[@]}" "$image" "${words[@]}" 9>&- >/dev/null; then discard "$name"; return 1; fi
  if [ -z "${FLEET_PODMAN_NETWORK:-}" ]; then address=$("$PODMAN" port "$name" 5432/tcp); fi
  # The password goes to a file of its own: a DSN is shown in argument lists.
  mkdir -p "$(dirname "$file")"
  (umask 077 && printf '*:*:*:fleet:%s\n' "$password" >"$file.pgpass")
  local dsn="host=127.0.0.1 port=${address##*:} user=fleet dbname=postgres passfile=$(realpath "$file.pgpass")"
  echo "$name" >"$file.name"
  echo "$dsn" >"$file"
  if ! wait_until_ready "$name" "$dsn"; then stop "$file"; return 1; fi
  echo "$dsn"
}

stop() { # FILE
  if [ ! -s "$1.name" ]; then return; fi
  if [ "${FLEET_TEST_KEEP:-0}" = 1 ]; then echo "kept: $(cat "$1.name")" >&2; return; fi
  discard "$(cat "$1.name")"
  rm -f "$1" "$1.name" "$1.pgpass"
}

case $verb in
start) [ $# = 2 ] || usage; engine; start "$2" ;;
stop) [ $# = 2 ] || usage; [ -s "$2.name" ] || exit 0; engine; stop "$2" ;;
reap) engine; reap ;;
run)
  [ $# -gt 1 ] || usage
  shift
  engine
  work=$(mktemp -d)
  trap 'stop "$work/server"; rm -rf "$work"' EXIT
  FLEET_TEST_OWNER=$$ start "$work/server" >/dev/null
  FLEET_TEST_DSN=$(cat "$work/server") "$@" ;;
*) usage ;;
esac
