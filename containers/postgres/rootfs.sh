#!/usr/bin/env bash
# rootfs.sh BIN_DIR OUT.tar: the root file system of image fleettools-pg, from what is installed on this machine:
# PostgreSQL below BIN_DIR, bash, busybox and setpriv, and the shared libraries that these ask for.
# Needs no network, no root and no container engine. The same packages give the same tar, byte for byte.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
bin=$(cd "$1" && pwd) out=$2 here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../parts.sh"
major=$("$bin/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
umask 022
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
lay_ground postgres /var/lib/postgresql

# PostgreSQL finds lib and share from the place of its programs. Debian keeps share elsewhere; packages that bring
# their own tree keep it beside bin.
home=/usr/lib/postgresql/$major
mkdir -p "$root$home/bin"
case $bin in
  "$home/bin")
    mkdir -p "$root$home/lib" "$root/usr/share/postgresql"
    cp "$home"/lib/*.so "$root$home/lib/"
    cp -R "/usr/share/postgresql/$major" "$root/usr/share/postgresql/"
    rm -rf "$root/usr/share/postgresql/$major/man" ;;
  *)
    cp -R "$bin/../lib" "$bin/../share" "$root$home/"
    rm -rf "$root$home/lib/pkgconfig" ;;
esac
# Compilation and other languages would double the size; the tuned settings switch the first off.
find "$root$home/lib" \( -name 'llvmjit*' -o -name '*plperl*' -o -name '*plpython*' -o -name 'pltcl*' \
  -o -name '*.a' -o -name bitcode \) -prune -exec rm -rf {} +
for name in postgres initdb pg_ctl pg_controldata pg_resetwal pg_basebackup pg_checksums pg_verifybackup \
            psql pg_isready pg_dump pg_restore pg_dumpall; do
  from=$bin/$name
  # What a tree of servers alone lacks comes from the newest of the distribution: psql speaks to every server.
  if [ ! -x "$from" ]; then from=$(ls -d /usr/lib/postgresql/*/bin/"$name" 2>/dev/null | sort -V | tail -n 1); fi
  if [ -z "$from" ]; then continue; fi
  cp -L "$from" "$root$home/bin/$name"
  ln -s "$home/bin/$name" "$root/usr/bin/$name"
done
add_libraries

mkdir -p "$root"/{etc/fleettools,docker-entrypoint-initdb.d,run/postgresql,var/lib/postgresql/data} \
  "$root/usr/local/share/fleettools/initdb.d"
install -m 755 "$here/entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
install -m 755 "$here/healthcheck.sh" "$root/usr/local/bin/healthcheck.sh"
install -m 644 "$here/postgresql.conf" "$root/etc/fleettools/postgresql.conf"
install -m 644 "$here/roles.sql" "$root/usr/local/share/fleettools/initdb.d/00-roles.sql"
chmod 1777 "$root/var/lib/postgresql/data"
chmod 3775 "$root/run/postgresql"
pack "$out" /var/lib/postgresql /run/postgresql
