#!/usr/bin/env bash
# lint.sh: the house rules, then clang-tidy over the sources of client/ and daemon/.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/deps.sh --extra
ctest --test-dir build/dev --output-on-failure --no-tests=error -L house
# Sources one by one and without the precompiled headers: clang-tidy takes a missing #include for an error.
# What is generated has to be there.
cmake --preset lint >/dev/null
cmake --build build/lint --target fleet_catalogue fleet_embedded_sql
git ls-files -z 'client/*.cpp' 'daemon/*.cpp' | xargs -0 -P "$(nproc)" -n 4 clang-tidy -p build/lint --quiet
