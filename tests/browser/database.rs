//! A sweep as it could be stored, with text in it that tries to be more than text.

use std::path::Path;

use ranklab_store::{EpochMetric, NewRun, NewSweep, PlannedTrial, PredictionRow, RunResult, Store};

/// Markup, quotes, a newline and what ends a script or a style sheet.
pub const HOSTILE: &str = "<script>alert(1)</script> </style></title><img src=x onerror=\"alert(2)\"> 'a' \"b\"\n&amp; ${c} `d` | **e**";

const CELLS: u32 = 240;
const PATIENTS: u32 = 24;
const FOLDS: u32 = 2;
const EPOCHS: i64 = 3;

/// What the runs of a family share.
struct Family {
    layers: Option<&'static str>,
    rank: Option<i64>,
    learning_rate: f64,
    /// How far the mean log-odds of the classes lie apart.
    strength: f64,
    parameters: i64,
}

/// model_4, ranks at two choices of layers, one of them hostile, and two learning rates.
fn families() -> Vec<Family> {
    let adapted = |layers, rank, learning_rate| Family {
        layers: Some(layers),
        rank: Some(rank),
        learning_rate,
        strength: 3.2 + 0.2 * (rank as f64).ln(),
        parameters: 1_182_466 + 15_360 * rank,
    };
    let mut families =
        vec![Family { layers: None, rank: None, learning_rate: 0.005, strength: 3.6, parameters: 2_757_378 }];
    families.extend([1, 5, 16].map(|rank| adapted("block5", rank, 0.005)));
    families.extend([1, 5].map(|rank| adapted(HOSTILE, rank, 0.005)));
    families.push(adapted("block5", 5, 0.001));
    families
}

/// Writes the database: every family with two seeds of two folds, one trial that failed and one that
/// never began.
pub async fn write(path: &Path) {
    let mut runs = Vec::new();
    for family in families() {
        for seed in 0..2 {
            runs.extend(
                (0..FOLDS).map(|fold| (start(&family, seed, fold), predictions(&family, seed, fold))),
            );
        }
    }
    let failing = NewRun { rank: Some(64), ranks: Some("64".into()), ..named(runs[4].0.clone(), 64) };
    let open = named(failing.clone(), 65);
    let starts = runs.iter().map(|(start, _)| start).chain([&failing, &open]);
    let trials: Vec<PlannedTrial> = starts.zip(0..).map(trial).collect();
    let sweep = NewSweep {
        name: HOSTILE.into(),
        command: format!("ranklab sweep dataset={HOSTILE}"),
        plan_hash: "plan".into(),
        analysis_plan: None,
    };
    let store = Store::open(path).await.unwrap();
    store.register_sweep(&sweep, &trials).await.unwrap();
    for (start, predictions) in &runs {
        let run = store.start_run(start).await.unwrap();
        store.record_epoch(run, &epochs(start)).await.unwrap();
        store.finish_run(run, &result(start, predictions), predictions, &[]).await.unwrap();
    }
    let run = store.start_run(&failing).await.unwrap();
    store.fail_run(run, HOSTILE).await.unwrap();
    store.close().await;
}

fn trial((start, position): (&NewRun, i64)) -> PlannedTrial {
    PlannedTrial {
        position,
        label: start.label.clone(),
        config_hash: start.config_hash.clone(),
        config: start.config.clone(),
    }
}

/// The same with an identity of its own.
fn named(start: NewRun, number: u32) -> NewRun {
    NewRun { config_hash: format!("{number:064x}"), label: format!("rank={number} {HOSTILE}"), ..start }
}

