#!/usr/bin/env bash
# The justfile is one that `just` accepts, and its recipes reach `ranklab`. Where `just` is not installed, pip's
# package of it serves; with --where-possible a machine without both skips the check with a line.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf 'error: %s\n' "$1" >&2; exit 1; }

just="$(command -v just || true)"
if [ -z "$just" ]; then
    environment="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab/venv-just"
    just="$environment/bin/just"
    if [ ! -x "$just" ]; then
        if ! { python3 -m venv "$environment" && timeout 300 "$environment/bin/python" -m pip install --quiet rust-just; }; then
            [ "${1:-}" = --where-possible ] || fail "just is not installed, and pip could not install rust-just"
            echo "the justfile: skipped, pip could not install rust-just"
            exit 0
        fi
    fi
fi

"$just" --list --unsorted
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
# A recipe passes words with spaces on as they are.
printed="$(RANKLAB_RUNS="$folder" "$just" sweep --dry-run dataset=synthetic "rank=1, 2")"
grep -q 'rank 2' <<< "$printed" || grep -q 'rank=2' <<< "$printed" || fail "just sweep --dry-run printed: $printed"
