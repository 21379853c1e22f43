#!/usr/bin/env bash
# format.sh [--check]: clang-format over the C++ files of the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/deps.sh --extra
how=(-i)
if [ "${1:-}" = --check ]; then how=(--dry-run --Werror); fi
git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format "${how[@]}"
