//! Reports as sweeps would leave them behind, for tests.

use ranklab_settings::{AnalysisPlan, Baseline};
use ranklab_stats::{ConfusionMatrix, THRESHOLD, roc_auc};
use ranklab_store::{
    EpochMetric, EvaluationRow, NewEvaluation, NewRun, PredictionRow, RunResult, RunRow, RunStatus, SweepRow,
};

use crate::data::{ExternalImages, ReportData, RunData, Unfinished, UnfinishedRun};
use crate::options::Options;
use crate::pictures::{CellPicture, CellPictures};
use crate::plan_record::{PlanRecord, RegisteredPlan};

/// Test cells of every run, half of each class.
const CELLS: i64 = 200;
/// Patients that the test cells come from, five cells each.
const PATIENTS: i64 = 40;

/// Compares a text with the snapshot of this name.
pub(crate) fn check_snapshot(name: &str, text: &str) {
    insta::with_settings!(
        { prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "../tests/snapshots" },
        { insta::assert_snapshot!(name, text) }
    );
}

/// model_4 and three ranks of model_5, a failed trial and a planned one.
pub(crate) fn ranks() -> ReportData {
    let plan = AnalysisPlan::default();
    let runs = vec![run(1, None, 0, 6), run(2, Some(1), 0, 8), run(3, Some(5), 0, 4), run(4, Some(16), 0, 5)];
    ReportData {
        title: "Sweep 3: ranks of block5".into(),
        sweep: Some(SweepRow {
            id: 3,
            name: "Ranks of block5".into(),
            command: "ranklab sweep rank=1,5,16 limit=3000".into(),
            plan_hash: "plan".into(),
            created_at: "2026-01-02T03:00:05Z".into(),
            trials: 6,
            finished: 4,
            analysis_plan: Some(plan.canonical_json()),
            analysis_plan_hash: Some(plan.hash()),
        }),
        runs,
        unfinished: vec![
            Unfinished {
                label: "rank=64".into(),
                run: Some(UnfinishedRun {
                    id: 5,
                    status: RunStatus::Failed,
                    started_at: "2026-01-02T03:05:00Z".into(),
                    ended_at: Some("2026-01-02T03:05:10Z".into()),
                    failure: Some("out of memory at step 3".into()),
                }),
            },
            Unfinished { label: "rank=128".into(), run: None },
        ],
        options: Options::default(),
        baseline: Baseline::default(),
        tune: Vec::new(),
        plan: PlanRecord {
            registered: Some(RegisteredPlan { hash: plan.hash(), plan }),
            ..PlanRecord::default()
        },
        pictures: CellPictures::default(),
    }
}

/// The report of [`ranks`] with pictures of all but one of the cells in the galleries.
pub(crate) fn with_pictures() -> ReportData {
    let mut data = ranks();
    for cell in 0..7 {
        let picture =
            CellPicture { png: vec![137, cell], heat: Some((3, vec![137, cell, 1])), is_without_heat: false };
        data.pictures.of.insert(format!("cell_{cell:04}.png").into(), picture);
    }
    data.pictures.missing.push("one line on what is missing".into());
    data
}

/// The report of [`ranks`] with 20 infected patients, and 20 healthy ones of whom every second has one cell that is
/// called parasitized.
pub(crate) fn healthy_patients() -> ReportData {
    let mut data = ranks();
    for run in &mut data.runs {
        for row in run.predictions.iter_mut().chain(&mut run.validation) {
            let cell: i64 = row.image.rsplit(['_', '.']).nth(1).and_then(|cell| cell.parse().ok()).unwrap();
            row.patient = format!("{}{}", if row.label == 1 { 'I' } else { 'H' }, cell % 20).into();
            if row.label == 0 && cell < CELLS / 2 + 20 && cell % 2 == 0 {
                row.probability = 1.0 - row.probability;
            }
        }
        run.row.result = Some(result(run.row.id, &run.predictions));
    }
    data
}

/// So many ranks, each with as many errors as its number.
pub(crate) fn many(ranks: i64) -> ReportData {
    let runs = (1..=ranks).map(|rank| run(rank, Some(rank), 0, rank)).collect();
    ReportData { runs, unfinished: Vec::new(), ..self::ranks() }
}

