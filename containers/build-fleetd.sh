#!/usr/bin/env bash
# Builds the image localhost/fleetd:VERSION, also named :latest, from installed programs.
#
#   containers/build-fleetd.sh [--prefix DIR] [--name NAME] [--tar FILE]
#
# --prefix    where `make install` has put them; /usr/local when left out
# --name      of the image; localhost/fleetd when left out
# --tar       write the root file system to FILE and stop; needs no engine
#
# Prints the image's name. Exit 77 where no engine is, 1 when FLEET_REQUIRE_PODMAN is set.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=/usr/local tar="" name=localhost/fleetd
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=${2:?}; shift 2 ;;
    --name) name=${2:?}; shift 2 ;;
    --tar) tar=${2:?}; shift 2 ;;
    *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
if [ ! -x "$prefix/bin/fleetd" ]; then
  echo "build-fleetd: $prefix/bin/fleetd is not there: make install PREFIX=$prefix" >&2
  exit 1
fi
if [ -n "$tar" ]; then exec "$here/fleetd/rootfs.sh" "$prefix" "$tar"; fi
. "$here/parts.sh"
need_podman
lock_builds

version=$("$prefix/bin/fleetd" --version | sed -E 's/^[^0-9]*([0-9][^ ]*).*/\1/')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/fleetd/rootfs.sh" "$prefix" "$work/rootfs.tar"
make_image "$work" "$here/fleetd/Containerfile.scratch" "$name:$version" "$name:latest" \
  --build-arg FLEET_VERSION="$version"
echo "$name:$version"
