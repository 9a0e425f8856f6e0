#!/usr/bin/env bash
# Sweeps on a real Slurm: munged, slurmctld and slurmd run on this machine, with eight slots on one node. A sweep of 24
# trials by six workers must end with the figures of one process, also after a cancellation in its middle and after
# kills of workers and of slurmd at random moments. It needs root; Slurm, munge and procps come from Debian's packages.
#
#   scripts/test-slurm.sh [--where-possible] [--kills N] [--seed N] [--postgres]
#
# With --where-possible it is no error that Slurm cannot be installed. --kills is the number of kills (4; a long
# campaign takes 30), --seed chooses their moments. Each sweep gets its own database: a file, or with --postgres one on a
# PostgreSQL server that is started here and that is killed and restarted as workers are. The undisturbed process always
# uses a file.
#
# RANKLAB_BINARY names a built `ranklab`; without it the workspace is built.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/postgres-server.sh
. scripts/postgres-server.sh
# shellcheck source=scripts/small-sweep.sh
. scripts/small-sweep.sh
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ranklab/target}"

possible=no kills=4 seed=5 postgres=no
while [ $# -gt 0 ]; do
    case $1 in
    --where-possible) possible=yes ;;
    --kills) kills=$2 && shift ;;
    --seed) seed=$2 && shift ;;
    --postgres) postgres=yes ;;
    *) printf 'error: unknown option %s\n' "$1" >&2 && exit 2 ;;
    esac
    shift
done
fail() { printf 'error: %s\n' "$1" >&2; exit 1; }
cannot() {
    echo "sweeps NOT tested on Slurm: $1"
    [ $possible = yes ] && exit 0
    exit 1
}
step() { printf -- '-- %s (%s)\n' "$1" "$(date +%H:%M:%S)"; }

has_slurm() { command -v sbatch && command -v slurmctld && command -v slurmd && command -v munged && command -v pgrep; } > /dev/null
[ "$(id -u)" = 0 ] || cannot "it needs root"
if ! has_slurm; then
    command -v apt-get > /dev/null || cannot "there is no apt-get to install it with"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        slurm-wlm munge procps; } > /dev/null 2>&1 || cannot "apt-get could not install slurm-wlm, munge and procps"
    has_slurm || cannot "its programs are missing"
fi
[ $postgres = no ] || postgres_find || cannot "PostgreSQL cannot be installed"
binary="${RANKLAB_BINARY:-}"
if [ -z "$binary" ]; then
    cargo build --release --locked --quiet --workspace --bin ranklab
    binary="$CARGO_TARGET_DIR/release/ranklab"
fi
binary="$(realpath "$binary")"

folder="$(mktemp -d)"
slurm="$folder/slurm"
mkdir -p "$slurm/state" "$slurm/spool" "$folder/it's a \"test\""
cd "$folder/it's a \"test\""
unset RANKLAB_RUNS RANKLAB_REPORTS RANKLAB_CONFIG RANKLAB_DATABASE
export RANKLAB_DATA="$folder/data"
munged='' controller='' node=''

