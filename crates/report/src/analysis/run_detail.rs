//! One run in detail: its counts, further measures, errors by patient and operating points.

use std::collections::BTreeMap;

use ranklab_stats::{ConfusionMatrix, ReliabilityCurve, THRESHOLD, average_precision, brier_score, log_loss};
use ranklab_store::{PredictionRow, RunResult};
use serde::Serialize;

use crate::data::RunData;

use super::class_names::ClassNames;
use super::operating_points::{AimPoint, operating_points};
use super::published::{Published, published};

/// Bins of the calibration error, as in the reliability diagram.
pub(crate) const BINS: usize = 10;

/// What is shown of a run in detail only.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDetail {
    /// Its counts on the test cells.
    pub matrix: ConfusionMatrix,
    /// Figures of its model that were published.
    pub published: Option<Published>,
    /// Mean of sensitivity and specificity.
    pub balanced_accuracy: f64,
    /// Matthews correlation of labels and calls.
    pub matthews_correlation: f64,
    /// Measures of its probabilities; `None` where not all of them are known.
    pub probabilities: Option<ProbabilityMeasures>,
    /// How its errors spread over patients.
    pub errors: RunErrors,
    /// Thresholds chosen on its validation images; `None` without validation predictions.
    pub operating_points: Option<Vec<AimPoint>>,
}

/// What a run's probabilities are worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ProbabilityMeasures {
    /// Area below the precision-recall curve; `None` without positive cells.
    pub average_precision: Option<f64>,
    /// Mean squared distance of probability and label.
    pub brier_score: f64,
    /// Mean cross-entropy.
    pub log_loss: f64,
    /// Mean distance of predicted and observed shares over bins.
    pub calibration_error: f64,
}

/// The errors of a run's stored predictions.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunErrors {
    /// No predictions are stored.
    NoPredictions,
    /// The predictions cannot be counted.
    Uncountable {
        /// What the statistics say.
        reason: String,
    },
    /// The predictions give other counts than the run's row.
    OtherCounts {
        /// The counts of the predictions.
        counted: ConfusionMatrix,
    },
    /// The predictions agree with the run's row.
    Counted {
        /// Cells that are called wrongly.
        wrong: usize,
        /// Patients with any such cell.
        patients: usize,
        /// The patient with most such cells; `None` without errors.
        worst: Option<WorstPatient>,
    },
}

/// The patient with most cells that are called wrongly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorstPatient {
    /// The patient.
    pub patient: String,
    /// Its cells that are called wrongly.
    pub wrong: usize,
    /// All its test cells.
    pub cells: usize,
}

/// The detail of a finished run; `level` is the confidence of its intervals.
pub(crate) fn detail(run: &RunData, result: &RunResult, level: f64) -> RunDetail {
    let matrix = matrix(result);
    RunDetail {
        matrix,
        // The posts' figures are of the default classes.
        published: published(&run.row.start.model)
            .filter(|_| ClassNames::of_run(&run.row) == ClassNames::default()),
        balanced_accuracy: matrix.balanced_accuracy(),
        matthews_correlation: matrix.matthews_correlation(),
        probabilities: probabilities(&run.predictions),
        errors: errors(&run.predictions, &matrix),
        operating_points: operating_points(&[run], level),
    }
}

fn matrix(result: &RunResult) -> ConfusionMatrix {
    // The database refuses negative counts.
    let count = |value: i64| u64::try_from(value).unwrap_or(0);
    ConfusionMatrix {
        true_positives: count(result.true_positives),
        false_negatives: count(result.false_negatives),
        false_positives: count(result.false_positives),
        true_negatives: count(result.true_negatives),
    }
}

fn lists(predictions: &[PredictionRow]) -> (Vec<u8>, Vec<f64>) {
    let labels = predictions.iter().map(|row| u8::try_from(row.label).unwrap_or(u8::MAX));
    (labels.collect(), predictions.iter().map(|row| row.probability).collect())
}

fn probabilities(predictions: &[PredictionRow]) -> Option<ProbabilityMeasures> {
    let (labels, probabilities) = lists(predictions);
    let reliability = ReliabilityCurve::new(&labels, &probabilities, BINS).ok()?;
    Some(ProbabilityMeasures {
        average_precision: average_precision(&labels, &probabilities).ok()?,
        brier_score: brier_score(&labels, &probabilities).ok()?,
        log_loss: log_loss(&labels, &probabilities).ok()?,
        calibration_error: reliability.expected_calibration_error(),
    })
}

/// How the errors spread over patients, and whether the stored predictions give the stored counts.
fn errors(predictions: &[PredictionRow], matrix: &ConfusionMatrix) -> RunErrors {
    if predictions.is_empty() {
        return RunErrors::NoPredictions;
    }
    let (labels, probabilities) = lists(predictions);
    match ConfusionMatrix::from_predictions(&labels, &probabilities, THRESHOLD) {
        Err(error) => return RunErrors::Uncountable { reason: error.to_string() },
        Ok(counted) if counted != *matrix => return RunErrors::OtherCounts { counted },
        Ok(_) => {}
    }
    let mut patients: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for row in predictions {
        let (wrong, all) = patients.entry(&row.patient).or_default();
        *all += 1;
        *wrong += usize::from((row.probability >= THRESHOLD) != (row.label == 1));
    }
    // Most errors first, then the fewest cells, then the name.
    let worst = patients.iter().min_by_key(|(name, (wrong, all))| (std::cmp::Reverse(*wrong), *all, **name));
    RunErrors::Counted {
        wrong: patients.values().map(|(wrong, _)| wrong).sum(),
        patients: patients.values().filter(|(wrong, _)| *wrong > 0).count(),
        worst: worst.filter(|(_, (wrong, _))| *wrong > 0).map(|(name, (wrong, cells))| WorstPatient {
            patient: (*name).to_owned(),
            wrong: *wrong,
            cells: *cells,
        }),
    }
}
