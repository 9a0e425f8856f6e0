#!/usr/bin/env bash
# Exports a few small sweeps to Parquet, MLflow and Datasette, and reads them back with these programs: the blocks of
# docs/exports.md, every value of every Parquet file, and an MLflow server after two exports, kills and failing requests.
# pandas, polars, DuckDB, MLflow and Datasette come from pip into the cache folder (1.1 GB).
#
#   scripts/test-records.sh [--where-possible]
#
# With --where-possible it is no error that these programs cannot be installed.
#
# RANKLAB_BINARY names a built `ranklab`; without it the workspace is built. RANKLAB_RECORDS_SEED chooses which requests
# are disturbed.
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/ranklab"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export RANKLAB_DATA="${RANKLAB_DATA:-$cache/data}"

possible="${1:-}"
fail() { printf 'error: %s\n' "$1" >&2; exit 1; }
cannot() {
    echo "exports NOT read by other programs: $1"
    [ "$possible" = --where-possible ] && exit 0
    exit 1
}
step() { printf '\n-- %s (%s)\n' "$1" "$(date +%H:%M:%S)"; }

binary="${RANKLAB_BINARY:-}"
if [ -z "$binary" ]; then
    # As the tests build it, so that nothing is compiled twice.
    cargo build --release --locked --quiet --workspace --bin ranklab
    binary="$CARGO_TARGET_DIR/release/ranklab"
fi
environment="${RANKLAB_RECORDS_VENV:-$cache/venv-records}"
python="$environment/bin/python"
if ! "$python" -c 'import datasette, duckdb, matplotlib, mlflow, pandas, polars, pyarrow' 2> /dev/null; then
    [ -x "$python" ] || python3 -m venv "$environment" || cannot "python3 -m venv failed"
    timeout 1200 "$python" -m pip install --quiet --no-cache-dir pandas==3.1.1 polars==2.1.0 duckdb==2.0.1 \
        pyarrow==25.0.1 matplotlib==3.11.2 mlflow==3.17.2 datasette==0.65.5 \
        || cannot "pip could not install pandas, polars, duckdb, pyarrow, matplotlib, mlflow and datasette"
fi
checks="$root/scripts/records"
check() { "$python" -B "$checks/$1.py" "${@:2}"; }
# MLflow asks no server of its makers', and a program behind the binary's name is found by the page's commands.
export MLFLOW_DISABLE_TELEMETRY=true DO_NOT_TRACK=true GIT_PYTHON_REFRESH=quiet

