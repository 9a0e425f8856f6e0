#!/usr/bin/env bash
# Opens a report in headless Chromium: see tests/browser. Installs what that needs: Chromium and Node.js from
# Debian where they are missing (as root), the npm packages of the lock file outside the clone.
set -euo pipefail
cd "$(dirname "$0")/.."
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"

fail() { printf 'error: %s\n' "$1" >&2; exit 1; }
# Debian's packages PACKAGES... because WHAT is missing.
install() {
    local what="$1"
    shift
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        fail "$what is missing; install it (on Debian: apt-get install $*) and try again"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
first() { for program in "$@"; do command -v "$program" && return; done; return 1; }

browser() { first "${RANKLAB_CHROMIUM:-chromium}" chromium chromium-browser google-chrome-stable google-chrome; }
browser >/dev/null || install Chromium chromium fonts-dejavu-core
RANKLAB_CHROMIUM="$(browser)" || fail "Chromium was installed but is not on PATH; set RANKLAB_CHROMIUM"
command -v node >/dev/null || install Node.js nodejs npm
command -v npm >/dev/null || install npm npm

packages="$cache/browser"
if ! cmp -s tests/browser/package-lock.json "$packages/installed.json"; then
    mkdir -p "$packages"
    cp tests/browser/package.json tests/browser/package-lock.json "$packages/"
    npm ci --prefix "$packages" --ignore-scripts --no-audit --no-fund --loglevel=error
    # Last, so that an installation that was cut off is repeated.
    cp tests/browser/package-lock.json "$packages/installed.json"
fi

export RANKLAB_CHROMIUM RANKLAB_BROWSER_PACKAGES="$packages"
cargo test --release --locked --workspace --test integration --quiet -- --ignored --nocapture browser::
