# shellcheck shell=bash disable=SC2154
# What the images have in common. Sourced by postgres/rootfs.sh, fleetd/rootfs.sh and the build scripts; each sets `root`,
# the directory that becomes the root file system.

# A program of this machine, or a word on where it comes from.
need() { # NAME PACKAGE
  command -v "$1" || { echo "${0##*/}: '$1' is missing: install package $2" >&2; exit 1; }
}

# Directories, two accounts, a shell and the usual tools. Ids below 1000 are those of the official image.
lay_ground() { # ACCOUNT HOME
  local busybox shell setpriv getent zstd name
  busybox=$(need busybox busybox-static) shell=$(need bash bash) setpriv=$(need setpriv util-linux)
  getent=$(need getent libc-bin) zstd=$(need zstd zstd)
  if ldd "$busybox" 2>/dev/null | grep -q '=>'; then echo "${0##*/}: install package busybox-static" >&2; exit 1; fi
  mkdir -p "$root"/{bin,dev,etc,proc,run,sys,tmp,usr/bin,usr/local/bin,usr/lib/locale,usr/share} "$root/var"
  ln -s ../run "$root/var/run"
  chmod 1777 "$root/tmp"
  cp -L "$setpriv" "$getent" "$zstd" "$root/usr/bin/"
  cp -L "$shell" "$root/bin/bash"
  cp -L "$busybox" "$root/bin/busybox"
  "$busybox" --list | while read -r name; do
    case $name in busybox | bash | setpriv | getent) ;; *) ln -s busybox "$root/bin/$name" ;; esac
  done
  # Without C.utf8 initdb would silently make a cluster in SQL_ASCII.
  cp -RL /usr/lib/locale/C.utf8 "$root/usr/lib/locale/"
  if [ -d /usr/share/zoneinfo ]; then cp -RL /usr/share/zoneinfo "$root/usr/share/"; fi
  printf 'root:x:0:0:root:/root:/bin/bash\n%s:x:999:999::%s:/bin/bash\n' "$1" "$2" >"$root/etc/passwd"
  printf 'root:x:0:\n%s:x:999:\n' "$1" >"$root/etc/group"
  printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
}

# The shared libraries that programs and libraries in the tree ask for, and those that these ask for: ldd lists both.
add_libraries() {
  local library
  # For a script ldd fails, and that is no matter.
  { find "$root" -type f \( -perm -100 -o -name '*.so*' \) -exec ldd {} + 2>/dev/null || true; } |
    sed -nE 's/^.*=> (\/[^ ]+) .*$/\1/p; s/^\t(\/[^ ]+) .*$/\1/p' | sort -u |
    while read -r library; do
      case $library in "$root"/*) continue ;; esac
      mkdir -p "$root${library%/*}"
      if [ ! -e "$root$library" ]; then cp -L --preserve=mode "$library" "$root$library"; fi
    done
}

# The tree as a tar that is the same for the same content. The directories named belong to the account 999, so that the
# container also starts without root.
pack() { # OUT DIRECTORY…
  local out=$1 own=(--numeric-owner --sort=name --mtime=@0 --format=gnu)
  shift
  tar -C "$root" "${own[@]}" --owner=0 --group=0 "${@/#/--exclude=.}" -cf "$out" .
  tar -C "$root" "${own[@]}" --owner=999 --group=999 -rf "$out" "${@/#/.}"
}

# Sets `podman`, or ends: 77 without it, 1 when FLEET_REQUIRE_PODMAN is set.
need_podman() {
  podman=${PODMAN:-podman}
  if command -v "$podman" >/dev/null; then return; fi
  echo "${0##*/}: podman is not installed" >&2
  if [ -n "${FLEET_REQUIRE_PODMAN:-}" ]; then exit 1; fi
  exit 77
}

# Two builds at once would do the same work twice, and the second would find the first one's half.
lock_builds() {
  exec 9>"${XDG_RUNTIME_DIR:-/tmp}/fleettools-images.$(id -u).lock"
  flock 9
}

# An image NAME (also: each further TAG) from rootfs.tar in WORK. Nothing is run, so no runtime is needed. Format docker:
# the other one has no health check. Timestamp 0: the same parts give the same image.
make_image() { # WORK CONTAINERFILE NAME TAG BUILD-OPTION…
  local work=$1 file=$2 name=$3 tag=$4 digest
  shift 4
  digest=$(sha256sum "$work/rootfs.tar" | cut -d' ' -f1)
  if ! "$podman" build --format docker --isolation chroot --pull=never --layers=false --timestamp 0 --quiet "$@" \
      --label dev.fleettools.rootfs="$digest" -t "$name" -t "$tag" -f "$file" "$work" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    echo "${0##*/}: podman could not make the image" >&2
    return 1
  fi
}
