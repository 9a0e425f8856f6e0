#!/usr/bin/env bash
# Recomputes every figure of a few small reports in Python, from the runs database alone: see scripts/recompute_report.py.
# Sweeps on generated images, and on real ones where they and the ImageNet weights are there. numpy and scipy come from
# pip into the cache folder.
#
#   scripts/test-recompute.sh
#
# RANKLAB_BINARY names a built `ranklab`; without it the workspace is built.
set -euo pipefail
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export RANKLAB_DATA="${RANKLAB_DATA:-$cache/data}"

fail() { printf 'error: %s\n' "$1" >&2; exit 1; }

binary="${RANKLAB_BINARY:-}"
if [ -z "$binary" ]; then
    # As the tests build it, so that nothing is compiled twice.
    cargo build --release --locked --quiet --workspace --bin ranklab
    binary="$CARGO_TARGET_DIR/release/ranklab"
fi
environment="${RANKLAB_RECOMPUTE_VENV:-$cache/venv-recompute}"
python="$environment/bin/python"
if ! "$python" -c 'import numpy, scipy' 2> /dev/null; then
    [ -x "$python" ] || python3 -m venv "$environment" || fail "python3 -m venv failed"
    timeout 600 "$python" -m pip install --quiet --no-cache-dir numpy scipy || fail "pip could not install numpy and scipy"
fi

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

# Runs a sweep NAME with the settings that follow, and recomputes its report. `options` are those of the report.
options=()
recomputed() {
    local name="$1"
    shift
    printf '\n-- %s (%s)\n' "$name" "$(date +%H:%M:%S)"
    # A database of its own, so that no report leaves out another sweep's runs.
    export RANKLAB_RUNS="$folder/$name/runs" RANKLAB_REPORTS="$folder/$name/reports"
    "$binary" sweep -q "$@" > "$folder/sweep.log" 2>&1 || { cat "$folder/sweep.log"; fail "the sweep failed"; }
    "$binary" report --no-pictures "${options[@]}" > /dev/null
    "$python" -B scripts/recompute_report.py "$RANKLAB_RUNS/ranklab.db" "$RANKLAB_REPORTS/latest/report.md" "${options[@]}"
    options=()
}

small=(image_size=32 weights=random batch_norm_momentum=0.5)
generated=(dataset=synthetic images=240 patients=12 epochs=2 "${small[@]}")
models=(model=model_4,model_5)

recomputed seeds "${generated[@]}" "${models[@]}" rank=1,4 seed=0..2 lr=0.002

# A changed figure must be found, in either file.
changed="$folder/changed"
mkdir "$changed"
# changed_is_found FILE PATTERN REPLACEMENT SECTION
changed_is_found() {
    cp "$RANKLAB_REPORTS"/latest/*.md "$changed/"
    sed -E "0,/$2/s//$3/" "$RANKLAB_REPORTS/latest/$1" > "$changed/$1"
    cmp -s "$RANKLAB_REPORTS/latest/$1" "$changed/$1" && fail "no figure was changed in $1"
    if "$python" -B scripts/recompute_report.py "$RANKLAB_RUNS/ranklab.db" "$changed/report.md" > "$folder/changed.log"; then
        fail "a changed figure of $1 was not found"
    fi
    grep -q "^MISMATCH in $4" "$folder/changed.log"
}
changed_is_found details.md 'accuracy is [0-9]*\.[0-9]* %' 'accuracy is 1.23 %' 'In short'
changed_is_found report.md '^(- Accuracy: .*\*\*)[0-9.]+ %' '\11.2 %' 'report.md, key figures'
changed_is_found report.md '^(\| [^|]*rank 1[^|]* \| )[0-9.]+' '\11.23' 'report.md, configurations'

recomputed folds "${generated[@]}" "${models[@]}" rank=1,2 seed=0,1 split=patient folds=3 fold=0..2 lr=0.002
recomputed splits "${generated[@]}" "${models[@]}" rank=2 seed=0,1 split=random,patient
recomputed tuned "${generated[@]}" "${models[@]}" rank=1,2 seed=0,1 lr=0.001,0.005 tune=lr
recomputed layers "${generated[@]}" model=model_5 layers=block5_conv3,block5 rank=2 seed=0,1 significance=0.1 \
    'baseline=model_5 layers=block5'
# Patients whose cells are all of one class, so that rates per patient exist; margins that networks so small can keep to.
images="$("$binary" data synthetic --images 480 --patients 40 --data-folder "$folder/data" | sed 's/ (SYNTHETIC)$//')"
one_class=("dataset=$images" 'group=((?:Parasitized|Uninfected)/C[0-9]+P[0-9]+)' test_fraction=0.3 validation_fraction=0.2)
options=(--prevalence 2.5)
recomputed one_seed "${one_class[@]}" "${small[@]}" "${models[@]}" rank=1,4 epochs=4 margin=15 sensitivity_margin=25 \
    specificity_margin=25
# No patient is known: each cell stands for itself.
recomputed cells "dataset=$images" group=none "${small[@]}" "${models[@]}" rank=1 seed=0,1 limit=240 epochs=2
# The report compares otherwise than planned, and says so.
options=(--baseline "model_5 rank=4" --margin 30)
recomputed wide_margins "${one_class[@]}" "${small[@]}" "${models[@]}" rank=1,4 seed=0..3 epochs=4 sensitivity_margin=40 \
    specificity_margin=40

real=../shared/data/cell_images.zip
if [ -f "$real" ] && [ -f "$RANKLAB_DATA/vgg16_imagenet.safetensors" ]; then
    recomputed real_images "dataset=$real" limit=600 epochs=2 batch_norm_momentum=0.9 "${models[@]}" rank=1,4 seed=0,1 \
        split=patient folds=3 fold=0..2
else
    echo "real images NOT recomputed: $real or the ImageNet weights are missing"
fi
