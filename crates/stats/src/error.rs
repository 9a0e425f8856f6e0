//! What can be wrong with predictions, each as one line that says what to do next.

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Predictions that nothing can be computed from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Labels and probabilities do not belong together.
    #[error("{labels} labels but {probabilities} probabilities: give one probability per label")]
    Lengths {
        /// Number of labels.
        labels: usize,
        /// Number of probabilities.
        probabilities: usize,
    },
    /// There is nothing to average.
    #[error("no predictions: give at least one")]
    Empty,
    /// A label of neither class.
    #[error("prediction {position} has label {label}: only 0 (uninfected) and 1 (parasitized) exist")]
    Label {
        /// Place among the predictions, from 0.
        position: usize,
        /// The label.
        label: u8,
    },
    /// Not a probability.
    #[error(
        "prediction {position} has probability {probability}: it must lie between 0 and 1, so look for a diverged run"
    )]
    Probability {
        /// Place among the predictions, from 0.
        position: usize,
        /// The value.
        probability: f64,
    },
    /// Not a threshold.
    #[error("threshold {0} is not a number between 0 and 1: use 0.5")]
    Threshold(f64),
    /// Not a number that can be averaged.
    #[error("value {position} is {value}: means need finite numbers, so look for a diverged run")]
    NotFinite {
        /// Place among the values, from 0.
        position: usize,
        /// The value.
        value: f64,
    },
}

/// Checks that there is one probability between 0 and 1 for each label of 0 or 1.
pub(crate) fn check(labels: &[u8], probabilities: &[f64]) -> Result<()> {
    if labels.len() != probabilities.len() {
        return Err(Error::Lengths { labels: labels.len(), probabilities: probabilities.len() });
    }
    for (position, (label, probability)) in labels.iter().zip(probabilities).enumerate() {
        if *label > 1 {
            return Err(Error::Label { position, label: *label });
        }
        if !(0.0..=1.0).contains(probability) {
            return Err(Error::Probability { position, probability: *probability });
        }
    }
    Ok(())
}
