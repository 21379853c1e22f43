#!/usr/bin/env bash
# rootfs.sh PREFIX OUT.tar: the root file system of image fleetd: the programs that `make install` has put below PREFIX,
# PostgreSQL's clients, bash and busybox, and the shared libraries that these ask for. Needs neither network nor root.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,3s/^# *//p' "$0" >&2; exit 2; }
prefix=$(cd "$1" && pwd) out=$2 here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../parts.sh"
umask 022
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
lay_ground fleet /var/lib/fleet

for program in fleet fleetd; do
  cp -L "$prefix/bin/$program" "$root/usr/local/bin/$program"
  if command -v strip >/dev/null; then strip "$root/usr/local/bin/$program"; fi
done
# `fleet services psql` and backups call these; they are found by PATH, as on a host.
clients=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
for program in psql pg_dump pg_restore pg_basebackup pg_verifybackup; do
  if [ -x "$clients/$program" ]; then cp -L "$clients/$program" "$root/usr/bin/$program"; fi
done
# For `sslrootcert=system` and the like in the DSN of a managed database.
if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
  mkdir -p "$root/etc/ssl/certs"
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
fi
add_libraries

mkdir -p "$root/var/lib/fleet" "$root/run/fleet"
# Whoever the container runs as makes its directories there; nobody else sees the volume.
chmod 1777 "$root/var/lib/fleet"
chmod 700 "$root/run/fleet"
pack "$out" /var/lib/fleet /run/fleet
