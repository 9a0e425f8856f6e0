//! Fills a runs database with generated runs, to measure reports of many of them.
//!
//! `scale_database FOLDER [SHAPE] [RUNS] [EPOCHS] [CELLS]` writes FOLDER/ranklab.db through the store's own
//! functions. The same arguments give the same rows but for times. Nothing in it was trained.

#![allow(clippy::expect_used)]

mod cells;
mod plan;

use std::path::Path;

use ranklab_stats::{ConfusionMatrix, THRESHOLD, log_loss, roc_auc};
use ranklab_store::{ArtifactRow, EpochMetric, NewSweep, PlannedTrial, PredictionRow, RunResult, Store};

use cells::{Cells, Outcome};
use plan::{Shape, Trial, trials};

const USAGE: &str = "scale_database FOLDER [mixed|repeats|families] [RUNS] [EPOCHS] [CELLS]";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, default: usize| {
        arguments.get(place).map_or(default, |text| text.parse().expect(USAGE))
    };
    let folder = arguments.first().expect(USAGE);
    let shape = arguments.get(1).map_or(Shape::Mixed, |name| Shape::named(name).expect(USAGE));
    let (runs, epochs, cells) = (number(2, 1000), number(3, 50), number(4, 2600));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(fill(&Path::new(folder).join("ranklab.db"), shape, runs, epochs, cells));
    println!("{runs} runs of {epochs} epochs and {cells} predictions each in {folder}/ranklab.db");
}

async fn fill(path: &Path, shape: Shape, runs: usize, epochs: usize, test_cells: usize) {
    let store = Store::open(path).await.expect("a database that can be written");
    let cells = Cells::new(test_cells);
    let trials = trials(shape, runs, epochs, cells.tested());
    let planned: Vec<PlannedTrial> = trials
        .iter()
        .zip(0..)
        .map(|(trial, position)| PlannedTrial {
            position,
            label: trial.run.label.clone(),
            config_hash: trial.run.config_hash.clone(),
            config: trial.run.config.clone(),
        })
        .collect();
    let sweep = NewSweep {
        name: format!("{} generated runs", trials.len()),
        command: "scale_database".into(),
        plan_hash: format!("{shape:?} {runs} {epochs} {test_cells}"),
        analysis_plan: None,
    };
    store.register_sweep(&sweep, &planned).await.expect("a sweep");
    for trial in &trials {
        write(&store, trial, &cells, epochs).await;
    }
    store.close().await;
}

async fn write(store: &Store, trial: &Trial, cells: &Cells, epochs: usize) {
    let run = store.start_run(&trial.run).await.expect("a run");
    let Outcome { predictions, curve } = cells.predict(trial, epochs);
    store.record_epoch(run, &curve).await.expect("epochs");
    let model = ArtifactRow {
        kind: "model".into(),
        path: format!("{run:06}/model.safetensors"),
        sha256: trial.run.config_hash.clone(),
        bytes: 5_000_000,
    };
    store
        .finish_run(run, &result(&predictions, &curve, trial), &predictions, &[model])
        .await
        .expect("an end");
}

/// Test figures of the predictions.
fn result(predictions: &[PredictionRow], curve: &[EpochMetric], trial: &Trial) -> RunResult {
    let labels: Vec<u8> = predictions.iter().map(|row| u8::from(row.label == 1)).collect();
    let probabilities: Vec<f64> = predictions.iter().map(|row| row.probability).collect();
    let matrix =
        ConfusionMatrix::from_predictions(&labels, &probabilities, THRESHOLD).expect("probabilities");
    let count = |value: u64| i64::try_from(value).expect("a count");
    let best = curve.iter().filter(|one| one.metric == "validation_accuracy");
    RunResult {
        best_epoch: best.max_by(|one, other| one.value.total_cmp(&other.value)).map_or(1, |one| one.epoch),
        model_hash: trial.run.config_hash.clone(),
        feature_seconds: 0.0,
        train_seconds: 120.0,
        test_seconds: 1.5,
        images_per_second: 900.0,
        peak_memory_bytes: 800_000_000,
        test_loss: log_loss(&labels, &probabilities).expect("probabilities"),
        test_accuracy: matrix.accuracy(),
        sensitivity: matrix.sensitivity(),
        specificity: matrix.specificity(),
        precision: matrix.precision(),
        f1: matrix.f1(),
        auc: roc_auc(&labels, &probabilities).expect("probabilities"),
        true_positives: count(matrix.true_positives),
        false_negatives: count(matrix.false_negatives),
        false_positives: count(matrix.false_positives),
        true_negatives: count(matrix.true_negatives),
    }
}