finish() {
    if [ -n "$controller" ]; then
        scancel --user root 2> /dev/null || true
        for _ in $(seq 40); do
            [ -n "$(squeue --noheader 2> /dev/null)" ] || break
            sleep 0.5
        done
    fi
    for process in $node $controller $munged; do kill "$process" 2> /dev/null || true; done
    wait 2> /dev/null || true
    postgres_stop
    if [ "${1:-0}" != 0 ]; then
        tail -n 5 "$slurm"/*.log "$folder"/*/runs*/sweeps/*/logs/*.log >&2 || true
    fi
    rm -rf "$folder"
}
trap 'finish $?' EXIT

step "munged, slurmctld and slurmd"
host="$(hostname -s)"
export SLURM_CONF="$slurm/slurm.conf"
dd if=/dev/urandom of="$slurm/munge.key" bs=128 count=1 status=none
chmod 600 "$slurm/munge.key"
cat > "$SLURM_CONF" << END
ClusterName=ranklab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
AuthType=auth/munge
# A job that is requeued waits until its credential expires.
AuthInfo=socket=$slurm/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
KillWait=20
MessageTimeout=10
SlurmdTimeout=60
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
munged --foreground --force --key-file="$slurm/munge.key" --socket="$slurm/munge.socket" \
    --pid-file="$slurm/munged.pid" --log-file="$slurm/munged.log" --seed-file="$slurm/munge.seed" \
    > "$slurm/munged.out" 2>&1 &
munged=$!
start_node() {
    slurmd -D -N "$host" > "$slurm/slurmd.out" 2>&1 &
    node=$!
}
until [ -S "$slurm/munge.socket" ]; do
    kill -0 $munged 2> /dev/null || fail "munged ended: $(tail -n 1 "$slurm/munged.out")"
    sleep 0.1
done
slurmctld -D > "$slurm/slurmctld.out" 2>&1 &
controller=$!
start_node
for _ in $(seq 100); do
    state="$(sinfo --noheader --format=%T 2> /dev/null || true)"
    [ "$state" = idle ] && break
    sleep 0.3
done
[ "$state" = idle ] || fail "Slurm does not start: its node is '$state'"
sinfo --version
if [ $postgres = yes ]; then
    step "PostgreSQL"
    chmod 711 "$folder"
    postgres_start "$folder/postgres" "${RANKLAB_TEST_POSTGRES_PORT:-54330}"
    "$postgres_programs/postgres" --version
fi

number=0
# The next sweep: its runs folder and its database.
next_sweep() {
    number=$((number + 1))
    runs="$PWD/runs $number"
    words=(--runs-folder "$runs")
    # The first sweep is the undisturbed one, in a file.
    if [ $postgres = yes ] && [ $number -gt 1 ]; then
        postgres_create "sweep_$number"
        words+=(--database "$postgres_url/sweep_$number")
    fi
}
job=(--on slurm workers=6 cpus=1 time=1h jobs=1)
submit() { ranklab sweep -q "${settings[@]}" "${job[@]}"; }
# Waits until no task is in the queue.
await_end() {
    for _ in $(seq 1200); do
        # The controller may be busy while its node is away.
        tasks="$(squeue --noheader --array --format='%i %T' 2> /dev/null || echo unknown)"
        [ -n "$tasks" ] || return 0
        sleep 0.25
    done
    fail "jobs do not end: $tasks"
}
step "24 trials in one process"
next_sweep
began=$SECONDS
ranklab sweep -q "${settings[@]}" jobs=1 2> "$folder/alone.log"
alone=$((SECONDS - began))
figures > "$folder/expected"
echo "$alone s"

step "24 trials by 6 workers"
next_sweep
submit
await_end
check "six workers"
ranklab sweeps
ranklab logs 1 | grep -q "epoch 8" || fail "the log of run 1 lacks its last epoch"

step "a sweep that is cancelled and submitted again"
next_sweep
submit > /dev/null
until [ "$(value "select count(*) from runs where status = 'finished'")" -ge 4 ]; do sleep 0.1; done
ranklab cancel latest | tee "$folder/cancelled"
grep -q "still in training" "$folder/cancelled" && fail "cancelled workers go on"
[ "$(value "select count(*) from runs where status = 'running'")" = 0 ] || fail "a cancelled run counts as running"
await_end
[ -z "$(workers)" ] || fail "a worker outlives its cancellation"
submit > /dev/null
await_end
check "a cancelled sweep"

kinds=3 victims="workers and of slurmd"
[ $postgres = no ] || kinds=4 victims="workers, of slurmd and of PostgreSQL"
step "$kills kills of $victims, seed $seed"
RANDOM=$seed
killed=0 sweeps=0
while [ "$killed" -lt "$kills" ]; do
    next_sweep
    sweeps=$((sweeps + 1))
    submit > /dev/null
    while [ "$killed" -lt "$kills" ] && [ -n "$(squeue --noheader 2> /dev/null || echo unknown)" ]; do
        sleep "$((RANDOM % 3)).$((RANDOM % 10))"
        mapfile -t processes < <(pgrep -f -- "work [0-9]* --unless-cancelled" || true)
        [ ${#processes[@]} -gt 0 ] || continue
        victim=${processes[RANDOM % ${#processes[@]}]}
        case $((RANDOM % kinds)) in
        0) # A worker.
            kill -9 "$victim" 2> /dev/null || continue
            ;;
        1) # slurmd; jobs live on without it.
            kill -9 "$node" 2> /dev/null || continue
            sleep 1
            start_node
            ;;
        2) # The node dies with all that runs on it. The controller is told, as its own notice would take minutes.
            for victim in "${processes[@]}"; do
                parent="$(ps -o ppid= -p "$victim" | tr -d ' ' || true)"
                # shellcheck disable=SC2086
                kill -9 "$victim" $parent 2> /dev/null || true
            done
            kill -9 "$node" 2> /dev/null || true
            pkill -9 -f "^slurmstepd: " || true
            scontrol update "nodename=$host" state=down reason=dead || true
            sleep 1
            start_node
            sleep 1
            # Needless where the node has come back by itself.
            scontrol update "nodename=$host" state=resume 2> /dev/null || true
            ;;
        3) # The database, for a moment or for seconds.
            postgres_stop
            sleep $((RANDOM % 4))
            postgres_up
            ;;
        esac
        killed=$((killed + 1))
    done
    await_end
    if [ "$(value "select count(*) from runs where status = 'finished'")" != 24 ]; then
        # A task that was killed too often is not started again.
        submit > /dev/null
        await_end
    fi
    check "sweep $sweeps after kills"
done
echo "$killed kills in $sweeps sweeps; runs of the last one were resumed $(value "select sum(interruptions) from runs") times"
step "done"
