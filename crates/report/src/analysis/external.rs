//! Finished runs on images that they were not tested on, beside their own test cells. Thresholds are those that the runs
//! bring along; nothing is chosen on the new images.

use ranklab_stats::{THRESHOLD, roc_auc};
use ranklab_store::{EvaluationRow, PredictionRow};
use serde::Serialize;

use crate::data::{ExternalImages, RunData};

use super::clustered_rate::{Rate, clustered_rate};

/// Evaluations that a report shows; of more, only the number is said.
const SHOWN: usize = 60;

/// How a run calls cells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallRates {
    /// Share of cells that are called rightly, at a threshold of one half.
    pub accuracy: Option<Rate>,
    /// Share of positive cells that are called so, at the run's threshold.
    pub sensitivity: Option<Rate>,
    /// Share of negative cells that are called so, at the run's threshold.
    pub specificity: Option<Rate>,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
    /// Share of positive cells.
    pub prevalence: f64,
    /// Mean probability of the positive class.
    pub mean_probability: f64,
}

/// An evaluation of a run beside its own test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct External {
    /// The run's label.
    pub name: String,
    /// What was recorded.
    pub recorded: EvaluationRow,
    /// The run on its own test cells.
    pub internal: CallRates,
    /// The run on the new images.
    pub external: CallRates,
}

/// The evaluations of a report's runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ExternalValidation {
    /// The first of them, by run and number.
    pub shown: Vec<External>,
    /// How many more there are.
    pub more: usize,
}

impl External {
    /// An evaluation beside the run's own test predictions.
    pub(crate) fn new(name: String, own: &[PredictionRow], images: &ExternalImages, level: f64) -> Self {
        let threshold = images.row.evaluation.threshold;
        Self {
            name,
            recorded: images.row.clone(),
            internal: call_rates(own, threshold, level),
            external: call_rates(&images.predictions, threshold, level),
        }
    }
}

/// The evaluations of all runs; `None` where there are none.
pub(crate) fn external(runs: &[RunData], level: f64) -> Option<ExternalValidation> {
    let all: Vec<(&RunData, &ExternalImages)> =
        runs.iter().flat_map(|run| run.evaluations.iter().map(move |images| (run, images))).collect();
    if all.is_empty() {
        return None;
    }
    let (shown, rest) = all.split_at(all.len().min(SHOWN));
    let one = |(run, images): &(&RunData, &ExternalImages)| {
        External::new(run.row.start.label.clone(), &run.predictions, images, level)
    };
    Some(ExternalValidation { shown: shown.iter().map(one).collect(), more: rest.len() })
}

/// How a run calls cells.
pub(crate) fn call_rates(cells: &[PredictionRow], threshold: f64, level: f64) -> CallRates {
    let rate = |threshold: f64, class: Option<i64>| {
        let cells: Vec<&PredictionRow> =
            cells.iter().filter(|cell| class.is_none_or(|class| cell.label == class)).collect();
        let is_right = |cell: &&PredictionRow| (cell.probability >= threshold) == (cell.label == 1);
        let right: Vec<f64> = cells.iter().map(|cell| f64::from(u8::from(is_right(cell)))).collect();
        if cells.iter().any(|cell| cell.probability.is_nan()) {
            return None;
        }
        clustered_rate(&right, &cells, level)
    };
    let labels: Vec<u8> = cells.iter().map(|cell| u8::try_from(cell.label).unwrap_or(u8::MAX)).collect();
    let probabilities: Vec<f64> = cells.iter().map(|cell| cell.probability).collect();
    let count = cells.len().max(1) as f64;
    CallRates {
        accuracy: rate(THRESHOLD, None),
        sensitivity: rate(threshold, Some(1)),
        specificity: rate(threshold, Some(0)),
        auc: roc_auc(&labels, &probabilities).ok().flatten(),
        prevalence: labels.iter().map(|label| f64::from(*label)).sum::<f64>() / count,
        mean_probability: probabilities.iter().sum::<f64>() / count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn both_sides_are_called_by_the_threshold_that_the_run_brings_along() {
        let runs = fixture::externally_validated().runs;
        let found = external(&runs, 0.95).unwrap();
        let [one] = &found.shown[..] else { panic!("{found:?}") };
        // The same cells with all probabilities a little higher.
        assert!(one.external.mean_probability > one.internal.mean_probability);
        let [inside, outside] = [&one.internal, &one.external].map(|rates| rates.sensitivity.unwrap().rate);
        assert!(outside >= inside);
        assert_eq!(one.external.prevalence, one.internal.prevalence);
        assert_eq!(found.more, 0);
        assert_eq!(external(&fixture::ranks().runs, 0.95), None);
    }
}
