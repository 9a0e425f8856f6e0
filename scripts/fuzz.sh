#!/usr/bin/env bash
# Feeds one target with inputs that libFuzzer makes up, guided by what code they reach: scripts/fuzz.sh TARGET SECONDS.
# Starts from tools/fuzz/corpus/TARGET; new inputs are kept outside the clone, one that fails in tools/fuzz/artifacts/TARGET. Works
# with the stable toolchain, without sanitizers; the first time compiles everything for it.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${1:?which target: $(ls tools/fuzz/corpus | tr '\n' ' ')}"
seconds="${2:-60}"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab"
tools="$cache/tools"
version=0.13.2
if ! "$tools/bin/cargo-fuzz" --version 2>/dev/null | grep -qF "$version"; then
    CARGO_TARGET_DIR="$tools/target" cargo install --quiet --locked --debug --root "$tools" "cargo-fuzz@$version"
    rm -rf "$tools/target"
fi
export CARGO_TARGET_DIR="${RANKLAB_FUZZ_TARGET:-$cache/target-fuzz}" PATH="$tools/bin:$PATH"
found="$cache/fuzz-corpus/$target"
mkdir -p "$found"
cargo fuzz run --fuzz-dir tools/fuzz --sanitizer none "$target" "$found" "tools/fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -max_len=16384 -timeout=30 -rss_limit_mb=4096
