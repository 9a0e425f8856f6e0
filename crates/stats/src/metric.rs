//! What a bootstrap can compute: metrics of counts, the area under the ROC curve, or any function.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clusters::Clusters;
use crate::confusion::ConfusionMatrix;

/// Probability from which an image is called positive.
pub const THRESHOLD: f64 = 0.5;

/// A metric that follows from a confusion matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountMetric {
    /// [`ConfusionMatrix::accuracy`].
    Accuracy,
    /// [`ConfusionMatrix::sensitivity`].
    Sensitivity,
    /// [`ConfusionMatrix::specificity`].
    Specificity,
    /// [`ConfusionMatrix::balanced_accuracy`].
    BalancedAccuracy,
    /// [`ConfusionMatrix::f1`].
    F1,
    /// [`ConfusionMatrix::matthews_correlation`].
    MatthewsCorrelation,
}

impl CountMetric {
    /// The metric, or `None` where the matrix says nothing about it: sensitivity and F1 without
    /// positive images, specificity without negative ones, balanced accuracy and Matthews'
    /// correlation without either, accuracy without any. A bootstrap must not take the 0 that a report
    /// shows there for a value.
    pub fn of(self, matrix: &ConfusionMatrix) -> Option<f64> {
        let positives = matrix.positives() > 0;
        let negatives = matrix.negatives() > 0;
        let (defined, value): (bool, fn(&ConfusionMatrix) -> f64) = match self {
            Self::Accuracy => (positives || negatives, ConfusionMatrix::accuracy),
            Self::Sensitivity => (positives, ConfusionMatrix::sensitivity),
            Self::Specificity => (negatives, ConfusionMatrix::specificity),
            Self::BalancedAccuracy => (positives && negatives, ConfusionMatrix::balanced_accuracy),
            Self::F1 => (positives, ConfusionMatrix::f1),
            Self::MatthewsCorrelation => (positives && negatives, ConfusionMatrix::matthews_correlation),
        };
        defined.then(|| value(matrix))
    }
}

/// A function of labels and probabilities; `None` or a value that is not finite where the metric is not
/// defined.
pub type CustomMetric<'a> = dyn Fn(&[u8], &[f64]) -> Option<f64> + Sync + 'a;

/// A metric of labels and probabilities. All but [`Metric::Custom`] are computed from sums per patient
/// and so cost little per resample.
#[derive(Clone, Copy)]
pub enum Metric<'a> {
    /// A metric of counts, an image being called positive from a threshold on.
    Counts {
        /// The metric.
        metric: CountMetric,
        /// Probability from which an image is called positive.
        threshold: f64,
    },
    /// [`crate::roc_auc`].
    Area,
    /// [`crate::roc_auc_within`], with the cells by fold: once where all runs have the same folds, or else of each run.
    AreaWithin(&'a [Clusters]),
    /// Any other function of the resampled cells.
    Custom(&'a CustomMetric<'a>),
}

impl Metric<'_> {
    /// The metric of the run at this place: with its own folds where each run has others.
    pub(crate) fn of_run(self, place: usize) -> Self {
        match self {
            Self::AreaWithin(folds) if folds.len() > 1 => {
                Self::AreaWithin(folds.get(place..=place).unwrap_or_default())
            }
            other => other,
        }
    }

    /// A metric of counts at [`THRESHOLD`].
    pub fn counts(metric: CountMetric) -> Self {
        Self::Counts { metric, threshold: THRESHOLD }
    }
}

impl fmt::Debug for Metric<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counts { metric, threshold } => formatter
                .debug_struct("Counts")
                .field("metric", metric)
                .field("threshold", threshold)
                .finish(),
            Self::Area => formatter.write_str("Area"),
            Self::AreaWithin(_) => formatter.write_str("AreaWithin(..)"),
            Self::Custom(_) => formatter.write_str("Custom(..)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_without_images_has_no_rate() {
        let negative = ConfusionMatrix { true_negatives: 3, false_positives: 1, ..Default::default() };
        assert_eq!(CountMetric::Accuracy.of(&negative), Some(0.75));
        assert_eq!(CountMetric::Specificity.of(&negative), Some(0.75));
        for metric in [
            CountMetric::Sensitivity,
            CountMetric::BalancedAccuracy,
            CountMetric::F1,
            CountMetric::MatthewsCorrelation,
        ] {
            assert_eq!(metric.of(&negative), None, "{metric:?}");
        }
        assert_eq!(CountMetric::Accuracy.of(&ConfusionMatrix::default()), None);
    }
}
