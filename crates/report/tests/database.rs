//! Reports from a real database: what is chosen is what is shown.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use ranklab_report::{Selection, load, render_html, render_markdown, write};
use ranklab_store::{EpochMetric, NewRun, NewSweep, PlannedTrial, PredictionRow, RunResult, Store};

fn trial(position: i64, rank: i64) -> PlannedTrial {
    PlannedTrial {
        position,
        label: format!("rank={rank}"),
        config_hash: format!("hash {rank}"),
        config: format!(r#"{{"rank":{rank},"training":{{"seed":0}}}}"#),
    }
}

fn new_run(rank: i64) -> NewRun {
    let trial = trial(0, rank);
    NewRun {
        config_hash: trial.config_hash,
        config: trial.config,
        label: trial.label,
        model: "model_5".into(),
        layers: Some("block5".into()),
        rank: Some(rank),
        ranks: Some(rank.to_string()),
        preset: Some("published".into()),
        optimizer: "adamax".into(),
        learning_rate: 0.005,
        epochs: 1,
        synthetic: true,
        dataset: "synthetic".into(),
        split: "patient".into(),
        weights: "random".into(),
        test_images: 4,
        test_patients: 2,
        trainable_parameters: 1_182_466 + 15_360 * rank,
        ..NewRun::default()
    }
}

fn result(right: i64) -> RunResult {
    RunResult {
        best_epoch: 1,
        model_hash: "model".into(),
        test_accuracy: right as f64 / 4.0,
        true_positives: 2,
        false_positives: 4 - right,
        true_negatives: right - 2,
        ..RunResult::default()
    }
}

/// Ranks 1 and 5 finished, 16 failed, 64 only planned.
async fn filled(path: &Path) -> Store {
    let store = Store::open(path).await.unwrap();
    let sweep = NewSweep {
        name: "ranks".into(),
        command: "ranklab sweep rank=1,5,16,64".into(),
        plan_hash: "plan".into(),
        analysis_plan: None,
    };
    let trials: Vec<PlannedTrial> =
        [1, 5, 16, 64].into_iter().zip(0..).map(|(rank, at)| trial(at, rank)).collect();
    store.register_sweep(&sweep, &trials).await.unwrap();
    for (rank, right) in [(1, 3), (5, 4)] {
        let run = store.start_run(&new_run(rank)).await.unwrap();
        let epochs = ["train_loss", "validation_loss", "validation_accuracy"].map(|metric| EpochMetric {
            epoch: 1,
            metric: metric.into(),
            value: 0.5,
        });
        store.record_epoch(run, &epochs).await.unwrap();
        let predictions: Vec<PredictionRow> = (0..4)
            .map(|cell| PredictionRow {
                image: format!("cell_{cell}.png").into(),
                patient: format!("C{}", cell % 2).into(),
                label: i64::from(cell < 2),
                probability: if cell < 2 || cell >= right { 0.9 } else { 0.1 },
            })
            .collect();
        store.finish_run(run, &result(right), &predictions, &[]).await.unwrap();
    }
    let failing = store.start_run(&new_run(16)).await.unwrap();
    store.fail_run(failing, "loss is not a number at step 7").await.unwrap();
    store
}

#[tokio::test]
async fn the_latest_sweep_is_reported_with_its_failures_and_open_trials() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("ranklab.db")).await;
    let data = load(&store, Selection::LatestSweep).await.unwrap();
    assert_eq!(data, load(&store, Selection::Sweep(1)).await.unwrap());
    assert_eq!(data.title, "Sweep 1: ranks");
    assert_eq!(data.runs.iter().map(|run| run.row.start.rank).collect::<Vec<_>>(), [Some(1), Some(5)]);
    assert_eq!((data.runs[0].epochs.len(), data.runs[0].predictions.len()), (3, 4));
    let open: Vec<(&str, Option<&str>)> = data
        .unfinished
        .iter()
        .map(|trial| (trial.label.as_str(), trial.run.as_ref().and_then(|run| run.failure.as_deref())))
        .collect();
    assert_eq!(open, [("rank=16", Some("loss is not a number at step 7")), ("rank=64", None)]);
    let page = render_html(&data).unwrap();
    assert!(page.contains("SYNTHETIC") && page.contains("RANDOM WEIGHTS"));
    assert!(page.contains("loss is not a number at step 7") && page.contains("has not started"));
    assert!(page.contains("1 cell of 1 patient; most in patient C1 (1 of 2)"));
}

#[tokio::test]
async fn chosen_runs_are_reported_in_the_order_given() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(&folder.path().join("ranklab.db")).await;
    let data = load(&store, Selection::Runs(vec![2, 1, 2])).await.unwrap();
    assert_eq!(data.runs.iter().map(|run| run.row.id).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((data.title.as_str(), data.slug().as_str()), ("Runs 2, 1", "runs-2-1"));
    assert!(data.sweep.is_none() && data.unfinished.is_empty());
}

#[tokio::test]
async fn the_same_database_gives_the_same_bytes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ranklab.db");
    filled(&path).await.close().await;
    let mut reports = Vec::new();
    for _ in 0..2 {
        let store = Store::open_read_only(&path).await.unwrap();
        let data = load(&store, Selection::LatestSweep).await.unwrap();
        store.close().await;
        let written = write(&data, &folder.path().join("reports")).unwrap();
        let page = std::fs::read(&written.html).unwrap();
        reports.push((page, std::fs::read(&written.markdown).unwrap(), render_markdown(&data).unwrap()));
    }
    assert_eq!(reports[0], reports[1]);
}

#[tokio::test]
async fn what_does_not_exist_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Store::open(&folder.path().join("empty.db")).await.unwrap();
    let of = async |selection| load(&empty, selection).await.unwrap_err().to_string();
    assert_eq!(
        of(Selection::LatestSweep).await,
        "there is no sweep in the database; run `ranklab sweep` first or name runs"
    );
    assert!(of(Selection::Sweep(7)).await.starts_with("there is no sweep 7"));
    assert!(of(Selection::Runs(vec![7])).await.starts_with("there is no run 7"));
    assert!(of(Selection::Runs(Vec::new())).await.starts_with("no runs were chosen"));
}
