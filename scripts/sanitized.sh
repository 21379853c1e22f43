#!/usr/bin/env bash
# sanitized.sh asan|tsan|clang: builds a preset and runs the tests that gain most from it: unit, property, bus.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
if [ "$preset" = clang ]; then scripts/deps.sh --extra; fi
if [ ! -f "build/$preset/build.ninja" ]; then cmake --preset "$preset" >/dev/null; fi
# Only what is run is built: a sanitized Beast takes long to compile.
mapfile -t targets < <(ctest --test-dir "build/$preset" -N -L 'unit|property|bus' |
  sed -n 's/^ *Test *#[0-9]*: *\([a-z_]*\)$/\1/p' | grep -vE '^postgres_(start|stop)$')
scripts/build.sh "$preset" "${targets[@]}"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1:check_initialization_order=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1}
ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$(nproc)" -L 'unit|property|bus'
