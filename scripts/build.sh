#!/usr/bin/env bash
# build.sh PRESET [TARGET…]: configures when needed, and builds.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift
dir=build/$preset
if [ ! -f "$dir/build.ninja" ]; then
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  # What CMake finds out is only of interest when it finds something missing.
  if ! cmake --preset "$preset" >"$log" 2>&1; then cat "$log" >&2; exit 1; fi
elif ! python3 cmake/batches.py --hold "$dir/batches.txt"; then
  # Two sources that are compiled as one have come to use the same name: they are parted before that is an error.
  cmake "$dir" >/dev/null
fi
# Ninja starts two compilers more than there are processors; with little memory that is too many.
memory_gb=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null || echo 8)
jobs=$(nproc)
if [ "$memory_gb" -lt $((jobs * 2)) ]; then jobs=$((memory_gb / 2 > 0 ? memory_gb / 2 : 1)); fi
cmake --build "$dir" --parallel "$jobs" ${1:+--target "$@"}