/// Three seeds each of model_4 and of rank 5.
pub(crate) fn seeds() -> ReportData {
    let mut runs = Vec::new();
    for seed in 0..3 {
        runs.push(run(seed + 1, None, seed, 6 + 2 * seed));
    }
    for seed in 0..3 {
        runs.push(run(seed + 4, Some(5), seed, 4 + 2 * seed));
    }
    ReportData { runs, unfinished: Vec::new(), ..ranks() }
}

/// Four folds each of model_4, with 6 errors altogether, and of rank 5, with 2.
pub(crate) fn folds() -> ReportData {
    let mut runs = Vec::new();
    for (rank, errors) in [(None, 6), (Some(5), 2)] {
        for fold in 0..4 {
            let mut run = run(1 + runs.len() as i64, rank, 0, errors);
            let of_fold = |row: &PredictionRow| {
                let patient: i64 = row.patient.trim_start_matches('C').parse().unwrap();
                patient % 4 == fold
            };
            let predictions = run.predictions.into_iter().filter(of_fold).collect();
            let start = &mut run.row.start;
            start.fold = Some(fold);
            start.split = "patient".into();
            start.split_hash = format!("fold {fold}");
            start.config = start.config.replace("\"seed\"", &format!("\"fold\":{fold},\"seed\""));
            (start.shared_patients, start.shared_test_images, start.test_patients) = (0, 0, PATIENTS / 4);
            runs.push(tested(run.row, predictions));
        }
    }
    ReportData { runs, unfinished: Vec::new(), ..ranks() }
}

/// model_4 and rank 5 with so many errors among 4,000 cells of 200 patients.
pub(crate) fn against_classical(classical: i64, adapted: i64) -> ReportData {
    let runs = vec![large(run(1, None, 0, 0), classical), large(run(2, Some(5), 0, 0), adapted)];
    ReportData { runs, unfinished: Vec::new(), ..ranks() }
}

/// model_4 and rank 5 with so many errors among 4,000 cells of so many patients.
pub(crate) fn on_patients(patients: i64, classical: i64, adapted: i64) -> ReportData {
    let mut data = against_classical(classical, adapted);
    for (run, errors) in data.runs.iter_mut().zip([classical, adapted]) {
        let mut row = run.row.clone();
        row.start.test_patients = patients;
        *run = tested(row, predictions(errors, 4000, patients));
    }
    data
}

/// Three seeds each of model_4 and of rank 5 with so many errors among 4,000 cells of 200 patients.
pub(crate) fn large_seeds(classical: [i64; 3], adapted: [i64; 3]) -> ReportData {
    of_seeds(&[(None, classical), (Some(5), adapted)])
}

/// Three seeds of each rank with so many errors among 4,000 cells of 200 patients.
pub(crate) fn seed_series(members: &[(i64, [i64; 3])]) -> ReportData {
    of_seeds(&members.iter().map(|(rank, errors)| (Some(*rank), *errors)).collect::<Vec<_>>())
}

fn of_seeds(members: &[(Option<i64>, [i64; 3])]) -> ReportData {
    let mut runs = Vec::new();
    for (rank, errors) in members {
        for (errors, seed) in errors.iter().zip(0..) {
            runs.push(large(run(1 + runs.len() as i64, *rank, seed, 0), *errors));
        }
    }
    ReportData { runs, unfinished: Vec::new(), ..ranks() }
}

