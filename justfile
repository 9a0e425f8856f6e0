# ranklab's recipes: each passes its arguments to the `ranklab` binary.

set positional-arguments

export CARGO_TERM_COLOR := env("CARGO_TERM_COLOR", "auto")

ranklab := "scripts/run.sh bin ranklab"

# List the recipes.
default:
    @just --list --unsorted

# A SYNTHETIC sweep from nothing to a report.
[group('start')]
quickstart *arguments:
    cargo build --release --locked --workspace --bin ranklab
    {{ ranklab }} quickstart "$@"

# Get and list images: `just data fetch`, `just data manifest`.
[group('start')]
data *arguments:
    @{{ ranklab }} data "$@"

# Get and check the ImageNet weights: `just weights fetch`.
[group('start')]
weights *arguments:
    @{{ ranklab }} weights "$@"

# Train every combination: `just sweep rank=1,5,16`.
[group('run')]
sweep *arguments:
    @{{ ranklab }} sweep "$@"

# Work on a registered sweep, beside other workers: `just work latest --time 3h`.
[group('run')]
work *arguments:
    @{{ ranklab }} work "$@"

# List sweeps with their trials and Slurm jobs.
[group('run')]
sweeps *arguments:
    @{{ ranklab }} sweeps "$@"

# End the work on a sweep in all its workers: `just cancel latest`.
[group('run')]
cancel *arguments:
    @{{ ranklab }} cancel "$@"

# What the workers of a run logged: `just logs 7`.
[group('run')]
logs *arguments:
    @{{ ranklab }} logs "$@"

# Train one configuration: `just train -e experiments/model_4.toml`.
[group('run')]
train *arguments:
    @{{ ranklab }} train "$@"

# What a sweep could show, and how many seeds would be enough: `just power`, `just power --sweep 3`.
[group('run')]
power *arguments:
    @{{ ranklab }} power "$@"

# Write the report of the latest sweep or of chosen runs.
[group('look')]
report *arguments:
    @{{ ranklab }} report "$@"

# Open the latest report in a browser.
[group('look')]
open *arguments:
    @{{ ranklab }} open "$@"

# Ask the runs database: `just query "select * from leaderboard"`.
[group('look')]
query *arguments:
    @{{ ranklab }} query "$@"

# Classify new images with a finished run: `just predict best FOLDER`.
[group('look')]
predict *arguments:
    @{{ ranklab }} predict "$@"

# Test a finished run on labelled images of elsewhere: `just evaluate best dataset=PATH`.
[group('look')]
evaluate *arguments:
    @{{ ranklab }} evaluate "$@"

# Hand a network or the records to other programs: `just export best --to peft DIR`, `just export --to parquet DIR`.
[group('look')]
export *arguments:
    @{{ ranklab }} export "$@"

# Record a PEFT adapter of elsewhere as a run: `just import DIR`.
[group('look')]
import *arguments:
    @{{ ranklab }} import "$@"

# Train a run again and compare to the last bit: `just verify 3`.
[group('look')]
verify *arguments:
    @{{ ranklab }} verify "$@"

# Compare everything that has a hash with it, without training: `just check-runs --images`.
[group('look')]
check-runs *arguments:
    @{{ ranklab }} check "$@"

# List, show and remove runs, copy the database, clear up.
[group('look')]
runs *arguments:
    @{{ ranklab }} runs "$@"

# An example of the library: `just example train_from_code`, then `read_database` and `draw_report`.
[group('look')]
example name *arguments:
    @scripts/run.sh example "$@"

# Formatting, types and lints; runs nothing.
[group('check')]
check:
    scripts/check.sh

# All unit, integration and end-to-end tests: `just test queries::` takes those whose names hold "queries::".
[group('check')]
test *arguments:
    scripts/test.sh "$@"

# The tests of one crate or tool, with no library compiled again: `just test-crate store leases::`.
[group('check')]
test-crate name *arguments:
    scripts/test-crate.sh "$@"

# The binary compiled quickly, for editing: `just fast sweep --dry-run`; `RANKLAB_PROFILE=fast just test-crate NAME` likewise.
[group('check')]
fast *arguments:
    @RANKLAB_PROFILE=fast {{ ranklab }} "$@"

# Circles of files, arrows between crates and class names that should not be; the tests look as well.
[group('check')]
structure:
    @scripts/run.sh bin ranklab-structure .

# Everything that must hold: lints, licences, tests with longer campaigns, the report in a browser, real images.
[group('check')]
ci:
    .ci/run

# The report's page in headless Chromium, which it installs where it can.
[group('check')]
test-browser:
    scripts/test-browser.sh

# Every figure of a few small reports, recomputed in Python from the runs database alone.
[group('check')]
test-recompute:
    scripts/test-recompute.sh

# Exported networks in PEFT, PyTorch and ONNX Runtime, and adapters that PEFT trained; installs them with pip.
[group('check')]
round-trip:
    scripts/round-trip.sh

# Exports to Parquet, MLflow and Datasette, read back with these programs; sets them up by itself (1.1 GB).
[group('check')]
test-records:
    scripts/test-records.sh

# Sweeps on a real Slurm on this machine, which it installs: `just test-slurm --postgres --kills 30`. It needs root.
[group('check')]
test-slurm *arguments:
    scripts/test-slurm.sh "$@"

# Workers that GNU parallel starts over ssh, with a real sshd and PostgreSQL, which it installs. It needs root.
[group('check')]
test-parallel:
    scripts/test-parallel.sh

# The Containerfile and the manifest of docs/kubernetes, by hadolint and kubernetes-validate.
[group('check')]
lint-deployment:
    scripts/lint-deployment.sh

