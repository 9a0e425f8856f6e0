#!/bin/sh
# Runs the tests of the runs database on a PostgreSQL server of their own, in a temporary folder. Debian's package is
# installed where it is missing. With --where-possible a machine without it skips the tests with a line.
set -eu

find_programs() {
    for folder in /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null || true)"; do
        if [ -x "$folder/initdb" ]; then echo "$folder"; return; fi
    done
}

programs=$(find_programs)
if [ -z "$programs" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get install --yes --no-install-recommends postgresql >/dev/null || true
    programs=$(find_programs)
fi
if [ -z "$programs" ]; then
    echo "PostgreSQL is not installed: its tests are skipped"
    [ "${1:-}" = --where-possible ] && exit 0
    exit 1
fi

folder=$(mktemp -d)
# The server refuses to run as root; Debian's package makes a user for it.
as_user() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi
end() {
    as_user "$programs/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap end EXIT INT TERM

cd "$(dirname "$0")/.."
port=${RANKLAB_TEST_POSTGRES_PORT:-54329}
as_user "$programs/initdb" -D "$folder/data" --auth trust --username ranklab --no-sync --encoding UTF8 >/dev/null
as_user "$programs/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
    -o "-p $port -k $folder -c listen_addresses=127.0.0.1 -c max_connections=200 -c fsync=off" start >/dev/null
RANKLAB_TEST_POSTGRES="postgres://ranklab@127.0.0.1:$port/postgres" \
    cargo test --release -p ranklab-store -p ranklab-features --test store
