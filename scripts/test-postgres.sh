#!/bin/sh
# The tests that need a PostgreSQL server: the store's whole suite on it, and sweeps of the binary. Their server lives in
# a temporary folder. With --where-possible a machine without PostgreSQL skips them with a line.
#
# RANKLAB_SERVER_KILLS=30 disturbs more sweeps, RANKLAB_KILL_SEED chooses other moments.
set -eu
cd "$(dirname "$0")/.."
# One choice of packages for both: with ranklab-features their libraries have the features of the whole workspace, and
# nothing is compiled twice.
export RANKLAB_TEST_PACKAGES="-p ranklab-store -p ranklab-cli -p ranklab-features"
# shellcheck disable=SC2016
exec scripts/with-postgres.sh "$@" --fast sh -euc '
    cargo test --release $RANKLAB_TEST_PACKAGES --test store
    cargo test --release $RANKLAB_TEST_PACKAGES --test integration postgres::'
