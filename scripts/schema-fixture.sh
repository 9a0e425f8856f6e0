#!/usr/bin/env bash
# Writes a small database as an earlier commit of ranklab writes it, to keep as a fixture:
#
#     scripts/schema-fixture.sh COMMIT crates/store/tests/fixtures/schema_N.db
#
# Generated cells, random weights: two ranks, model_4, a training that diverged and one that was killed.
# RANKLAB_BINARY names a binary of that commit where there is one; else it is compiled.
set -euo pipefail
commit="$1"
fixture="$(realpath "$(dirname "$2")")/$(basename "$2")"
rm -f "$fixture"
folder="$(mktemp -d)"
trap 'git worktree remove --force "$folder/source" 2>/dev/null || true; rm -rf "$folder"' EXIT

binary="${RANKLAB_BINARY:-}"
if [ -z "$binary" ]; then
    git worktree add --detach "$folder/source" "$commit"
    (cd "$folder/source" && CARGO_TARGET_DIR="$folder/target" cargo build --release --locked --package ranklab-cli)
    binary="$folder/target/release/ranklab"
fi
mkdir "$folder/run"
cd "$folder/run"
sweep() {
    "$binary" sweep -q dataset=synthetic images=40 patients=4 image_size=32 weights=random batch=16 "$@"
}
sweep epochs=2 rank=1,2
sweep epochs=2 model=model_4
sweep epochs=2 rank=1 lr=1e38 || true
sweep epochs=100000 rank=4 &
for _ in $(seq 600); do
    "$binary" query "select max(epoch) from epoch_metrics where run_id = 5" --format csv 2>/dev/null | grep -q '[0-9]' && break
    sleep 0.1
done
# The binary, not the shell that started it.
kill -9 "$(pgrep -P $!)" 2>/dev/null || kill -9 $!
wait $! 2>/dev/null || true
python3 - runs/ranklab.db "$fixture" <<'PYTHON'
import sqlite3, sys
source = sqlite3.connect(sys.argv[1])
# What the killed run recorded is cut to its first epoch: the fixture stays small.
source.execute("DELETE FROM step_metrics WHERE run_id = 5 AND epoch > 1")
source.execute("DELETE FROM epoch_metrics WHERE run_id = 5 AND epoch > 1")
# Neither this machine's name nor its paths.
source.execute("UPDATE runs SET host = 'lab'")
source.execute("UPDATE sweeps SET command = 'ranklab' || substr(command, instr(command, ' '))")
source.commit()
source.execute("PRAGMA wal_checkpoint(TRUNCATE)")
source.execute("VACUUM INTO ?", (sys.argv[2],))
copy = sqlite3.connect(sys.argv[2])
copy.execute("PRAGMA journal_mode = DELETE")
print(copy.execute("SELECT status, COUNT(*) FROM runs GROUP BY status").fetchall())
PYTHON
