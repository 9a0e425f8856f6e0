#!/usr/bin/env bash
# Runs the tests of the processor's own operations as processors without AVX-512 and without AVX would, in
# QEMU, whose user emulation comes from Debian where it is missing (as root). Says nothing about speed.
#
#   scripts/test-processors.sh [--where-possible]
#
# With --where-possible a machine that has no QEMU and cannot install it is no failure, but told.
set -euo pipefail
cd "$(dirname "$0")/.."
possible="${1:-}"
cannot() {
    echo "other processors NOT tried: $1"
    [ "$possible" = --where-possible ] && exit 0
    exit 1
}

[ "$(uname -sm)" = "Linux x86_64" ] || cannot "this is $(uname -sm), and QEMU would emulate Linux x86_64"
if ! command -v qemu-x86_64 > /dev/null; then
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null ||
        cannot "QEMU is missing (on Debian: apt-get install qemu-user)"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends qemu-user; } \
        > /dev/null || cannot "apt-get could not install qemu-user"
fi

tests=(cargo test --release --locked --workspace --quiet --lib --test zoo)
"${tests[@]}" --no-run
folder="$(mktemp -d)"
children=()
trap 'kill "${children[@]}" 2> /dev/null; rm -rf "$folder"' EXIT
# The widest vectors: 256 bits (AVX2 and FMA), 128 bits (SSE4.2). Side by side, for emulation takes minutes.
processors=(max,avx512f=off Nehalem)
for processor in "${processors[@]}"; do
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="qemu-x86_64 -cpu $processor" \
        "${tests[@]}" -- processor lora_and_its_gradients > "$folder/$processor" 2>&1 &
    children+=($!)
done
failed=0
for number in "${!processors[@]}"; do
    wait "${children[$number]}" || failed=1
    echo "as ${processors[$number]}"
    grep -v "^$\|^running 0 tests\| 0 passed" "$folder/${processors[$number]}" || failed=1
done
exit "$failed"