folder="$(mktemp -d)"
processes=()
finish() {
    for process in "${processes[@]}"; do kill "$process" 2> /dev/null || true; done
    wait 2> /dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
cd "$folder"
mkdir programs
ln -s "$(realpath "$binary")" programs/ranklab
export PATH="$folder/programs:$environment/bin:$PATH"
unset RANKLAB_RUNS RANKLAB_REPORTS RANKLAB_CONFIG MLFLOW_TRACKING_URI

step "sweeps"
sweep() { ranklab sweep -q "$@" > sweep.log 2>&1 || { cat sweep.log; fail "the sweep failed"; }; }
small=(dataset=synthetic images=120 patients=8 image_size=32 weights=random batch=8)
sweep "${small[@]}" epochs=3 rank=1,2 seed=0,1
# A trial that the first sweep has as well, and two sweeps of one name.
sweep "${small[@]}" epochs=3 rank=2,3
sweep "${small[@]}" epochs=3 rank=1,3
# A loss that is no number.
ranklab sweep -q "${small[@]}" epochs=1 rank=1 lr=1e38 > sweep.log 2>&1 || true
ranklab query --format csv "select status, count(*) from runs group by status order by status"
ranklab report --no-pictures --sweep 1 > /dev/null
database=runs/ranklab.db

step "the page's blocks"
PYTHONWARNINGS=ignore check page "$root/docs/exports.md" "$checks/datasette_pages.py" "$database" datasette.yaml > page.log 2>&1 \
    || { tail -60 page.log; fail "a block of docs/exports.md failed"; }
tail -2 page.log

step "Parquet files"
check parquet_values "$database" tables
# While a sweep writes: files of one moment, and no half ones.
mkdir busy && echo "mine" > busy/notes.txt
ranklab sweep -q "${small[@]}" epochs=3 rank=4 seed=0..3 > sweep.log 2>&1 & writer=$!
exports=0
while kill -0 "$writer" 2> /dev/null; do
    ranklab export --to parquet busy > /dev/null
    check one_moment busy
    exports=$((exports + 1))
done
wait "$writer" || { cat sweep.log; fail "the sweep failed"; }
[ "$(cat busy/notes.txt)" = mine ] || fail "another file of the folder changed"
[ -z "$(find busy -name '*.part')" ] || fail "a part file was left"
echo "$exports exports while a sweep wrote, each of one moment"

step "an MLflow server"
port="$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
mlflow server --backend-store-uri sqlite:///server.db --artifacts-destination artifacts --port "$port" --workers 1 \
    > server.log 2>&1 & processes+=($!)
server="http://127.0.0.1:$port"
for _ in $(seq 600); do "$python" -c 'import sys, urllib.request as u; sys.stdout.write(u.urlopen(sys.argv[1]).read().decode())' "$server/health" \
    > up 2> /dev/null && break; sleep 0.5; done
[ -s up ] || { tail -20 server.log; fail "the MLflow server did not start"; }

# proxy OPTIONS…: starts a disturbed proxy and sets `proxy` to its address.
proxy() {
    rm -f requests
    "$python" -B "$checks/proxy.py" "$port" "$@" > proxy.port & proxying=$!
    processes+=("$proxying")
    until [ -s proxy.port ]; do sleep 0.05; done
    proxy="http://127.0.0.1:$(cat proxy.port)"
}
end_proxy() { kill "$proxying"; wait "$proxying" 2> /dev/null || true; rm -f proxy.port; }
equal() { check mlflow_values "$server" "$database"; }

proxy
ranklab export --to mlflow "$proxy"
end_proxy
requests="$(cat requests)"
equal > first; cat first
ranklab export --to mlflow "$server" | tee again
grep -q '^exported 0 runs' again || fail "a second export added something"
equal > second
cmp first second || fail "a second export changed something"
grep -q ', 0 deleted$' second || fail "an undisturbed export deleted runs"

# Requests that are disturbed: early, late and at random.
RANDOM="${RANKLAB_RECORDS_SEED:-5}"
pick() { echo $((1 + RANDOM % requests)); }

step "requests that fail once"
for _ in 1 2; do
    check mlflow_reset "$server"
    refuse="$(pick),$(pick)" lose="$(pick),$(pick)"
    echo "of $requests requests: $refuse refused, answers of $lose lost"
    proxy --refuse "$refuse" --lose "$lose"
    ranklab export --to mlflow "$proxy"
    end_proxy
    equal
done

step "a server that fails in the middle"
check mlflow_reset "$server"
down="$((requests / 3 + RANDOM % (requests / 3)))"
proxy --down "$down"
if ranklab export --to mlflow "$proxy" 2> errors; then fail "an export to a failing server succeeded"; fi
end_proxy
cat errors
[ "$(wc -l < errors)" = 1 ] && grep -q '^error: the MLflow server' errors || fail "not one clear line"
ranklab export --to mlflow "$server"
equal

step "kills in the middle"
check mlflow_reset "$server"
for _ in 1 2 3 4; do
    # Early: a run takes seven to nine requests, and each export goes on where the one before was killed.
    hold=$((5 + RANDOM % 12))
    rm -f held
    proxy --hold "$hold" held
    ranklab export --to mlflow "$proxy" > export.log 2>&1 & export=$!
    until [ -e held ] || ! kill -0 "$export" 2> /dev/null; do sleep 0.05; done
    kill -9 "$export" 2> /dev/null || fail "the export ended before it was killed at request $hold"
    echo "killed at request $hold"
    wait "$export" 2> /dev/null || true
    end_proxy
done
ranklab export --to mlflow "$server"
equal | tee killed
grep -q ' [1-9][0-9]* deleted$' killed || fail "no run was incomplete"
ranklab export --to mlflow "$server" | grep '^exported 0 runs' || fail "a second export added something"
