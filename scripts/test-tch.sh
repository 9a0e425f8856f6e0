#!/usr/bin/env bash
# Compares both models' outputs and gradients between burn-flex and libtorch. burn-tch 0.22.1 wants
# libtorch 2.9.0: an installed one is taken from LIBTORCH, otherwise PyTorch 2.9.0 comes from pip.
set -euo pipefail
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab"
# libtorch changes burn's features: a target folder of its own keeps the other one warm.
export CARGO_TARGET_DIR="${RANKLAB_TCH_TARGET:-$cache/target-tch}"

if [ -n "${LIBTORCH:-}" ]; then
    libraries="$LIBTORCH/lib"
else
    environment="${RANKLAB_TCH_VENV:-$cache/venv-tch}"
    [ -x "$environment/bin/python" ] || python3 -m venv "$environment"
    "$environment/bin/python" -c 'import torch; assert torch.__version__.startswith("2.9.0")' 2>/dev/null ||
        "$environment/bin/python" -m pip install --quiet torch==2.9.0 numpy
    libraries="$("$environment/bin/python" -c 'import pathlib, torch; print(pathlib.Path(torch.__file__).parent / "lib")')"
    export LIBTORCH_USE_PYTORCH=1 VIRTUAL_ENV="$environment" PATH="$environment/bin:$PATH"
fi
export LD_LIBRARY_PATH="$libraries:${LD_LIBRARY_PATH:-}"
cargo test --release --locked --package ranklab-zoo --features tch --test devices -- --nocapture

# A state dict as torchvision stores it, for RGB, must come out as the stored trunk.
weights="${RANKLAB_DATA:-$cache/data}/vgg16_imagenet.safetensors"
if [ -n "${environment:-}" ] && [ -f "$weights" ]; then
    "$environment/bin/python" -m pip install --quiet safetensors numpy
    folder="$(mktemp -d)"
    trap 'rm -rf "$folder"' EXIT
    "$environment/bin/python" tests/golden/torch_weights.py "$weights" "$folder/vgg16.pth"
    env -u CARGO_TARGET_DIR cargo run --release --locked --quiet --package ranklab-cli --bin ranklab -- \
        weights fetch "$folder/vgg16.pth" --data-folder "$folder"
fi