fn start(family: &Family, seed: i64, fold: u32) -> NewRun {
    let model = if family.rank.is_some() { "model_5" } else { "model_4" };
    let config = serde_json::json!({
        "model": { "architecture": model, "layers": family.layers, "rank": family.rank },
        "training": { "learning_rate": family.learning_rate, "seed": seed, "note": HOSTILE },
        "data": { "split": { "kind": "patient", "fold": fold } },
    });
    let number = [seed, i64::from(fold), family.parameters, (family.learning_rate * 1e4) as i64];
    let tested = CELLS / FOLDS;
    NewRun {
        config_hash: format!("{number:?} {}", family.layers.unwrap_or_default()),
        config: config.to_string(),
        label: format!("seed={seed} fold={fold} {HOSTILE}"),
        model: model.into(),
        layers: family.layers.map(str::to_owned),
        rank: family.rank,
        ranks: family.rank.map(|rank| rank.to_string()),
        preset: family.rank.map(|_| "published".into()),
        optimizer: "adamax".into(),
        learning_rate: family.learning_rate,
        epochs: EPOCHS,
        batch_size: 32,
        seed,
        dataset: HOSTILE.into(),
        synthetic: true,
        images: i64::from(CELLS),
        image_size: 64,
        resize: "opencv".into(),
        image_set_hash: "images".into(),
        split: "patient".into(),
        fold: Some(i64::from(fold)),
        split_hash: format!("fold {fold}"),
        train_images: i64::from(CELLS - tested),
        test_images: i64::from(tested),
        train_patients: i64::from(PATIENTS / FOLDS),
        test_patients: i64::from(PATIENTS / FOLDS),
        weights: "random".into(),
        weights_hash: "weights".into(),
        device: HOSTILE.into(),
        host: HOSTILE.into(),
        process: 1,
        version: HOSTILE.into(),
        trainable_parameters: family.parameters,
        adapter_parameters: 15_360 * family.rank.unwrap_or(0),
        select_by: "validation_accuracy".into(),
        ..NewRun::default()
    }
}

/// Cells of the fold's patients; half of each patient's are parasitized.
fn predictions(family: &Family, seed: i64, fold: u32) -> Vec<PredictionRow> {
    let cells = (0..CELLS).filter(|cell| cell % PATIENTS % FOLDS == fold);
    cells
        .map(|cell| {
            let label = i64::from(cell < CELLS / 2);
            let sign = if label == 1 { 0.5 } else { -0.5 };
            // The same noise of a cell in every family, and some of the seed's own.
            let noise = 2.4 * share(cell) + 0.8 * share(cell * 7 + 1000 * (seed as u32 + 1));
            let logit = family.strength * sign + noise;
            let patient = cell % PATIENTS;
            PredictionRow {
                image: format!("cell {cell} {HOSTILE}").into(),
                patient: if patient < 4 { format!("{patient} {HOSTILE}") } else { format!("C{patient}") }
                    .into(),
                label,
                probability: 1.0 / (1.0 + (-logit).exp()),
            }
        })
        .collect()
}

/// A number between -1 and 1 that looks drawn: Knuth's multiplicative hash, twice.
fn share(number: u32) -> f64 {
    let mixed = number.wrapping_mul(2_654_435_761) ^ (number.wrapping_mul(2_654_435_761) >> 15);
    2.0 * f64::from(mixed.wrapping_mul(2_246_822_519) >> 8) / f64::from(1u32 << 24) - 1.0
}

fn epochs(start: &NewRun) -> Vec<EpochMetric> {
    let metrics = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"];
    let rows = (1..=EPOCHS).flat_map(|epoch| {
        metrics.map(|metric| {
            let falling = 0.3 / epoch as f64 + 0.02 * start.seed as f64;
            let value = if metric.ends_with("loss") { falling } else { 1.0 - falling };
            EpochMetric { epoch, metric: metric.into(), value }
        })
    });
    rows.collect()
}

fn result(start: &NewRun, predictions: &[PredictionRow]) -> RunResult {
    let count = |label: i64, called: bool| {
        predictions.iter().filter(|row| row.label == label && (row.probability >= 0.5) == called).count()
            as i64
    };
    let (tp, fn_, fp, tn) = (count(1, true), count(1, false), count(0, true), count(0, false));
    let ratio = |part: i64, all: i64| part as f64 / all as f64;
    RunResult {
        best_epoch: EPOCHS,
        model_hash: "model".into(),
        train_seconds: 20.0 + start.trainable_parameters as f64 / 1e5,
        images_per_second: 500.0,
        peak_memory_bytes: 800_000_000,
        test_loss: 0.2,
        test_accuracy: ratio(tp + tn, tp + fn_ + fp + tn),
        sensitivity: ratio(tp, tp + fn_),
        specificity: ratio(tn, tn + fp),
        precision: ratio(tp, tp + fp),
        f1: ratio(2 * tp, 2 * tp + fp + fn_),
        auc: Some(area(predictions)),
        true_positives: tp,
        false_negatives: fn_,
        false_positives: fp,
        true_negatives: tn,
        ..RunResult::default()
    }
}

/// Share of pairs of one cell of each class that stand in the right order.
fn area(predictions: &[PredictionRow]) -> f64 {
    let of = |label: i64| predictions.iter().filter(move |row| row.label == label);
    let wins = of(1).map(|one| of(0).filter(|other| one.probability > other.probability).count());
    wins.sum::<usize>() as f64 / (of(1).count() * of(0).count()) as f64
}
