#!/usr/bin/env bash
# install.sh BUILD_DIR PREFIX: a fresh install tree for the end-to-end tests.
set -euo pipefail
rm -rf "$2"
cmake --install "$1" --prefix "$2" >/dev/null
# Checked here, so that one test says it and not all of them.
for program in fleet fleetd; do
  "$2/bin/$program" --version >/dev/null || { echo "$program of the install tree does not start" >&2; exit 1; }
done