/// Rank 5 under a random split and under one by patient, with so many errors among 4,000 cells of 200
/// patients, other cells of the same patients.
pub(crate) fn both_splits(random: i64, patient: i64) -> ReportData {
    let of = |id: i64, split: &str, errors: i64| {
        let mut run = large(run(id, Some(5), 0, 0), errors);
        let start = &mut run.row.start;
        start.split = split.into();
        start.config =
            start.config.replacen('{', &format!(r#"{{"data":{{"split":{{"kind":"{split}"}}}},"#), 1);
        for row in &mut run.predictions {
            row.image = format!("{split}_{}", row.image).into();
        }
        if split == "random" {
            (start.shared_patients, start.shared_test_images) = (200, 3800);
        }
        run
    };
    let runs = vec![of(1, "random", random), of(2, "patient", patient)];
    ReportData { runs, unfinished: Vec::new(), ..ranks() }
}

/// Ranks with so many errors among 4,000 cells of 200 patients.
pub(crate) fn series(members: &[(i64, i64)]) -> ReportData {
    let runs = members.iter().zip(1..).map(|((rank, errors), id)| large(run(id, Some(*rank), 0, 0), *errors));
    ReportData { runs: runs.collect(), unfinished: Vec::new(), ..ranks() }
}

fn large(run: RunData, errors: i64) -> RunData {
    let mut row = run.row;
    row.start.test_patients = 200;
    (row.start.shared_patients, row.start.shared_test_images) = (0, 0);
    tested(row, predictions(errors, 4000, 200))
}

/// Names, commands and reasons that try to be more than text.
pub(crate) fn hostile() -> ReportData {
    let evil =
        "<script>alert('x')</script> | **b** `c` </style><img src=x onerror=alert(1)> \"quoted\"\nnew line";
    let mut data = ranks();
    data.title = evil.into();
    if let Some(sweep) = &mut data.sweep {
        sweep.name = evil.into();
        sweep.command = evil.into();
    }
    for run in &mut data.runs {
        run.row.start.layers = Some(evil.into());
        run.row.start.dataset = evil.into();
        run.row.start.host = evil.into();
        run.row.start.weights = evil.into();
        run.row.start.config = format!("{{\"evil\":{evil:?}}}");
        for row in &mut run.predictions {
            row.patient = evil.into();
        }
    }
    for trial in &mut data.unfinished {
        trial.label = evil.into();
        if let Some(run) = &mut trial.run {
            run.failure = Some(evil.into());
        }
    }
    data
}

/// A finished run of model_4, or of model_5 at a rank, that calls `errors` cells wrongly.
pub(crate) fn run(id: i64, rank: Option<i64>, seed: i64, errors: i64) -> RunData {
    let model = if rank.is_some() { "model_5" } else { "model_4" };
    let trainable_parameters = rank.map_or(2_757_378, |rank| 1_182_466 + 15_360 * rank);
    let start = NewRun {
        config_hash: format!("{id:064x}"),
        family: String::new(),
        config: format!(
            r#"{{"model":{{"architecture":"{model}","rank":{}}},"training":{{"learning_rate":0.005,"seed":{seed}}}}}"#,
            rank.unwrap_or(0)
        ),
        label: rank.map_or_else(|| "model=model_4".to_owned(), |rank| format!("rank={rank}")),
        model: model.into(),
        layers: rank.map(|_| "block5".into()),
        rank,
        ranks: rank.map(|rank| rank.to_string()),
        preset: rank.map(|_| "published".into()),
        optimizer: "adamax".into(),
        learning_rate: 0.005,
        epochs: 10,
        batch_size: 32,
        seed,
        dataset: "cells.zip".into(),
        synthetic: false,
        images: 2000,
        duplicate_images: 12,
        unreadable_images: 3,
        contradicting_images: 0,
        skipped_files: 0,
        image_size: 64,
        resize: "opencv".into(),
        image_set_hash: "0123456789abcdef".into(),
        split: "random".into(),
        fold: None,
        split_seed: 7,
        split_hash: "fedcba9876543210".into(),
        train_images: 1620,
        validation_images: 180,
        test_images: CELLS,
        train_patients: 95,
        test_patients: PATIENTS,
        shared_patients: 36,
        shared_test_images: 190,
        weights: "imagenet".into(),
        weights_hash: "00112233445566778899aabbccddeeff".into(),
        device: "flex".into(),
        host: "lab".into(),
        process: 4242,
        git_commit: Some("8badf00d8badf00d8badf00d".into()),
        git_dirty: Some(false),
        version: "0.1.0".into(),
        trainable_parameters,
        frozen_parameters: if rank.is_some() { 14_714_688 } else { 1_735_488 },
        adapter_parameters: 15_360 * rank.unwrap_or(0),
        select_by: "validation_accuracy".into(),
    };
    let row = RunRow {
        id,
        status: RunStatus::Finished,
        failure: None,
        started_at: format!("2026-01-02T03:{id:02}:00Z"),
        ended_at: Some(format!("2026-01-02T03:{id:02}:50Z")),
        start,
        result: None,
    };
    tested(row, predictions(errors, CELLS, PATIENTS))
}

/// The run with the result that these predictions give.
fn tested(mut row: RunRow, predictions: Vec<PredictionRow>) -> RunData {
    row.start.test_images = predictions.len() as i64;
    row.result = Some(result(row.id, &predictions));
    RunData {
        epochs: epochs(row.id),
        row,
        validation: validation(&predictions),
        predictions,
        evaluations: Vec::new(),
    }
}

/// The ranks, and their first run on other images, which it calls positive a little more often.
pub(crate) fn externally_validated() -> ReportData {
    let mut data = ranks();
    let run = &mut data.runs[0];
    let other = |row: &PredictionRow| PredictionRow {
        image: format!("elsewhere/{}", row.image).into(),
        patient: format!("E{}", row.patient).into(),
        probability: 0.9 * row.probability + 0.1,
        ..row.clone()
    };
    let predictions: Vec<PredictionRow> = run.predictions.iter().map(other).collect();
    let patients: std::collections::BTreeSet<_> = predictions.iter().map(|row| row.patient.clone()).collect();
    let evaluation = NewEvaluation {
        dataset: "/images/elsewhere".to_owned(),
        images: predictions.len() as i64,
        patients: patients.len() as i64,
        shared_images: Some(0),
        shared_patients: Some(0),
        threshold: 0.5,
        ..NewEvaluation::default()
    };
    let row =
        EvaluationRow { id: 1, run: run.row.id, evaluated_at: "2026-01-03T00:00:00Z".to_owned(), evaluation };
    run.evaluations.push(ExternalImages { row, predictions });
    data
}

/// Validation images that are predicted as the test images are, but for their names.
fn validation(predictions: &[PredictionRow]) -> Vec<PredictionRow> {
    let other = |row: &PredictionRow| PredictionRow {
        image: format!("validation_{}", row.image).into(),
        ..row.clone()
    };
    predictions.iter().map(other).collect()
}

fn result(id: i64, predictions: &[PredictionRow]) -> RunResult {
    let labels: Vec<u8> = predictions.iter().map(|row| u8::try_from(row.label).unwrap()).collect();
    let probabilities: Vec<f64> = predictions.iter().map(|row| row.probability).collect();
    let matrix = ConfusionMatrix::from_predictions(&labels, &probabilities, THRESHOLD).unwrap();
    let errors = (matrix.false_negatives + matrix.false_positives) as f64;
    RunResult {
        best_epoch: 8,
        model_hash: format!("{:064x}", id * 7),
        feature_seconds: if id == 1 { 31.5 } else { 0.0 },
        train_seconds: 80.0 + id as f64,
        test_seconds: 1.5,
        images_per_second: 500.0 + id as f64,
        peak_memory_bytes: 3_000_000_000,
        test_loss: 0.1 + 0.01 * errors,
        test_accuracy: matrix.accuracy(),
        sensitivity: matrix.sensitivity(),
        specificity: matrix.specificity(),
        precision: matrix.precision(),
        f1: matrix.f1(),
        auc: roc_auc(&labels, &probabilities).unwrap(),
        true_positives: matrix.true_positives as i64,
        false_negatives: matrix.false_negatives as i64,
        false_positives: matrix.false_positives as i64,
        true_negatives: matrix.true_negatives as i64,
    }
}

/// The first `errors` cells, which are parasitized as is the first half, are called uninfected. Cells go
/// around the patients. Probabilities spread a little, so that curves have points.
fn predictions(errors: i64, cells: i64, patients: i64) -> Vec<PredictionRow> {
    (0..cells)
        .map(|cell| {
            let label = i64::from(cell < cells / 2);
            let doubt = 0.05 + 0.01 * (cell * 7 % 31) as f64;
            let right = if label == 1 { 1.0 - doubt } else { doubt };
            let probability = if cell < errors { 1.0 - right } else { right };
            let patient = format!("C{}", 12 + cell % patients).into();
            PredictionRow { image: format!("cell_{cell:04}.png").into(), patient, label, probability }
        })
        .collect()
}

fn epochs(id: i64) -> Vec<EpochMetric> {
    let mut rows = Vec::new();
    for epoch in 1..=10 {
        let (time, shift) = (epoch as f64, id as f64 * 0.003);
        for (metric, value) in [
            ("train_loss", 0.6 / time + 0.02),
            ("train_accuracy", 0.985 - 0.12 / time - shift),
            ("validation_loss", 0.5 / time + 0.09 + 0.004 * time),
            ("validation_accuracy", 0.972 - 0.1 / time - shift - 0.002 * (time - 8.0).abs()),
            ("seconds", 8.0),
            ("images_per_second", 500.0),
        ] {
            rows.push(EpochMetric { epoch, metric: metric.into(), value });
        }
    }
    rows
}
