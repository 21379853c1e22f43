#!/usr/bin/env bash
# rootfs.sh BIN_DIR OUT.tar: the root file system of image fleettools-pg, from what is installed on this machine:
# PostgreSQL below BIN_DIR, bash, busybox and setpriv, and the shared libraries that these ask for.
# Needs no network, no root and no container engine. The same packages give the same tar, byte for byte.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,4s/^# *//p' "$0" >&2; exit 2; }
bin=$(cd "$1" && pwd) out=$2 here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
major=$("$bin/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
umask 022
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

need() { # a program of this machine, or a word on where it comes from
  command -v "$1" || { echo "rootfs.sh: '$1' is missing: install package $2" >&2; exit 1; }
}
copy() { # to the same path in the image, links followed
  local file
  for file; do
    mkdir -p "$root${file%/*}"
    if [ ! -e "$root$file" ]; then cp -L --preserve=mode "$file" "$root$file"; fi
  done
}

mkdir -p "$root"/{bin,dev,etc/fleettools,proc,run/postgresql,sys,tmp,usr/bin,usr/local/bin,usr/lib/locale} \
  "$root"/usr/local/share/fleettools/initdb.d "$root"/docker-entrypoint-initdb.d "$root"/var/lib/postgresql/data
ln -s ../run "$root/var/run"

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
  # What a tree of servers alone lacks comes from the newest of the distribution: clients speak to every older server.
  if [ ! -x "$from" ]; then from=$(ls -d /usr/lib/postgresql/*/bin/"$name" 2>/dev/null | sort -V | tail -n 1); fi
  if [ -z "$from" ]; then continue; fi
  cp -L "$from" "$root$home/bin/$name"
  ln -s "$home/bin/$name" "$root/usr/bin/$name"
done

setpriv=$(need setpriv util-linux) shell=$(need bash bash) getent=$(need getent libc-bin) zstd=$(need zstd zstd)
busybox=$(need busybox busybox-static)
for program in "$setpriv" "$getent" "$zstd"; do cp -L "$program" "$root/usr/bin/"; done
cp -L "$shell" "$root/bin/bash"
cp -L "$busybox" "$root/bin/busybox"
if ldd "$root/bin/busybox" 2>/dev/null | grep -q '=>'; then echo "rootfs.sh: install package busybox-static" >&2; exit 1; fi
"$root/bin/busybox" --list | while read -r name; do
  case $name in busybox | bash | setpriv | getent) ;; *) ln -s busybox "$root/bin/$name" ;; esac
done

# Without this directory initdb would silently make a cluster in SQL_ASCII.
cp -RL /usr/lib/locale/C.utf8 "$root/usr/lib/locale/"
if [ -d /usr/share/zoneinfo ]; then mkdir -p "$root/usr/share" && cp -RL /usr/share/zoneinfo "$root/usr/share/"; fi

# The libraries, and those that these ask for: ldd lists both. A library that lies in the tree itself needs no copy.
# For a script it fails, and that is no matter.
{ find "$root" -type f \( -perm -100 -o -name '*.so*' \) -exec ldd {} + 2>/dev/null || true; } |
  sed -nE 's/^.*=> (\/[^ ]+) .*$/\1/p; s/^\t(\/[^ ]+) .*$/\1/p' | sort -u |
  while read -r library; do
    case $library in "$root"/*) ;; *) copy "$library" ;; esac
  done

printf 'root:x:0:0:root:/root:/bin/bash\npostgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/bash\n' >"$root/etc/passwd"
printf 'root:x:0:\npostgres:x:999:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
install -m 755 "$here/entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
install -m 755 "$here/healthcheck.sh" "$root/usr/local/bin/healthcheck.sh"
install -m 644 "$here/postgresql.conf" "$root/etc/fleettools/postgresql.conf"
install -m 644 "$here/roles.sql" "$root/usr/local/share/fleettools/initdb.d/00-roles.sql"
chmod 1777 "$root/tmp" "$root/var/lib/postgresql/data"
chmod 3775 "$root/run/postgresql"

# The directories of the server belong to its account, so that the container also starts without root.
whose=(--numeric-owner --sort=name --mtime=@0 --format=gnu)
tar -C "$root" "${whose[@]}" --owner=0 --group=0 --exclude=./var/lib/postgresql --exclude=./run/postgresql -cf "$out" .
tar -C "$root" "${whose[@]}" --owner=999 --group=999 -rf "$out" ./var/lib/postgresql ./run/postgresql
