#!/bin/bash
# Healthy is who answers a query on the server that the port belongs to. The one that runs during the preparations
# listens on no address; pg_isready cannot tell the two apart.
set -eu
user=${POSTGRES_USER:-postgres}
if [ -n "${POSTGRES_USER_FILE:-}" ]; then user=$(<"$POSTGRES_USER_FILE"); fi
answer=$(PGCONNECT_TIMEOUT=3 psql -XAtq --no-password -h /var/run/postgresql -U "$user" -d postgres \
         -c "select current_setting('listen_addresses') <> ''")
[ "$answer" = t ]
