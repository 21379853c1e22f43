#!/usr/bin/env bash
# Installs the Debian packages that building, testing and running FleetTools needs; only those that are missing.
#
#   scripts/deps.sh              what `make build`, `make test` and `make quickstart` need
#   scripts/deps.sh --extra      also what `make lint`, `format`, `coverage` and the clang preset need
#
# Says nothing when nothing is missing. Uses sudo when the caller is not root.
set -euo pipefail

packages=(
  g++ cmake ninja-build make pkg-config ccache lld git python3 util-linux ca-certificates curl
  libboost1.81-dev libboost-url1.81-dev libpqxx-dev libpq-dev libssl-dev
  nlohmann-json3-dev libfmt-dev libspdlog-dev libcli11-dev libtomlplusplus-dev
  catch2 librapidcheck-dev
  postgresql postgresql-15 postgresql-15-pgtap libtap-parser-sourcehandler-pgtap-perl
  zstd libzstd-dev
)
# What tests use where it is there: containers (podman, a runtime that works in restricted machines, its network, a
# static shell for the image), network namespaces and links, a pooler to be found out, clocks that step. An account
# that may not install goes on without them; the tests that need them are reported as skipped.
optional=(
  podman podman-compose runc netavark aardvark-dns iptables busybox-static slirp4netns uidmap
  iproute2 nftables pgbouncer faketime
)
extra=(clang-16 clang-format clang-tidy lcov libbenchmark-dev)
# For the test of the OpenAPI document. Node often comes from elsewhere than Debian, and brings its own npm.
if ! command -v npm >/dev/null; then packages+=(nodejs npm); fi
if [ "${1:-}" = --extra ]; then packages+=("${extra[@]}"); fi

if ! command -v apt-get >/dev/null; then
  # Another system: CMake says what is missing, by name.
  if ! command -v cmake >/dev/null; then
    echo "deps: this is not a Debian system; install what docs/dependencies.md lists, then try again" >&2
    exit 1
  fi
  exit 0
fi

is_missing() { # the right installed version, not the file: a package may be removed but configured
  [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | cut -c2)" != i ]
}
missing=() wanted=()
for package in "${packages[@]}"; do if is_missing "$package"; then missing+=("$package"); fi; done
for package in "${optional[@]}"; do if is_missing "$package"; then wanted+=("$package"); fi; done
if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
  missing+=("${wanted[@]}")
elif [ ${#wanted[@]} != 0 ]; then
  echo "deps: tests will be skipped without: ${wanted[*]}" >&2
fi
if [ ${#missing[@]} = 0 ]; then exit 0; fi

root() {
  if [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    echo "deps: these packages are missing and this account may not install them: ${missing[*]}" >&2
    echo "deps: as root: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quiet() {
  if ! root "$@" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    return 1
  fi
}

# Debian's PostgreSQL package starts a cluster of its own on port 5432 unless it is told not to; ours are private.
conf=/etc/postgresql-common/createcluster.conf
if ! grep -qs '^ *create_main_cluster *= *false' "$conf"; then
  root sh -c "mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >>$conf"
fi

echo "deps: installing ${missing[*]}"
install=(apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}")
# Lists of packages that are old, or not there at all, are the usual reason for a failure.
if ! quiet "${install[@]}" 2>/dev/null; then
  quiet apt-get update -q
  quiet "${install[@]}"
fi
