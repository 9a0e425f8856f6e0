#!/usr/bin/env bash
# Remakes tests/fixtures/upgrade.tar.gz with the binary of an earlier commit: a database with a finished run, a run that
# was killed after a finished epoch, its checkpoint and feature caches. The finished run's model is left out for its size.
# Usage: scripts/upgrade-fixture.sh BINARY FILE
set -euo pipefail
binary="$(realpath "$1")" file="$(realpath -m "$2")"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export RANKLAB_RUNS=runs RANKLAB_DATA=data
settings=(dataset=synthetic images=60 patients=6 image_size=32 weights=random batch=16 batch_norm_momentum=0.9)
"$binary" sweep -q "${settings[@]}" rank=1 epochs=2
"$binary" sweep -q "${settings[@]}" rank=2 epochs=30 &
sweep=$!
until [ -s runs/000002/checkpoint ]; do sleep 0.02; done
kill -9 "$sweep"
wait "$sweep" || true
rm runs/000001/model.safetensors
tar --sort=name --owner=0 --group=0 --mtime=@0 -czf "$file" runs
