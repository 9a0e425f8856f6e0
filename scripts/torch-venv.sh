#!/usr/bin/env bash
# Prints the folder of a Python environment with PyTorch 2.9.0. Where it is missing, pip installs it into the cache
# folder (8 GB with all that it brings along); RANKLAB_TCH_VENV names another folder.
set -euo pipefail
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab"
environment="${RANKLAB_TCH_VENV:-$cache/venv-tch}"
fail() { printf 'error: %s\n' "$1" >&2; exit 1; }

if ! "$environment/bin/python" -c 'import torch; assert torch.__version__.startswith("2.9.0")' 2> /dev/null; then
    mkdir -p "$environment"
    free="$(df --output=avail -BG "$environment" | tail -n 1 | tr -dc 0-9)"
    [ "$free" -ge 16 ] || fail "PyTorch and its compiled test want 16 GB at $environment, where $free GB are free"
    [ -x "$environment/bin/python" ] || python3 -m venv "$environment" >&2 || fail "python3 -m venv failed"
    timeout 1200 "$environment/bin/python" -m pip install --quiet --no-cache-dir torch==2.9.0 numpy >&2 ||
        fail "pip could not install torch==2.9.0"
fi
printf '%s\n' "$environment"
