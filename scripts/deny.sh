#!/usr/bin/env bash
# Licences, sources and known faults of what is depended on, and dependencies that nobody uses. The two tools
# are compiled once, into a folder outside the clone.
#
#   scripts/deny.sh [--tell-advisories]
#
# An advisory comes from outside, with no change here. With --tell-advisories it is told loudly and is no failure;
# licences, sources and dependencies that nobody uses always are.
set -euo pipefail
cd "$(dirname "$0")/.."

tools="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab/tools"
install() { # NAME VERSION
    if ! "$tools/bin/$1" --version 2>/dev/null | grep -qF "$2"; then
        CARGO_TARGET_DIR="$tools/target" cargo install --quiet --locked --debug --root "$tools" "$1@$2"
        rm -rf "$tools/target"
    fi
}
install cargo-deny 0.20.2
install cargo-machete 0.9.2
deny() { "$tools/bin/cargo-deny" --log-level error "$@"; }

for manifest in Cargo.toml tools/fuzz/Cargo.toml; do
    deny --manifest-path "$manifest" --locked --config "$PWD/deny.toml" check licenses bans sources
done
# The database of advisories is not at hand everywhere; what it says of our dependencies counts where it is.
if deny --locked fetch db >/dev/null 2>&1; then
    if ! deny --locked check advisories; then
        [ "${1:-}" = --tell-advisories ] || exit 1
        printf '\nWARNING: there are advisories about what is depended on, told above; `just deny` fails on them\n\n'
    fi
else
    echo "advisories NOT checked: github.com/rustsec/advisory-db cannot be reached"
fi
"$tools/bin/cargo-machete" crates tools
