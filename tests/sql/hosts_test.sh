#!/usr/bin/env bash
# Rules about hosts that need two sessions: a beacon that is held, a frozen daemon, a second daemon with one host id,
# and a duty that only one leads. On the server that FLEET_TEST_DSN names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
name=fleet_hosts_$$
work=$(mktemp -d)
db="$(printf '%s' "$FLEET_TEST_DSN" | sed -E 's/dbname=[^ ]+//') dbname=$name"
host=host_01m7y4xbh5t2qgekpjg6t2qgek
export PGOPTIONS='-c client_min_messages=warning'
fail() { echo "hosts_test.sh: $*" >&2; exit 1; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" "$@"; }
join() {   # hostname, pid
    sql -c "select coalesce(code, 'ok') from fleet.act('[{\"op\": \"host_join\", \"args\": {\"host_id\": \"$host\",
            \"hostname\": \"$1\", \"version\": \"1\", \"pid\": $2, \"lease_seconds\": 30}}]')"
}
declare_lost() {
    sql -c "select result ->> 'lost' from fleet.act('[{\"op\": \"declare_host_lost\", \"args\": {\"host_id\": \"$host\"}}]')"
}
late() { sql -c "update fleet_live.hosts set deadline = clock_timestamp() - interval '$1 seconds'"; }
psql -Xq -d "$FLEET_TEST_DSN" -c "create database $name"
# A daemon of its own account: a superuser's session could be ended by a superuser only.
psql -Xq -d "$FLEET_TEST_DSN" -c "create role $name login"
trap 'psql -Xq -d "$FLEET_TEST_DSN" -c "drop database $name with (force)" -c "drop role $name"; rm -rf "$work"' EXIT
"$here/apply.sh" "$db"
sql -c "grant fleet_daemon to $name"
[ "$(join alpha 1)" = ok ] || fail "a host could not join"

# A session that holds the beacon and the duty, as a daemon's connection K does.
coproc held { psql -X -q -At -d "$db user=$name application_name=fleetd/$host/beacon" 2>"$work/held.txt"; }
echo "select fleet.hold_beacon('$host'), fleet.lead('sweep', 'a'), pg_backend_pid();" >&"${held[1]}"
IFS='|' read -r got epoch pid <&"${held[0]}"
[ "$got $epoch" = "t 1" ] || fail "the beacon or the duty could not be held: $got $epoch"

[ "$(sql -c "select fleet.hold_beacon('$host')")" = f ] || fail "a beacon was held twice"
[ -z "$(sql -c "select fleet.lead('sweep', 'b')")" ] || fail "a duty was led twice"
[ "$(sql -c "select fleet.resign('sweep')")" = f ] || fail "a session gave back what it did not hold"
[ "$(join beta 2)" = already_running_elsewhere ] || fail "a second daemon could take the host"
[ "$(join alpha 1)" = ok ] || fail "the daemon itself could not join again"

late 11
[ "$(declare_lost)" = false ] || fail "a host whose beacon is held was lost after 11 s"
late 31
[ "$(declare_lost)" = true ] || fail "a frozen host was not lost after 31 s"
# Its session was ended: whoever waits for the lock gets it.
sql -c "set lock_timeout = '10s'" -c "select pg_advisory_lock(fleet.lock_class('duty'), number) from fleet_live.leaders" \
    >/dev/null || fail "the frozen daemon's session was not ended"
[ "$(sql -c "select fleet.lead('sweep', 'b')")" = 2 ] || fail "the duty has no new leader with a new epoch"
echo "hosts: held beacons, frozen hosts, second daemons, one leader"
