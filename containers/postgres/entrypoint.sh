#!/bin/bash
# The entry of image fleettools-pg. Same contract as docker.io/library/postgres: POSTGRES_PASSWORD, _USER, _DB,
# _INITDB_ARGS (each also as NAME_FILE), POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD, PGDATA, PGPORT,
# /docker-entrypoint-initdb.d. docs/guide/containers.md lists what is stricter here than there.
set -Eeo pipefail

runtime=/var/run/postgresql
settings=/etc/fleettools/postgresql.conf
own_scripts=/usr/local/share/fleettools/initdb.d
# Stands in the data directory from the end of initdb until the last script has run. A container that is killed
# between leaves it behind, and the next one begins anew: nobody could have written anything of value.
unfinished=$PGDATA/fleettools.unfinished

say() { printf 'fleettools-pg: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

# file_env NAME [DEFAULT]: NAME, or what the file NAME_FILE holds. Read while still root: a secret may be root's only.
file_env() {
  local name=$1 file_name=$1_FILE
  if [ -n "${!name:-}" ] && [ -n "${!file_name:-}" ]; then
    fail "both $name and $file_name are set; give one of them"
  fi
  local value=${!name:-${2:-}}
  if [ -n "${!file_name:-}" ]; then
    [ -r "${!file_name}" ] || fail "$file_name names ${!file_name}, which cannot be read"
    value=$(<"${!file_name}")
  fi
  export "$name=$value"
  unset "$file_name"
}

# source_of DIR: where a mount point's content lies on the host, "" when DIR is none.
source_of() { awk -v dir="$1" '$5 == dir { found = $4 } END { print found }' /proc/self/mountinfo; }
is_anonymous() { [[ $1 =~ /volumes/[0-9a-f]{64}/_data$ ]]; }

# A volume at a place that the data do not go to means data that are gone with the container.
check_layout() {
  local whole=/var/lib/postgresql usual=/var/lib/postgresql/data at source
  for at in "$usual" "$whole"; do
    source=$(source_of "$at")
    if [ -z "$source" ] || is_anonymous "$source"; then continue; fi
    case $PGDATA/ in "$at"/*) ;; *) fail "a volume is mounted at $at, but PGDATA is $PGDATA: mount it there, or set PGDATA=$usual" ;; esac
  done
  source=$(source_of "$PGDATA")
  if [ -n "$(source_of "$whole")" ] && [ -n "$source" ] && is_anonymous "$source"; then
    fail "a volume is mounted at $whole, but $PGDATA is an unnamed one: mount at $usual"
  fi
  if [ -s "$PGDATA/PG_VERSION" ] && [ "$(<"$PGDATA/PG_VERSION")" != "$PG_MAJOR" ]; then
    fail "the data are of PostgreSQL $(<"$PGDATA/PG_VERSION"), this image is $PG_MAJOR: use an image of" \
         "$(<"$PGDATA/PG_VERSION"), or move with 'fleet services upgrade --to-major $PG_MAJOR'"
  fi
  for source in "$whole"/[1-9]*/docker/PG_VERSION "$whole"/data/[1-9]*/docker/PG_VERSION; do
    if [ -s "$source" ] && [ "${source%/PG_VERSION}" != "$PGDATA" ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
      fail "there are data in ${source%/PG_VERSION}, where newer images keep them: set PGDATA to that"
    fi
  done
}

make_directories() {
  mkdir -p "$PGDATA" "$runtime"
  if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then mkdir -p "$POSTGRES_INITDB_WALDIR"; fi
  if [ "$(id -u)" = 0 ]; then
    find "$PGDATA" ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"} "$runtime" \
      ! -user postgres -exec chown postgres:postgres {} +
  fi
  chmod 700 "$PGDATA" ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"} || true
  chmod 3775 "$runtime" 2>/dev/null || true
}

empty() { find "$1" -mindepth 1 -maxdepth 1 -exec rm -rf {} +; }

# What was begun and never ended is removed; it was made by this script, as the mark says.
clear_unfinished() {
  if [ ! -e "$unfinished" ] && [ ! -d "$PGDATA/fleettools.making" ]; then return; fi
  say "an earlier start did not get to the end of its preparations: beginning anew"
  empty "$PGDATA"
  if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then empty "$POSTGRES_INITDB_WALDIR"; fi
}

check_password() {
  if [ -n "$POSTGRES_PASSWORD" ] || [ "${POSTGRES_HOST_AUTH_METHOD:-}" = trust ]; then return; fi
  fail "the database is new and has no password: set POSTGRES_PASSWORD_FILE (a mounted secret) or POSTGRES_PASSWORD"
}

make_cluster() {
  local making=$PGDATA/fleettools.making method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if ! getent passwd "$(id -u)" >/dev/null; then fail "user $(id -u) has no name in this image; 999 has"; fi
  # The local socket stays open to who is in the container. Loopback does not, unlike in the official image: on the
  # host's network it is everybody's.
  eval 'initdb --pgdata="$making" --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD")' \
    '--no-instructions --encoding=UTF8 --locale=C.UTF-8 --auth-local=trust --auth-host="$method"' \
    '${POSTGRES_INITDB_WALDIR:+--waldir="$POSTGRES_INITDB_WALDIR"}' "${POSTGRES_INITDB_ARGS:-}"
  printf '\n# Settings of the image; those below and `ALTER SYSTEM` are stronger.\ninclude_if_exists = '\''%s'\''\n' \
    "$settings" >>"$making/postgresql.conf"
  if [ "$method" = trust ]; then say "POSTGRES_HOST_AUTH_METHOD is trust: everybody who reaches the port gets in" >&2; fi
  printf '\nhost all all all %s\n' "$method" >>"$making/pg_hba.conf"
  touch "$making/${unfinished##*/}"
  # The version file goes last: without it the next start finds the half and begins anew.
  find "$making" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv {} "$PGDATA/" \;
  mv "$making/PG_VERSION" "$PGDATA/"
  rmdir "$making"
}

# For scripts that are sourced: reads SQL, or takes psql's arguments, as the superuser.
docker_process_sql() {
  PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc --username "$POSTGRES_USER" \
    --dbname "${POSTGRES_DB:-postgres}" "$@"
}

run_scripts() {
  local script
  for script in "$@"; do
    case $script in
      *.sh)
        say "running $script"
        if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
      *.sql) say "running $script"; docker_process_sql -f "$script" ;;
      *.sql.gz) say "running $script"; gunzip -c "$script" | docker_process_sql ;;
      *.sql.xz) say "running $script"; xzcat "$script" | docker_process_sql ;;
      *.sql.zst) say "running $script"; zstd -dc "$script" | docker_process_sql ;;
      *) if [ -e "$script" ]; then say "ignoring $script"; fi ;;
    esac
  done
}

