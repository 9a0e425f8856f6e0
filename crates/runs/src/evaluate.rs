//! A finished run on labelled images that it was not tested on.

use std::ops::ControlFlow;

use ranklab_settings::DataConfig;
use ranklab_stats::{ConfusionMatrix, THRESHOLD, roc_auc};
use ranklab_store::{NewEvaluation, PredictionRow};
use ranklab_trainer::WholeNetwork;

use crate::{Error, audit::Audit, dataset::Dataset, threshold::ChosenThreshold};

/// The code that evaluates, for the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluator {
    /// Device name.
    pub device: String,
    /// Version of ranklab.
    pub version: String,
    /// Commit of the sources that the program was compiled from, where it is known.
    pub git_commit: Option<String>,
    /// Whether those sources had changes that were not committed.
    pub git_dirty: Option<bool>,
}

/// Predicts all images of `dataset`, which `config` opened, and computes the figures of a test. `watch` receives the
/// number of finished images and answers whether to go on.
///
/// # Errors
/// When an image cannot be read, the device gives no values back, or `watch` answers to stop.
pub fn evaluate(
    network: &WholeNetwork<'_>,
    dataset: &Dataset,
    config: &DataConfig,
    audit: &Audit,
    threshold: Option<ChosenThreshold>,
    by: &Evaluator,
    watch: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<(NewEvaluation, Vec<PredictionRow>), Error> {
    let entries = &dataset.images.entries;
    let all: Vec<usize> = (0..entries.len()).collect();
    let (probabilities, loss) = network.evaluate(dataset, &all, watch)?;
    let labels: Vec<u8> = entries.iter().map(|entry| entry.class.number()).collect();
    let (shared_images, shared_patients, audit_problem) = audit.to_record();
    let matrix = ConfusionMatrix::from_predictions(&labels, &probabilities, THRESHOLD)?;
    let evaluation = NewEvaluation {
        dataset: config.dataset.clone(),
        positive: config.positive.clone(),
        negative: config.negative.clone(),
        group_rule: config.group.to_string(),
        synthetic: dataset.synthetic,
        images: entries.len() as i64,
        patients: dataset.images.groups() as i64,
        image_set_hash: dataset.images.hash.clone(),
        shared_images,
        shared_patients,
        audit_problem,
        threshold: threshold.map_or(THRESHOLD, |chosen| chosen.value),
        threshold_images: threshold.map(|chosen| chosen.images as i64),
        device: by.device.clone(),
        version: by.version.clone(),
        git_commit: by.git_commit.clone(),
        git_dirty: by.git_dirty,
        loss,
        accuracy: matrix.accuracy(),
        sensitivity: matrix.sensitivity(),
        specificity: matrix.specificity(),
        precision: matrix.precision(),
        f1: matrix.f1(),
        auc: roc_auc(&labels, &probabilities)?,
        true_positives: matrix.true_positives as i64,
        false_negatives: matrix.false_negatives as i64,
        false_positives: matrix.false_positives as i64,
        true_negatives: matrix.true_negatives as i64,
    };
    let rows = entries.iter().zip(probabilities).map(|(entry, probability)| PredictionRow {
        image: entry.name.as_str().into(),
        patient: entry.group.as_str().into(),
        label: i64::from(entry.class.number()),
        probability,
    });
    Ok((evaluation, rows.collect()))
}
