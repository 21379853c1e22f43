#!/usr/bin/env bash
# bench.sh [--compare EARLIER.json]: measures, or compares build/bench/results.json with an earlier file.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = --compare ]; then
  [ -n "${2:-}" ] || { echo "usage: make bench-compare BEFORE=file.json" >&2; exit 2; }
  exec python3 bench/compare.py "$2" build/bench/results.json
fi
scripts/deps.sh --extra
scripts/build.sh bench
exec python3 bench/run.py --build build/bench --json build/bench/results.json
