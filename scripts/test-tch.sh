#!/usr/bin/env bash
# Compares both models' outputs and gradients between burn-flex and libtorch, and imports a state dict that
# PyTorch wrote. burn-tch 0.22.1 wants libtorch 2.9.0: an installed one is taken from LIBTORCH, otherwise
# PyTorch 2.9.0 comes from pip (8 GB with all that it brings along).
#
#   scripts/test-tch.sh [--where-possible]
#
# With --where-possible a machine that cannot be set up for it is no failure, but told; a difference is.
set -euo pipefail
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab"
cannot() {
    echo "${2:-libtorch NOT compared}: $1"
    [ "${possible:-}" = --where-possible ] && exit 0
    exit 1
}
possible="${1:-}"

command -v c++ > /dev/null || cannot "no C++ compiler (c++) is installed"
if [ -n "${LIBTORCH:-}" ]; then
    libraries="$LIBTORCH/lib"
else
    environment="$(scripts/torch-venv.sh)" || cannot "PyTorch 2.9.0 could not be installed"
    libraries="$("$environment/bin/python" -c 'import pathlib, torch; print(pathlib.Path(torch.__file__).parent / "lib")')"
fi

(
    if [ -n "${environment:-}" ]; then
        export LIBTORCH_USE_PYTORCH=1 VIRTUAL_ENV="$environment" PATH="$environment/bin:$PATH"
    fi
    export LD_LIBRARY_PATH="$libraries:${LD_LIBRARY_PATH:-}"
    # libtorch changes burn's features: a target folder of its own keeps the other one warm.
    export CARGO_TARGET_DIR="${RANKLAB_TCH_TARGET:-$cache/target-tch}"
    cargo test --release --locked --package ranklab-zoo --features tch --test zoo devices:: -- --nocapture
)

# A state dict as torchvision stores it, for RGB, must come out as the stored trunk.
weights="${RANKLAB_DATA:-$cache/data}/vgg16_imagenet.safetensors"
if [ -n "${environment:-}" ] && [ -f "$weights" ]; then
    "$environment/bin/python" -c 'import numpy, safetensors' 2> /dev/null ||
        timeout 600 "$environment/bin/python" -m pip install --quiet safetensors numpy ||
        cannot "pip could not install safetensors and numpy" "a state dict of PyTorch's NOT imported"
    folder="$(mktemp -d)"
    trap 'rm -rf "$folder"' EXIT
    "$environment/bin/python" tests/golden/torch_weights.py "$weights" "$folder/vgg16.pth"
    # As the tests build it, so that nothing is compiled twice.
    cargo build --release --locked --quiet --workspace --bin ranklab
    "${CARGO_TARGET_DIR:-target}/release/ranklab" weights fetch "$folder/vgg16.pth" --data-folder "$folder"
fi