# A server that only this container reaches, for the time of the preparations.
prepare() {
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  shift
  NOTIFY_SOCKET='' PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -s -w \
    -o "$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}")" start
  local wanted=$POSTGRES_DB
  if [ -z "$(docker_process_sql -d postgres -At -v name="$wanted" \
             <<<"select 1 from pg_database where datname = :'name'")" ]; then
    docker_process_sql -d postgres -q -v name="$wanted" <<<'create database :"name"'
  fi
  run_scripts "$own_scripts"/*
  run_scripts /docker-entrypoint-initdb.d/*
  PGUSER=$POSTGRES_USER pg_ctl -D "$PGDATA" -s -m fast -w stop
  rm "$unfinished"
  sync -f "$PGDATA" 2>/dev/null || true
  say "the database is made; starting it"
}

if [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
if [ "${1:-}" != postgres ]; then exec "$@"; fi
for word in "$@"; do
  case $word in -\? | --help | --describe-config | -V | --version) exec "$@" ;; esac
done
# Process 1 is sent no signal that it does not ask for: a stop during the preparations would wait for the kill.
trap 'exit 143' TERM
trap 'exit 130' INT

file_env POSTGRES_PASSWORD
file_env POSTGRES_USER postgres
file_env POSTGRES_DB "$POSTGRES_USER"
file_env POSTGRES_INITDB_ARGS
check_layout
make_directories
if [ "$(id -u)" = 0 ]; then
  exec setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all -- "$BASH_SOURCE" "$@"
fi

clear_unfinished
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  check_password
  make_cluster
  prepare "$@"
fi
if [ -n "${FLEET_POSTGRES_MEMORY:-}" ]; then set -- "$@" -c "shared_buffers=${FLEET_POSTGRES_MEMORY/iB/B}"; fi
# The server has no use for the password, and its environment can be read by who looks into the container.
unset POSTGRES_PASSWORD PGPASSWORD POSTGRES_INITDB_ARGS
exec "$@"
