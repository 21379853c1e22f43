#!/usr/bin/env bash
# quickstart.sh: builds FleetTools, starts a fleet of your own and plays a scene: two agents want the same files.
#
# Everything is real: a private PostgreSQL in your data directory, the daemon, a git repository in a temporary
# directory, and two shell scripts (scripts/scene/) that use nothing but `fleet`. The fleet stays up at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
prefix=${FLEET_QUICKSTART_PREFIX:-$root/build/quickstart}

bold="" dim="" off="" one_colour="" two_colour="" watch_colour=""
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' off=$'\e[0m' one_colour=$'\e[36m' two_colour=$'\e[33m' watch_colour=$'\e[35m'
fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$off"; }

if [ -z "${FLEET_QUICKSTART_PREFIX:-}" ]; then
  say "1. Build (build/release) and install (build/quickstart)"
  scripts/build.sh release
  cmake --install build/release --prefix "$prefix" >/dev/null
fi
export PATH=$prefix/bin:$PATH

say "2. fleet services up"
fleet services up

stage=$(mktemp -d)
players=()
finish() {
  for pid in "${players[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait "${players[@]}" 2>/dev/null || true
  rm -rf "$stage"
}
trap finish EXIT

say "3. A git repository, fleet init, and a worktree for each agent"
repository=$stage/shop
mkdir -p "$repository/src"
cd "$repository"
printf 'int main(void) { return 0; }\n' >src/app.c
git init -q -b main
git config user.name "Quickstart" && git config user.email "quickstart@example.org"
git add . && git commit -qm "Begin"
fleet init --project quickstart
git add . && git commit -qm "Join the fleet"
git worktree add -q -b one "$stage/one"
git worktree add -q -b two "$stage/two"

# play NAME COLOUR FOLDER COMMAND…: runs a player; each of its lines is labelled on the screen and kept in a file.
label() {
  local line
  while IFS= read -r line; do
    printf '%s%-9s │%s %s\n' "$2" "$1" "$off" "$line"
    printf '%s\n' "$line" >>"$stage/$1.log"
  done
}
play() {
  local name=$1 colour=$2 folder=$3
  shift 3
  : >"$stage/$name.log"
  (cd "$folder" && exec "$@") > >(label "$name" "$colour") 2>&1 &
  players+=($!)
}
# until_said NAME PATTERN: returns when a player has said it.
until_said() {
  if ! timeout 60 grep -qm 1 -E "$2" <(exec tail -n +1 -f --pid=$$ "$stage/$1.log" 2>/dev/null); then
    echo "quickstart: '$1' did not say '$2' within a minute" >&2
    exit 1
  fi
}

say "4. The scene: two agents want the same files, a third process watches"
position=$(fleet events list --limit 1 --all-projects --json |
           python3 -c 'import json, sys; print(json.load(sys.stdin)["items"][-1]["position"])')
play watch "$watch_colour" "$repository" fleet watch --plain --after "$position"
play agent-one "$one_colour" "$stage/one" "$root/scripts/scene/agent-one.sh"
until_said agent-one '^worked on'
play agent-two "$two_colour" "$stage/two" "$root/scripts/scene/agent-two.sh"
for agent in "${players[1]}" "${players[2]}"; do
  if ! wait "$agent"; then
    echo "quickstart: the scene went wrong" >&2
    exit 1
  fi
done
until_said watch 'released src/app.c'

say "5. The same in SQL: fleet services psql"
fleet services psql -- -X -P pager=off -c "select * from fleet.log where project = 'quickstart' order by seq desc limit 12"

say "Your fleet is up. What to try next"
cat <<END
  ${dim}\$${off} export PATH=$prefix/bin:\$PATH
  ${dim}\$${off} fleet status                     how everything is
  ${dim}\$${off} cd your/repository && fleet init
  ${dim}\$${off} fleet setup claude             or codex, opencode, gemini, copilot, cursor: its edits ask first
  ${dim}\$${off} fleet reserve 'src/**' --ttl 30m  then fleet watch in another terminal
  ${dim}\$${off} fleet services psql               \\d+ fleet.* reads like a manual
  ${dim}\$${off} fleet replay --verify             the state is a fold of the log: prove it
  ${dim}\$${off} fleet services down               stops everything and keeps the data
END
