#!/usr/bin/env bash
# Workers that GNU parallel starts over ssh, as docs/cluster.md has them: its own command, with two hosts that both are
# this machine (a real sshd of its own) and a real PostgreSQL. A sweep of 24 trials must end with the figures of one
# process on SQLite. Needs root; parallel, sshd and PostgreSQL come from Debian's packages.
#
#   scripts/test-parallel.sh [--where-possible]
#
# RANKLAB_BINARY names a built `ranklab`; without it the workspace is built.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/postgres-server.sh
. scripts/postgres-server.sh
# shellcheck source=scripts/small-sweep.sh
. scripts/small-sweep.sh
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ranklab/target}"

possible="${1:-}"
fail() { printf 'error: %s\n' "$1" >&2; exit 1; }
cannot() {
    echo "workers NOT tested under GNU parallel: $1"
    [ "$possible" = --where-possible ] && exit 0
    exit 1
}
step() { printf -- '-- %s (%s)\n' "$1" "$(date +%H:%M:%S)"; }

[ "$(id -u)" = 0 ] || cannot "it needs root"
if ! command -v parallel > /dev/null || ! command -v pgrep > /dev/null || [ ! -x /usr/sbin/sshd ]; then
    command -v apt-get > /dev/null || cannot "there is no apt-get to install parallel and sshd with"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        parallel openssh-server openssh-client procps; } > /dev/null 2>&1 || cannot "apt-get could not install parallel and sshd"
fi
postgres_find || cannot "PostgreSQL cannot be installed"
binary="${RANKLAB_BINARY:-}"
if [ -z "$binary" ]; then
    cargo build --release --locked --quiet --workspace --bin ranklab
    binary="$CARGO_TARGET_DIR/release/ranklab"
fi
binary="$(realpath "$binary")"
command="$(sed -n 's/^ *seq 8 | parallel/seq 8 | parallel/p; s/^ *ranklab work 3 --unless-cancelled$/ranklab work 1 --unless-cancelled jobs=1/p' docs/cluster.md)"
[ "$(wc -l <<< "$command")" = 2 ] || fail "docs/cluster.md does not have the command that starts workers: $command"

folder="$(mktemp -d)"
server=''
finish() {
    [ -z "$server" ] || kill "$server" 2> /dev/null || true
    postgres_stop
    [ "${1:-0}" = 0 ] || cat "$folder/sshd.log" "$folder/parallel.log" >&2 2> /dev/null || true
    rm -rf "$folder"
}
trap 'finish $?' EXIT
chmod 711 "$folder"

step "sshd and PostgreSQL"
mkdir -p /run/sshd "$folder/bin" "$folder/work"
ln -s "$binary" "$folder/bin/ranklab"
ssh-keygen -q -t ed25519 -N '' -f "$folder/host"
ssh-keygen -q -t ed25519 -N '' -f "$folder/user"
cp "$folder/user.pub" "$folder/authorized"
port="${RANKLAB_TEST_SSH_PORT:-54322}"
cat > "$folder/sshd.conf" << END
Port $port
ListenAddress 127.0.0.1
HostKey $folder/host
AuthorizedKeysFile $folder/authorized
StrictModes no
UsePAM no
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
SetEnv PATH=$folder/bin:/usr/local/bin:/usr/bin:/bin
END
/usr/sbin/sshd -D -f "$folder/sshd.conf" -E "$folder/sshd.log" &
server=$!
cat > "$folder/ssh.conf" << END
Host node1 node2
    HostName 127.0.0.1
    Port $port
    User root
    IdentityFile $folder/user
    IdentitiesOnly yes
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null
    LogLevel ERROR
END
export PARALLEL_SSH="ssh -F $folder/ssh.conf" PATH="$folder/bin:$PATH"
postgres_start "$folder/postgres" "${RANKLAB_TEST_POSTGRES_PORT:-54331}"
postgres_create sweep

unset RANKLAB_RUNS RANKLAB_REPORTS RANKLAB_CONFIG RANKLAB_DATABASE
cd "$folder/work"
export RANKLAB_DATA="$folder/data"

step "24 trials in one process"
runs="$folder/alone" words=(--runs-folder "$folder/alone")
ranklab sweep -q "${settings[@]}" jobs=1 2> "$folder/alone.log"
figures > "$folder/expected"

step "24 trials by eight workers on two hosts"
runs="$folder/shared"
export RANKLAB_RUNS="$runs" RANKLAB_DATABASE="$postgres_url/sweep"
words=()
ranklab sweep -q "${settings[@]}" --register
printf '%s\n' "$command"
eval "$command" > "$folder/parallel.log" 2>&1
pgrep -f -- "ranklab work 1 --unless-cancelled" && fail "a worker still runs"
check "eight workers over ssh"
logs="$(find "$runs/sweeps/1/logs" -name '*.log' | wc -l)"
[ "$logs" = 8 ] || fail "$logs logs of eight workers"
step "done"
