#!/usr/bin/env bash
# The second agent: wants a file that the first one has. Is told who has it and for how long, waits, and gets it.
set -euo pipefail

fleet pilots register --program shell --model none --task "return 1 instead of 0" --quiet
echo "$ fleet reserve src/app.c"
status=0
fleet reserve src/app.c --reason "another exit status" || status=$?
if [ "$status" != 5 ]; then
  echo "expected to be refused (exit status 5), got $status"
  exit 1
fi
echo "refused (exit status 5); I get in line"
echo "$ fleet reserve src/app.c --wait 60s"
fleet reserve src/app.c --wait 60s --reason "another exit status"
sed -i 's/return 0/return 1/' src/app.c
git commit -qam "Return 1"
echo "worked on src/app.c: $(git log -1 --format=%s)"
fleet release src/app.c
fleet pilots deregister --reason completed
