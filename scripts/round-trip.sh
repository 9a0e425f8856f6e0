#!/usr/bin/env bash
# Trains small networks of every form, exports each as a PEFT folder, a safetensors file and an ONNX file, loads them in
# PEFT, PyTorch and ONNX Runtime, and compares their probabilities with those of `ranklab predict`. Then PEFT trains
# adapters of its own, which are imported and compared likewise. Prints the largest difference of each.
#
#   scripts/round-trip.sh [--where-possible]
#
# RANKLAB_BINARY names a built `ranklab`; without it the workspace is built. The ImageNet weights are taken where they
# are fetched, random ones elsewhere. PyTorch is that of scripts/torch-venv.sh; with --where-possible a machine without
# room for it is no failure.
set -euo pipefail
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export RANKLAB_DATA="${RANKLAB_DATA:-$cache/data}"
possible="${1:-}"
size=64

fail() { printf 'error: %s\n' "$1" >&2; exit 1; }
cannot() {
    echo "exported networks NOT compared: $1"
    [ "$possible" = --where-possible ] && exit 0
    exit 1
}

environment="$(scripts/torch-venv.sh)" || cannot "PyTorch could not be installed"
python="$environment/bin/python"
if ! "$python" -c 'import numpy, onnxruntime, peft, PIL, safetensors, torchvision' 2> /dev/null; then
    timeout 900 "$python" -m pip install --quiet --no-cache-dir torch==2.9.0 torchvision==0.24.0 peft==0.21.2 \
        onnxruntime==1.32.0 pillow==13.0.0 safetensors numpy || cannot "pip could not install PEFT and ONNX Runtime"
fi
run_python() { (cd scripts && "$python" -B -W ignore -m "round_trip.$1" "${@:2}"); }

binary="${RANKLAB_BINARY:-}"
if [ -z "$binary" ]; then
    # As the tests build it, so that nothing is compiled twice.
    cargo build --release --locked --quiet --workspace --bin ranklab
    binary="$CARGO_TARGET_DIR/release/ranklab"
fi
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
export RANKLAB_RUNS="$folder/runs" RANKLAB_REPORTS="$folder/reports"
weights=random
[ -f "$RANKLAB_DATA/vgg16_imagenet.safetensors" ] && weights=imagenet
echo "weights: $weights"

# Images of the network's size need no resizing: what differs is the network alone. Others are resized by both sides.
run_python images "$folder/images" --side "$size" --images 48
run_python images "$folder/other" --side 100 --images 8 --seed 1
training=("dataset=$folder/images" positive=spotted negative=clear 'group=(g[0-9]+)_' "weights=$weights"
    "image_size=$size" epochs=2 batch=8 batch_norm_momentum=0.5 test_fraction=0.2 validation_fraction=0.2)

# predicted RUN IMAGES FILE
predicted() { "$binary" predict "$1" "$2" --format json > "$3"; }

# Trains the network NAME with the settings that follow, exports and compares it.
compared() {
    local name="$1" here="$folder/$1" run
    shift
    mkdir "$here"
    "$binary" sweep -q "${training[@]}" "$@" > "$folder/log" 2>&1 || { cat "$folder/log"; fail "$name: the sweep failed"; }
    run="$("$binary" query "select max(id) as id from runs" --format csv | tail -n 1)"
    local forms=(--merged "$here/network.safetensors" "$here/network.py" --onnx "$here/network.onnx")
    "$binary" export "$run" --to safetensors "$here/network.safetensors"
    "$binary" export "$run" --to onnx "$here/network.onnx"
    if [ "$name" != model_4 ]; then
        "$binary" export "$run" --to peft "$here/peft"
        forms+=(--peft "$here/peft")
    fi
    predicted "$run" "$folder/images" "$here/predictions.json"
    run_python compare "$name" --images "$folder/images" --predictions "$here/predictions.json" "${forms[@]}"
    if [ "$name" = published ]; then
        run_python card "$here/peft" "$folder/images" "$here/predictions.json"
        predicted "$run" "$folder/other" "$here/other.json"
        run_python compare "$name, resized images" --images "$folder/other" --predictions "$here/other.json" \
            "${forms[@]}" --allowed 0.05
    fi
}

stabilised=(preset=peft scaling=alpha_over_sqrt_rank)
compared published model=model_5 rank=5
compared peft model=model_5 preset=peft rank=8
compared dora model=model_5 preset=peft dora=true rank=4
compared published_dora model=model_5 dora=true rank=3
compared rslora model=model_5 "${stabilised[@]}" rank=4
compared ranks_per_layer model=model_5 "${stabilised[@]}" rank=2+4+8
compared published_ranks model=model_5 rank=2+4+8
compared one_layer model=model_5 layers=block5_conv3 rank=3
compared all_layers model=model_5 preset=peft layers=all rank=2
compared model_4 model=model_4

# Imports an adapter that PEFT trained with these options, and compares what both say.
imported() {
    local name="$1" trained="$folder/$1" run
    shift
    run_python train_adapter "$folder/peft/peft" "$folder/images" "$trained" "$@"
    "$binary" import "$trained" "image_size=$size" "weights=$weights" positive=spotted negative=clear
    run="$("$binary" query "select max(id) as id from runs" --format csv | tail -n 1)"
    predicted "$run" "$folder/images" "$trained/predictions.json"
    run_python same "$name, imported" "$folder/images" "$trained/predictions.json" "$trained/probabilities.json"
}

imported by_peft
imported by_peft_dora --dora
imported by_peft_rslora --rslora --pattern

# An exported folder comes back as the network that it was.
"$binary" import "$folder/published/peft" "weights=$weights"
run="$("$binary" query "select max(id) as id from runs" --format csv | tail -n 1)"
predicted "$run" "$folder/images" "$folder/published/again.json"
run_python same "published, exported and imported" "$folder/images" "$folder/published/again.json" \
    "$folder/published/predictions.json"
echo "all forms agree"
