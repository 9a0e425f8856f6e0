#!/usr/bin/env bash
# Runs a command with a PostgreSQL server of its own in a temporary folder. Debian's package is installed where it is
# missing.
#
#   scripts/with-postgres.sh [--where-possible] [--fast] COMMAND [ARGUMENTS]
#
# RANKLAB_TEST_POSTGRES names an empty database of the server, RANKLAB_TEST_POSTGRES_PROGRAMS the folder of initdb and
# pg_ctl. With --where-possible a machine without PostgreSQL skips the command with a line. --fast lets the server leave
# its commits in memory: for tests, which measure nothing. RANKLAB_TEST_POSTGRES_PORT chooses another port.
set -euo pipefail
# shellcheck source=scripts/postgres-server.sh
. "$(dirname "$0")/postgres-server.sh"

where_possible=no
while :; do
    case "${1:-}" in
    --where-possible) where_possible=yes ;;
    --fast) postgres_options="-c fsync=off" ;;
    *) break ;;
    esac
    shift
done
if ! postgres_find; then
    echo "PostgreSQL is not installed: its tests are skipped"
    [ $where_possible = yes ] && exit 0
    exit 1
fi
folder="$(mktemp -d)"
end() {
    postgres_stop
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chmod 711 "$folder"
postgres_start "$folder/server" "${RANKLAB_TEST_POSTGRES_PORT:-54329}"
RANKLAB_TEST_POSTGRES="$postgres_url/postgres" RANKLAB_TEST_POSTGRES_PROGRAMS="$postgres_programs" "$@"
