#!/usr/bin/env bash
# All unit, integration and end-to-end tests, on real images where they and the ImageNet weights are at hand.
# Arguments go to `cargo test`. Longer campaigns: `just test-kills`, `just test-power-cuts`, `just test-faults`; one
# crate: `just test-crate NAME`.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --release --locked --workspace --quiet "$@"
