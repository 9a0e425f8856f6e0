#!/usr/bin/env bash
# What is checked without running anything: formatting, types and lints, of all crates and tools.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo fmt --all --check
cargo check --release --locked --workspace --all-targets --quiet
cargo clippy --release --locked --workspace --all-targets --quiet -- -D warnings
