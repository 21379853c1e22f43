#!/usr/bin/env bash
# A throw-away PostgreSQL server for a test run.
#
#   server.sh start FILE     makes a cluster in a short temporary directory, writes its DSN to FILE
#   server.sh stop FILE      stops the server named in FILE and removes everything
#   server.sh crash FILE     stops it as a power cut would (-m immediate); the data stay
#   server.sh again FILE     starts it again on the same data
#   server.sh standby FILE PRIMARY   makes a standby of the server named in the file PRIMARY, writes its DSN to FILE
#   server.sh promote FILE   makes a primary of a standby
#
# The server listens on a unix socket only, in a directory that only its account may enter, as superuser
# `fleet` without password. It does not flush to disk unless FLEET_TEST_DURABLE=1 (crash tests need that).
# When the caller is root the server runs as account `postgres`, because PostgreSQL refuses root.
# Exit 77 (ctest: skipped) without PostgreSQL binaries, or 1 when FLEET_REQUIRE_PG is set.
set -euo pipefail
verb=${1:-} file=${2:-}
[ -n "$verb" ] && [ -n "$file" ] || { sed -n '3,9s/^# *//p' "$0" >&2; exit 2; }

find_binaries() {
  local dir
  for dir in "${FLEET_PG_BINDIR:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr) \
             "$(pg_config --bindir 2>/dev/null || true)"; do
    if [ -n "$dir" ] && [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then echo "$dir"; return; fi
  done
  echo "no PostgreSQL server binaries found: run 'make deps', or set FLEET_PG_BINDIR" >&2
  if [ -n "${FLEET_REQUIRE_PG:-}" ]; then exit 1; fi
  exit 77
}

as_server() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
  else
    "$@"
  fi
}

started_at() { awk '{print $22}' "/proc/$1/stat" 2>/dev/null || echo gone; }   # guards against a reused pid

# Removes a server directory, stopping what may still run in it.
remove() {
  local dir=$1
  case $dir in */fleet-test-??????) ;; *) echo "will not remove $dir" >&2; return 1 ;; esac
  if [ -f "$dir/data/postmaster.pid" ]; then
    as_server "$bin/pg_ctl" -D "$dir/data" -s -m immediate stop </dev/null >/dev/null 2>&1 || true
  fi
  rm -rf "$dir"
}

# What a killed run left behind: its owner is gone.
reap() {
  local dir pid
  for dir in /tmp/fleet-test-??????; do
    [ -f "$dir/owner" ] || continue
    read -r pid when <"$dir/owner" || continue
    if [ "$(started_at "$pid")" != "$when" ]; then remove "$dir" || true; fi
  done
}

launch() {
  local dir=$1 settings=(-c listen_addresses= -c "unix_socket_directories=$1" -c max_connections=250
                         -c log_line_prefix='%m [%p] %a ' -c max_wal_size=512MB
                         -c jit=off)  # as in every server that fleetd makes; compiling takes half of a short run
  if [ "$(cat "$dir/durable")" != 1 ]; then
    settings+=(-c fsync=off -c full_page_writes=off -c synchronous_commit=off)
  fi
  local words=""
  for word in "${settings[@]}"; do words+="'$word' "; done
  if ! as_server "$bin/pg_ctl" -D "$dir/data" -s -w -t 60 -l "$dir/log" -o "$words" start \
      </dev/null >/dev/null 2>&1; then
    tail -n 20 "$dir/log" >&2
    return 1
  fi
}

make_folder() {
  local owner=${FLEET_TEST_OWNER:-$PPID}
  dir=$(mktemp -d /tmp/fleet-test-XXXXXX)
  echo "$owner $(started_at "$owner")" >"$dir/owner"
  echo "${FLEET_TEST_DURABLE:-0}" >"$dir/durable"
  if [ "$(id -u)" = 0 ]; then chown -R postgres:postgres "$dir"; fi
}

bin=$(find_binaries)
dir=""
if [ -f "$file" ]; then dir=$(sed -n 's/.*host=\([^ ]*\).*/\1/p' "$file"); fi

case $verb in
start)
  if [ -n "$dir" ] && [ -d "$dir" ]; then remove "$dir"; fi
  reap
  make_folder
  if ! as_server "$bin/initdb" -D "$dir/data" -U fleet --auth=trust --no-sync --encoding=UTF8 --locale=C.UTF-8 \
      >/dev/null 2>"$dir/initdb.log"; then
    cat "$dir/initdb.log" >&2
    remove "$dir"
    exit 1
  fi
  launch "$dir" || { remove "$dir"; exit 1; }
  echo "host=$dir user=fleet dbname=postgres" >"$file"
  echo "$("$bin/postgres" --version) on $dir" ;;
stop)
  if [ -n "$dir" ] && [ -d "$dir" ]; then remove "$dir"; fi
  rm -f "$file" ;;
crash)
  as_server "$bin/pg_ctl" -D "$dir/data" -s -m immediate stop </dev/null >/dev/null 2>&1 ;;
again)
  launch "$dir" ;;
standby)
  primary=$(sed -n 's/.*host=\([^ ]*\).*/\1/p' "$3")
  make_folder
  if ! as_server "$bin/pg_basebackup" -d "host=$primary user=fleet application_name=standby" -D "$dir/data" -R -X stream \
      --no-sync -c fast >/dev/null 2>"$dir/basebackup.log"; then
    cat "$dir/basebackup.log" >&2
    remove "$dir"
    exit 1
  fi
  launch "$dir" || { remove "$dir"; exit 1; }
  echo "host=$dir user=fleet dbname=postgres" >"$file" ;;
promote)
  as_server "$bin/pg_ctl" -D "$dir/data" -s -w -t 30 promote </dev/null >/dev/null ;;
*)
  echo "server.sh: unknown verb $verb" >&2
  exit 2 ;;
esac
