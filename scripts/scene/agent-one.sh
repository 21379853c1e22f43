#!/usr/bin/env bash
# The first agent: takes src/ for itself, works, and gives it back as soon as somebody waits for it.
set -euo pipefail

fleet pilots register --program shell --model none --task "rename main to start" --quiet
fleet reserve 'src/**' --ttl 10m --reason "renaming main to start"

# Where the log stands now: what we wait for below comes behind it.
here=$(fleet events list --limit 1 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["items"][-1]["position"])')
sed -i 's/main/start/' src/app.c
git commit -qam "Rename main to start"
echo "worked on src/app.c: $(git log -1 --format=%s)"

fleet watch --plain --quiet --type file_wait_started --after "$here" --max 1 >/dev/null
echo "somebody waits; I am done"
fleet release 'src/**'
fleet pilots deregister --reason completed
