#!/usr/bin/env bash
# The unit and integration tests of one crate or tool: scripts/test-crate.sh NAME [ARGUMENTS OF cargo test]
#
#     scripts/test-crate.sh stats
#     scripts/test-crate.sh store leases::          tests whose names hold "leases::"
#
# The package ranklab-features is chosen as well, so that libraries keep the features that they have in the whole
# workspace: with one package alone cargo would compile burn and polars again. RANKLAB_PROFILE=fast compiles quickly
# rather than hotly.
set -euo pipefail
cd "$(dirname "$0")/.."
name="${1:?which crate: $(ls crates tools | grep -v -e : -e README -e '^$' | tr '\n' ' ')}"
shift
cargo test --profile "${RANKLAB_PROFILE:-release}" --locked --quiet \
    --package "ranklab-${name#ranklab-}" --package ranklab-features "$@"
