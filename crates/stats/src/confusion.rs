//! The confusion matrix and the rates that follow from it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, check};

/// Counts of images by true and predicted class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConfusionMatrix {
    /// Positive images called positive.
    pub true_positives: u64,
    /// Positive images called negative.
    pub false_negatives: u64,
    /// Negative images called positive.
    pub false_positives: u64,
    /// Negative images called negative.
    pub true_negatives: u64,
}

impl ConfusionMatrix {
    /// Counts predictions: `labels` are 0 or 1, `probabilities` those of class 1; a probability of at
    /// least `threshold` is called positive.
    ///
    /// # Errors
    /// When the lengths differ, a label is neither 0 nor 1, or a probability or the threshold is not a
    /// number between 0 and 1.
    pub fn from_predictions(labels: &[u8], probabilities: &[f64], threshold: f64) -> Result<Self> {
        check(labels, probabilities)?;
        if !(0.0..=1.0).contains(&threshold) {
            return Err(Error::Threshold(threshold));
        }
        let mut matrix = Self::default();
        for (label, probability) in labels.iter().zip(probabilities) {
            let count = match (*label == 1, *probability >= threshold) {
                (true, true) => &mut matrix.true_positives,
                (true, false) => &mut matrix.false_negatives,
                (false, true) => &mut matrix.false_positives,
                (false, false) => &mut matrix.true_negatives,
            };
            *count += 1;
        }
        Ok(matrix)
    }

    /// All images.
    pub fn total(&self) -> u64 {
        self.positives() + self.negatives()
    }

    /// Positive images.
    pub fn positives(&self) -> u64 {
        self.true_positives + self.false_negatives
    }

    /// Negative images.
    pub fn negatives(&self) -> u64 {
        self.false_positives + self.true_negatives
    }

    /// Share of images called what they are; 0 without images.
    pub fn accuracy(&self) -> f64 {
        ratio(self.true_positives + self.true_negatives, self.total())
    }

    /// Recall of the positive class; 0 without positive images.
    pub fn sensitivity(&self) -> f64 {
        ratio(self.true_positives, self.positives())
    }

    /// Recall of the negative class; 0 without negative images.
    pub fn specificity(&self) -> f64 {
        ratio(self.true_negatives, self.negatives())
    }

    /// Share of positive images among those called positive; 0 when none is called so.
    pub fn precision(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Harmonic mean of precision and sensitivity; 0 when there is neither a positive image nor one
    /// called so.
    pub fn f1(&self) -> f64 {
        ratio(2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives)
    }

    /// Mean of sensitivity and specificity; a class without images counts 0.
    pub fn balanced_accuracy(&self) -> f64 {
        f64::midpoint(self.sensitivity(), self.specificity())
    }

    /// Matthews' correlation coefficient (Matthews 1975), from −1 to 1: the correlation of true and
    /// predicted class. 0 when either has one class only, as scikit-learn's.
    pub fn matthews_correlation(&self) -> f64 {
        let called_positive = self.true_positives + self.false_positives;
        let called_negative = self.true_negatives + self.false_negatives;
        let sums =
            [called_positive, called_negative, self.positives(), self.negatives()].map(|count| count as f64);
        if sums.contains(&0.0) {
            return 0.0;
        }
        // Root by root, so that the product of four counts stays small.
        let scale: f64 = sums.into_iter().map(f64::sqrt).product();
        let right = self.true_positives as f64 * self.true_negatives as f64;
        let wrong = self.false_positives as f64 * self.false_negatives as f64;
        ((right - wrong) / scale).clamp(-1.0, 1.0)
    }

    /// Adds the images of another matrix, each `times` times.
    pub(crate) fn add(&mut self, other: &Self, times: u64) {
        self.true_positives += other.true_positives * times;
        self.false_negatives += other.false_negatives * times;
        self.false_positives += other.false_positives * times;
        self.true_negatives += other.true_negatives * times;
    }

    /// These predictions with the classes exchanged.
    pub fn flipped(&self) -> Self {
        Self {
            true_positives: self.true_negatives,
            false_negatives: self.false_positives,
            false_positives: self.false_negatives,
            true_negatives: self.true_positives,
        }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_prediction_lands_in_its_cell_and_the_threshold_itself_is_positive() {
        let matrix = ConfusionMatrix::from_predictions(
            &[1, 1, 1, 0, 0, 0, 0],
            &[0.5, 0.9, 0.4, 0.5, 0.1, 0.2, 0.3],
            0.5,
        );
        let expected =
            ConfusionMatrix { true_positives: 2, false_negatives: 1, false_positives: 1, true_negatives: 3 };
        assert_eq!(matrix, Ok(expected));
    }

    #[test]
    fn empty_denominators_give_zero() {
        let none = ConfusionMatrix::default();
        let rates = [none.accuracy(), none.sensitivity(), none.specificity(), none.precision(), none.f1()];
        assert_eq!(rates, [0.0; 5]);
        assert_eq!([none.balanced_accuracy(), none.matthews_correlation()], [0.0; 2]);
        let all_called_negative = ConfusionMatrix { false_negatives: 3, true_negatives: 4, ..none };
        assert_eq!(all_called_negative.precision(), 0.0);
        assert_eq!(all_called_negative.f1(), 0.0);
        assert_eq!(all_called_negative.specificity(), 1.0);
        assert_eq!(all_called_negative.balanced_accuracy(), 0.5);
        assert_eq!(all_called_negative.matthews_correlation(), 0.0);
    }

    #[test]
    fn bad_predictions_are_refused_with_their_place() {
        let of = |labels: &[u8], probabilities: &[f64], threshold| {
            ConfusionMatrix::from_predictions(labels, probabilities, threshold).unwrap_err().to_string()
        };
        assert_eq!(of(&[1, 0], &[0.5], 0.5), "2 labels but 1 probabilities: give one probability per label");
        assert!(of(&[1, 0], &[0.5, f64::NAN], 0.5).starts_with("prediction 1 has probability NaN"));
        assert!(of(&[1, 0], &[1.5, 0.0], 0.5).starts_with("prediction 0 has probability 1.5"));
        assert!(of(&[1, 2], &[0.5, 0.5], 0.5).starts_with("prediction 1 has label 2"));
        assert!(of(&[1, 0], &[0.5, 0.5], f64::NAN).starts_with("threshold NaN"));
    }
}
