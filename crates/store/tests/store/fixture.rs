//! A small database as two sweeps leave it behind, for the other tests.

use ranklab_store::{
    ArtifactRow, EpochMetric, NewRun, NewSweep, PlannedTrial, PredictionRow, RunResult, StepMetric, Store,
};

use tempfile::TempDir;

pub(crate) use crate::place::{Place, file, file_place, place, server};

/// A run of `layers` at `rank` with `seed`; no rank means model_4.
pub(crate) fn new_run(layers: Option<&str>, rank: Option<i64>, seed: i64) -> NewRun {
    let label = match (layers, rank) {
        (Some(layers), Some(rank)) => format!("rank={rank} layers={layers} seed={seed}"),
        _ => format!("model=model_4 seed={seed}"),
    };
    NewRun {
        config_hash: format!("hash of {label}"),
        family: String::new(),
        config: format!(
            r#"{{"model":{{"layers":"{}","rank":{}}},"training":{{"seed":{seed}}}}}"#,
            layers.unwrap_or("none"),
            rank.unwrap_or(0)
        ),
        label,
        model: if rank.is_some() { "model_5" } else { "model_4" }.into(),
        layers: layers.map(Into::into),
        rank,
        ranks: rank.map(|rank| rank.to_string()),
        preset: rank.map(|_| "published".into()),
        optimizer: "adamax".into(),
        learning_rate: 0.005,
        epochs: 2,
        batch_size: 32,
        seed,
        dataset: "synthetic".into(),
        synthetic: true,
        images: 40,
        duplicate_images: 1,
        unreadable_images: 2,
        contradicting_images: 4,
        skipped_files: 83,
        image_size: 64,
        resize: "opencv".into(),
        image_set_hash: "images".into(),
        split: "random".into(),
        fold: None,
        split_seed: 0,
        split_hash: "split".into(),
        train_images: 32,
        validation_images: 4,
        test_images: 4,
        train_patients: 5,
        test_patients: 2,
        shared_patients: 2,
        shared_test_images: 3,
        weights: "random".into(),
        weights_hash: "weights".into(),
        device: "flex".into(),
        host: "lab".into(),
        process: 100 + seed,
        git_commit: Some("0123abc".into()),
        git_dirty: Some(false),
        version: "0.1.0".into(),
        trainable_parameters: 1_182_466 + 15_360 * rank.unwrap_or(100),
        frozen_parameters: 14_714_688,
        adapter_parameters: 15_360 * rank.unwrap_or(0),
        select_by: "validation_accuracy".into(),
    }
}

/// An end with this test accuracy.
pub(crate) fn result(accuracy: f64) -> RunResult {
    RunResult {
        best_epoch: 2,
        model_hash: "model".into(),
        feature_seconds: 30.0,
        train_seconds: 84.0,
        test_seconds: 6.0,
        images_per_second: 512.5,
        peak_memory_bytes: 3_000_000_000,
        test_loss: 0.25,
        test_accuracy: accuracy,
        sensitivity: accuracy,
        specificity: 1.0 - accuracy / 4.0,
        precision: 0.5,
        f1: 0.625,
        auc: Some(0.75),
        true_positives: 1,
        false_negatives: 1,
        false_positives: 1,
        true_negatives: 1,
    }
}

/// Four test cells of two patients, two of them called wrongly.
pub(crate) fn predictions() -> Vec<PredictionRow> {
    [
        ("a_1.png", "C1", 1, 0.9),
        ("a_2.png", "C1", 1, 0.2),
        ("b_1.png", "C2", 0, 0.1),
        ("b_2.png", "C2", 0, 0.5),
    ]
    .map(|(image, patient, label, probability)| PredictionRow {
        image: image.into(),
        patient: patient.into(),
        label,
        probability,
    })
    .into()
}

/// Predictions of two validation images.
pub(crate) fn validation(probability: f64) -> Vec<PredictionRow> {
    [("v_1.png", 1, probability), ("v_2.png", 0, 1.0 - probability)]
        .map(|(image, label, probability)| PredictionRow {
            image: image.into(),
            patient: "C3".into(),
            label,
            probability,
        })
        .into()
}

