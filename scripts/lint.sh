#!/usr/bin/env bash
# lint.sh: the house rules, then clang-tidy over the sources of client/ and daemon/.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/deps.sh --extra
ctest --test-dir build/dev --output-on-failure --no-tests=error -L house
git ls-files -z 'client/*.cpp' 'daemon/*.cpp' | xargs -0 -P "$(nproc)" -n 4 clang-tidy -p build/dev --quiet
