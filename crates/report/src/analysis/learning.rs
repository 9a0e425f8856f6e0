//! Learning curves of a run.

use ranklab_store::EpochMetric;
use serde::Serialize;

/// A value after an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EpochValue {
    /// Epoch, from 1.
    pub epoch: i64,
    /// The value, a finite number.
    pub value: f64,
}

/// Loss and accuracy of a run after each epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LearningCurves {
    /// Cross-entropy on training images.
    pub train_loss: Vec<EpochValue>,
    /// Accuracy on training images.
    pub train_accuracy: Vec<EpochValue>,
    /// Cross-entropy on validation images.
    pub validation_loss: Vec<EpochValue>,
    /// Accuracy on validation images.
    pub validation_accuracy: Vec<EpochValue>,
}

/// The curves of a run's epochs.
pub(crate) fn learning_curves(epochs: &[EpochMetric]) -> LearningCurves {
    let of = |metric| curve(epochs, metric);
    LearningCurves {
        train_loss: of("train_loss"),
        train_accuracy: of("train_accuracy"),
        validation_loss: of("validation_loss"),
        validation_accuracy: of("validation_accuracy"),
    }
}

/// A metric over the epochs, without values that are not numbers.
fn curve(epochs: &[EpochMetric], metric: &str) -> Vec<EpochValue> {
    let known = epochs.iter().filter(|row| row.metric == metric && row.value.is_finite());
    let mut points: Vec<EpochValue> =
        known.map(|row| EpochValue { epoch: row.epoch, value: row.value }).collect();
    points.sort_by_key(|point| point.epoch);
    points
}
