//! The rows of a run in the database.

use ranklab_data::Split;
use ranklab_runs::{Dataset, KnownWeights, host};
use ranklab_settings::{SplitKind, family};
use ranklab_stats::{ConfusionMatrix, THRESHOLD, roc_auc};
use ranklab_store::{NewRun, PredictionRow, RunResult};
use ranklab_trainer::Outcome;
use ranklab_zoo::ParameterCounts;

use crate::{
    Error,
    planned::PlanTrial,
    provenance::{Code, peak_memory},
};

/// The row of a run at its start.
pub(crate) fn new_run(
    code: &Code,
    trial: &PlanTrial,
    identity: &str,
    dataset: &Dataset,
    split: &Split,
    weights: &KnownWeights,
) -> Result<NewRun, Error> {
    let config = &trial.config;
    let network = config.network()?;
    let counts = ParameterCounts::of(&network, config.data.image_size)?;
    let adapter = network.adapter();
    let (data, training) = (&config.data, &config.training);
    Ok(NewRun {
        config_hash: identity.to_owned(),
        config: config.canonical_json(),
        family: family(config, &weights.hash),
        label: trial.label.clone(),
        model: network.architecture().name().to_owned(),
        layers: adapter.map(|adapter| adapter.layers.to_string()),
        rank: adapter.and_then(|adapter| adapter.rank.single()).map(|rank| rank as i64),
        ranks: adapter.map(|adapter| adapter.rank.to_string()),
        preset: adapter.map(|adapter| adapter.preset.name().to_owned()),
        optimizer: training.optimizer.name().to_owned(),
        learning_rate: training.learning_rate,
        epochs: training.epochs as i64,
        batch_size: training.batch_size as i64,
        seed: training.seed as i64,
        dataset: data.dataset.clone(),
        synthetic: dataset.synthetic,
        images: dataset.images.entries.len() as i64,
        duplicate_images: dataset.duplicates as i64,
        unreadable_images: dataset.unreadable as i64,
        contradicting_images: dataset.contradicting as i64,
        skipped_files: dataset.skipped as i64,
        image_size: data.image_size as i64,
        resize: data.resize.name().to_owned(),
        image_set_hash: dataset.images.hash.clone(),
        split: data.split.kind.name().to_owned(),
        fold: (data.split.kind == SplitKind::Patient).then_some(data.split.fold as i64),
        split_seed: data.split.seed as i64,
        split_hash: split.hash.clone(),
        train_images: split.train.len() as i64,
        validation_images: split.validation.len() as i64,
        test_images: split.test.len() as i64,
        train_patients: split.audit.train_groups as i64,
        test_patients: split.audit.test_groups as i64,
        shared_patients: split.audit.shared_groups as i64,
        shared_test_images: split.audit.shared_test_images as i64,
        weights: config.model.weights.clone(),
        weights_hash: weights.hash.clone(),
        device: config.device.clone(),
        host: host(),
        process: i64::from(std::process::id()),
        git_commit: code.commit.clone(),
        git_dirty: code.dirty,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        trainable_parameters: counts.trainable as i64,
        frozen_parameters: counts.frozen as i64,
        adapter_parameters: counts.adapter as i64,
        select_by: training.select_by.name().to_owned(),
    })
}

/// The results of a run.
pub(crate) fn run_result(dataset: &Dataset, split: &Split, outcome: &Outcome) -> Result<RunResult, Error> {
    let labels: Vec<u8> =
        split.test.iter().map(|&image| dataset.images.entries[image].class.number()).collect();
    let matrix = ConfusionMatrix::from_predictions(&labels, &outcome.probabilities, THRESHOLD)?;
    Ok(RunResult {
        best_epoch: outcome.best_epoch as i64,
        model_hash: outcome.model_hash.clone(),
        feature_seconds: outcome.feature_seconds,
        train_seconds: outcome.train_seconds,
        test_seconds: outcome.test_seconds,
        images_per_second: outcome.images_per_second,
        peak_memory_bytes: peak_memory(),
        test_loss: outcome.test_loss,
        test_accuracy: matrix.accuracy(),
        sensitivity: matrix.sensitivity(),
        specificity: matrix.specificity(),
        precision: matrix.precision(),
        f1: matrix.f1(),
        auc: roc_auc(&labels, &outcome.probabilities)?,
        true_positives: matrix.true_positives as i64,
        false_negatives: matrix.false_negatives as i64,
        false_positives: matrix.false_positives as i64,
        true_negatives: matrix.true_negatives as i64,
    })
}

/// One row per test image, with its prediction.
pub(crate) fn predictions(dataset: &Dataset, split: &Split, outcome: &Outcome) -> Vec<PredictionRow> {
    rows(dataset, &split.test, outcome.probabilities.iter().copied())
}

/// One row per validation image, before any prediction.
pub(crate) fn validation_images(dataset: &Dataset, split: &Split) -> Vec<PredictionRow> {
    rows(dataset, &split.validation, std::iter::repeat(f64::NAN))
}

fn rows(dataset: &Dataset, images: &[usize], probabilities: impl Iterator<Item = f64>) -> Vec<PredictionRow> {
    images
        .iter()
        .zip(probabilities)
        .map(|(&image, probability)| {
            let entry = &dataset.images.entries[image];
            PredictionRow {
                image: entry.name.as_str().into(),
                patient: entry.group.as_str().into(),
                label: i64::from(entry.class.number()),
                probability,
            }
        })
        .collect()
}
