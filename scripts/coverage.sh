#!/usr/bin/env bash
# coverage.sh: builds with gcov, runs the tests, writes build/coverage/report and prints the totals.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/deps.sh
scripts/deps.sh --extra
scripts/build.sh coverage
find build/coverage -name '*.gcda' -delete
ctest --test-dir build/coverage --output-on-failure -j "$(nproc)" -LE 'long|house' || failed=1
lcov --capture --directory build/coverage --output-file build/coverage/all.info --rc lcov_branch_coverage=1 \
     --no-external --base-directory "$PWD" --quiet
lcov --extract build/coverage/all.info "$PWD/client/*" "$PWD/daemon/*" --output-file build/coverage/ours.info \
     --rc lcov_branch_coverage=1 --quiet
genhtml build/coverage/ours.info --output-directory build/coverage/report --branch-coverage --quiet
lcov --summary build/coverage/ours.info --rc lcov_branch_coverage=1
echo "report: build/coverage/report/index.html"
exit "${failed:-0}"
