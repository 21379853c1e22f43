#!/usr/bin/env bash
# Builds the image localhost/fleettools-pg:MAJOR, also named :MAJOR-HASH, from packages installed on this machine.
#
#   containers/build-image.sh [--major N] [--bin-dir DIR] [--engine auto|podman] [--tar FILE] [--force]
#
# --major     which PostgreSQL; the newest installed one when left out
# --bin-dir   where its programs are, when not where Debian puts them (an unpacked npm package, for example)
# --tar       write the root file system to FILE and stop; needs no engine
# --force     build although an image of the same parts is there
#
# Prints the image's name. Does nothing when an image of the same parts is there. HASH is of our files and of the
# programs that go in. Label dev.fleettools.rootfs is the digest of the root file system.
# Exit 77 where no engine is, 1 when FLEET_REQUIRE_PODMAN is set.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
major="" bin="" engine=auto tar="" force=0
usage() { sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
while [ $# -gt 0 ]; do
  case $1 in
    --major) major=${2:?}; shift 2 ;;
    --bin-dir) bin=${2:?}; shift 2 ;;
    --engine) engine=${2:?}; shift 2 ;;
    --tar) tar=${2:?}; shift 2 ;;
    --force) force=1; shift ;;
    *) usage ;;
  esac
done
fail() { echo "build-image: $*" >&2; exit 1; }

if [ -z "$bin" ]; then
  if [ -n "$major" ]; then bin=/usr/lib/postgresql/$major/bin
  else bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1); fi
fi
if [ -z "$bin" ] || [ ! -x "$bin/postgres" ]; then
  fail "no PostgreSQL ${major:-server} is installed: apt-get install postgresql${major:+-$major}, or give --bin-dir"
fi
version=$("$bin/postgres" --version | sed -E 's/^[^0-9]*([0-9]+(\.[0-9]+)?[a-z0-9]*).*/\1/')
found=${version%%[!0-9]*}
if [ -n "$major" ] && [ "$major" != "$found" ]; then fail "$bin has PostgreSQL $version, not $major"; fi
major=$found

if [ -n "$tar" ]; then exec "$here/postgres/rootfs.sh" "$bin" "$tar"; fi

case $engine in auto | podman) ;; *) usage ;; esac
. "$here/parts.sh"
need_podman
lock_builds

hash=$({ cat "$here/parts.sh" "$here"/postgres/* "$bin/postgres" "$(command -v bash)" "$(command -v busybox || true)"
         ldd "$bin/postgres" | awk '/=> \// {print $3}' | sort | xargs cat; } 2>/dev/null | sha256sum | cut -c1-12)
name=localhost/fleettools-pg
if [ "$force" = 0 ] && "$podman" image exists "$name:$major-$hash"; then
  # The plain name may have been given to another one since.
  "$podman" tag "$name:$major-$hash" "$name:$major"
  echo "$name:$major-$hash"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/postgres/rootfs.sh" "$bin" "$work/rootfs.tar"
make_image "$work" "$here/postgres/Containerfile.scratch" "$name:$major-$hash" "$name:$major" \
  --build-arg PG_MAJOR="$major" --build-arg PG_VERSION="$version"
echo "$name:$major-$hash"
