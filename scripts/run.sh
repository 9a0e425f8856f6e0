#!/usr/bin/env bash
# Compiles a program or an example as the tests are compiled, and runs it: scripts/run.sh bin|example NAME [ARGUMENTS]
#
#     scripts/run.sh bin ranklab sweep rank=1,5
#     scripts/run.sh example train_from_code
#
# The whole workspace is chosen, so that libraries have the features that the tests use and nothing is compiled twice.
# RANKLAB_PROFILE=fast compiles changes in a fraction of the time, for editing: figures are the same, times are not.
set -euo pipefail
cd "$(dirname "$0")/.."
kind="${1:?give bin or example}"
name="${2:?give a name, such as ranklab or train_from_code}"
shift 2
profile="${RANKLAB_PROFILE:-release}"
cargo build --profile "$profile" --locked --quiet --workspace "--$kind" "$name"
folder="${CARGO_TARGET_DIR:-target}/$profile"
[ "$kind" = bin ] || folder="$folder/examples"
exec "$folder/$name" "$@"