/// Two epochs' metrics.
pub(crate) fn epochs() -> Vec<EpochMetric> {
    let names = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "seconds"];
    (1..=2)
        .flat_map(|epoch| {
            names.map(|metric| EpochMetric { epoch, metric: metric.into(), value: 0.5 / epoch as f64 })
        })
        .collect()
}

/// The metrics of `count` steps.
pub(crate) fn steps(count: i64) -> Vec<StepMetric> {
    (1..=count)
        .flat_map(|step| {
            [("accuracy", 0.5), ("loss", 1.0 / step as f64)].map(|(metric, value)| StepMetric {
                epoch: 1 + step / 1000,
                step,
                metric: metric.into(),
                value,
            })
        })
        .collect()
}

/// One file of a run.
pub(crate) fn artifact(path: &str) -> ArtifactRow {
    ArtifactRow { kind: "model".into(), path: path.into(), sha256: "5ha".into(), bytes: 12 }
}

/// The plan that asks for these runs.
pub(crate) fn plan(runs: &[NewRun]) -> Vec<PlannedTrial> {
    runs.iter()
        .zip(0..)
        .map(|(run, position)| PlannedTrial {
            position,
            label: run.label.clone(),
            config_hash: run.config_hash.clone(),
            config: run.config.clone(),
        })
        .collect()
}

/// A sweep with this plan hash.
pub(crate) fn new_sweep(plan_hash: &str) -> NewSweep {
    NewSweep {
        name: "ranks".into(),
        command: "ranklab sweep rank=1,5".into(),
        plan_hash: plan_hash.into(),
        analysis_plan: None,
    }
}

/// Runs a trial from start to end and returns its run.
pub(crate) async fn finish(store: &Store, run: &NewRun, accuracy: f64) -> i64 {
    let id = store.start_run(run).await.unwrap();
    store.record_steps(id, &steps(3)).await.unwrap();
    store.record_epoch(id, &epochs()).await.unwrap();
    store.record_validation(id, &validation(0.75)).await.unwrap();
    let artifacts = [artifact(&format!("{id}/model.safetensors"))];
    store.finish_run(id, &result(accuracy), &predictions(), &artifacts).await.unwrap();
    id
}

/// Ranks 1 and 5 at three seeds, rank 5 on one layer only, model_4, one failure, one run still
/// going and one trial not begun; an earlier sweep that asked for the first two only.
pub(crate) async fn filled() -> (Place, Store) {
    let (place, location) = place();
    let store = Store::open(&location).await.unwrap();
    fill(&store).await;
    (place, store)
}

/// The same database, in a file.
pub(crate) async fn filled_file() -> (TempDir, Store) {
    let (folder, path) = file_place();
    let store = Store::open(&path).await.unwrap();
    fill(&store).await;
    (folder, store)
}

async fn fill(store: &Store) {
    let block5 = Some("block5");
    let mut runs = Vec::new();
    for (rank, accuracies) in [(1, [0.5, 0.75, 1.0]), (5, [0.75, 0.75, 0.75])] {
        for (accuracy, seed) in accuracies.into_iter().zip(0..) {
            let run = new_run(block5, Some(rank), seed);
            finish(store, &run, accuracy).await;
            runs.push(run);
        }
    }
    for (run, accuracy) in
        [(new_run(Some("block5_conv3"), Some(5), 0), 0.25), (new_run(None, None, 0), 0.875)]
    {
        finish(store, &run, accuracy).await;
        runs.push(run);
    }
    let failing = new_run(block5, Some(16), 0);
    let failed = store.start_run(&failing).await.unwrap();
    store.fail_run(failed, "loss is not a number").await.unwrap();
    let going = new_run(block5, Some(32), 0);
    store.start_run(&going).await.unwrap();
    runs.extend([failing, going, new_run(block5, Some(64), 0)]);
    store.register_sweep(&new_sweep("first two"), &plan(&runs[..2])).await.unwrap();
    store.register_sweep(&new_sweep("all"), &plan(&runs)).await.unwrap();
}