# The tests that need a PostgreSQL server, which is started in a temporary folder: the store's, and whole sweeps.
[group('check')]
test-postgres:
    scripts/test-postgres.sh

# Targets: overrides, experiment, images, manifest, trunk_weights, trained_model, peft_adapter, checkpoint, png.
# Hostile input guided by coverage, for so many seconds: `just fuzz png 600`. The tests feed thousands of mutations each.
[group('check')]
fuzz target seconds="60":
    scripts/fuzz.sh {{ target }} {{ seconds }}

# Licences, sources and advisories of dependencies, and unused dependencies.
[group('check')]
deny:
    scripts/deny.sh

# Outputs and gradients on flex against libtorch; sets PyTorch 2.9.0 up by itself.
[group('check')]
test-tch:
    scripts/test-tch.sh

# The processor's own operations without AVX-512 and without AVX, in QEMU, which it installs where it can.
[group('check')]
test-processors:
    scripts/test-processors.sh

# Remake the golden values (needs a Python and an R with the packages that the scripts name).
[group('check')]
golden python="python3":
    {{ python }} tests/golden/preprocessing.py
    {{ python }} tests/golden/statistics.py
    Rscript tests/golden/comparison.R
    {{ python }} tests/golden/clinical.py
    {{ python }} tests/golden/layers.py
    {{ python }} tests/golden/grad_cam.py
    {{ python }} tests/golden/trunk.py data/vgg16_imagenet.safetensors

# Kill a sweep at so many random moments and resume it each time: `just test-kills 500`.
[group('check')]
test-kills kills="500" seed="5":
    RANKLAB_KILLS={{ kills }} RANKLAB_KILL_SEED={{ seed }} cargo test --release --locked --workspace \
        --test integration a_sweep_killed_at_random_moments -- --nocapture

# Cut the power of a sweep's disk at so many random moments: `just test-power-cuts 200`. Mounts, so it needs root.
[group('check')]
test-power-cuts cuts="200" seed="5":
    RANKLAB_POWER_CUTS={{ cuts }} RANKLAB_KILL_SEED={{ seed }} cargo test --release --locked --workspace \
        --test integration after_a_power_cut -- --nocapture

# Fail each of a sweep's file calls (every=7: every seventh) in each of five ways, and repeat the sweep: `just test-faults`.
[group('check')]
test-faults every="1" ways="5":
    RANKLAB_FAULTS_EVERY={{ trim_start_match(every, "every=") }} RANKLAB_FAULTS_WAYS={{ trim_start_match(ways, "ways=") }} \
        cargo test --release --locked --workspace \
        --test integration a_sweep_in_which_a_file_call_fails -- --nocapture

# Processes that write one database at once, and what of it arrives: `just stress-writers processes=16 minutes=10`.
[group('check')]
stress-writers *arguments:
    @scripts/run.sh bin ranklab-stress-writers "$@"

# Processes that write one PostgreSQL server, which is started in a temporary folder and writes every commit to the disk.
[group('check')]
stress-writers-postgres *arguments:
    @scripts/with-postgres.sh sh -c 'exec scripts/run.sh bin ranklab-stress-writers "database=$RANKLAB_TEST_POSTGRES" "$@"' sh "$@"

# False claims and power of simulated studies: `just simulations corners`, `power`, `grid`, `cell --help`.
[group('check')]
simulations *arguments:
    @scripts/run.sh bin simulations "$@"

# A small database as an earlier commit writes it, to be kept as a fixture.
[group('check')]
schema-fixture commit file:
    scripts/schema-fixture.sh {{ commit }} {{ file }}

# Every job side by side with PyTorch + PEFT and MLflow; writes bench/RESULTS.md.
[group('check')]
bench *arguments:
    python3 bench/run.py "$@"

# Two builds of ranklab side by side, folders with `ranklab` and `peer_jobs`: did a change cost speed?
[group('check')]
bench-builds *arguments:
    python3 bench/builds.py "$@"

# How a sweep's cost grows with images and trials; writes bench/SCALING.md.
[group('check')]
bench-scaling *arguments:
    python3 bench/scaling.py "$@"

# `ranklab predict` beside the trunk that its networks run through, in images per second.
[group('check')]
bench-predict *arguments:
    python3 bench/predict.py "$@"

# What claiming costs for each trial: `just bench-claims trials=2000 workers=4`.
[group('check')]
bench-claims *arguments:
    @scripts/run.sh bin claims "$@"

# Trials per hour by one process, one worker and two workers on this machine.
[group('check')]
bench-workers *arguments:
    python3 bench/workers.py "$@"

# The frozen trunk in each precision of its products, its speed and error: `just bench-precision WEIGHTS IMAGES.zip`.
[group('check')]
bench-precision *arguments:
    @scripts/run.sh example trunk_precision "$@"

# Networks on trunks of each precision, by patient, and how they differ from 32 bits; hours: `just bench-equivalence dataset=IMAGES.zip`.
[group('check')]
bench-equivalence *arguments:
    {{ ranklab }} sweep -e experiments/precision.toml "$@"
    {{ ranklab }} report

# A report over a thousand generated runs, its time and memory; writes bench/REPORT_SCALE.md.
[group('check')]
bench-report *arguments:
    python3 bench/report_scale.py "$@"

# The inner parts alone, by criterion: `just bench-parts step` takes those whose names hold "step".
[group('check')]
bench-parts *arguments:
    cargo bench --locked --quiet --package ranklab-kernels --package ranklab-zoo --bench convolutions --bench parts -- "$@"
