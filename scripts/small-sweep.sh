# A sweep of 24 small trials, and what must be equal however many workers train it: to be sourced by bash.
# `binary` is the program, `words` its global options, `runs` the sweep's runs folder and `folder` a place for the figures.

# The figures that no disturbance may change, as tests/disturbance.rs has them.
figures() {
    local sql
    for sql in \
        "select config_hash, image, probability from validation_predictions join runs r on r.id = run_id order by 1, 2" \
        "select config_hash, label, status, best_epoch, model_hash, test_loss, test_accuracy, auc, true_positives,
            false_negatives, false_positives, true_negatives from runs order by 1" \
        "select config_hash, s.epoch, step, metric, value from step_metrics s join runs r on r.id = run_id
            order by 1, step, metric" \
        "select config_hash, e.epoch, metric, value from epoch_metrics e join runs r on r.id = run_id
            where metric not in ('seconds', 'images_per_second') order by 1, 2, metric" \
        "select config_hash, image, probability from predictions join runs r on r.id = run_id order by 1, 2"; do
        ranklab query "$sql" --format csv
    done
}

ranklab() { "$binary" "${words[@]}" "$@"; }
value() { ranklab query "$1" --format csv | sed -n 2p; }
settings=(dataset=synthetic images=60 patients=6 image_size=32 weights=random batch=8 epochs=8 "rank=1,2,3,4,5,6" seed=0..3)

workers() { pgrep -f -- "--runs-folder $runs" || true; }
# Compares a whole sweep with the undisturbed one, and looks for anything that is left.
check() {
    [ "$(value "select count(*) from runs")" = 24 ] || fail "$1: $(value "select count(*) from runs") runs instead of 24"
    [ "$(value "select count(*) from runs where status <> 'finished'")" = 0 ] || fail "$1: a run is not finished"
    figures > "$folder/found"
    cmp -s "$folder/expected" "$folder/found" || fail "$1: the figures differ from those of one process"
    [ -z "$(workers)" ] || fail "$1: a worker still runs"
    local left
    left="$(find "$runs" -name '*.part' -o -name checkpoint)"
    [ -z "$left" ] || fail "$1: $left is left"
}

