#!/usr/bin/env bash
# uninstall.sh BUILD_DIR: removes the files that the last `cmake --install BUILD_DIR` has written.
set -euo pipefail
cd "$(dirname "$0")/.."
manifest=$1/install_manifest.txt
if [ ! -f "$manifest" ]; then
  echo "uninstall: nothing was installed from $1" >&2
  exit 0
fi
# The last line of a manifest has no end.
while IFS= read -r file || [ -n "$file" ]; do
  rm -f -- "$file"
  # Folders that are ours alone go when they are empty.
  rmdir -p --ignore-fail-on-non-empty -- "$(dirname "$file")" 2>/dev/null || true
done <"$manifest"
rm -f "$manifest"
