//! Thresholds chosen on validation images, to be applied to test images afterwards.
//!
//! A threshold chosen on the images that it is then judged on looks better than it is. So choose it on
//! the validation predictions with these functions and hand it to
//! [`crate::ConfusionMatrix::from_predictions`] for the test predictions.

use serde::{Deserialize, Serialize};

use crate::curves::{Cut, cuts, totals};
use crate::error::{Error, Result};

/// A threshold with the rates that it has on the images it was chosen on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// Probability from which an image is called positive: one that occurs, or 1 to call none so.
    pub threshold: f64,
    /// Share of positive images called positive.
    pub sensitivity: f64,
    /// Share of negative images called negative.
    pub specificity: f64,
}

impl OperatingPoint {
    /// Youden's J (Youden 1950): sensitivity + specificity − 1.
    pub fn youden(&self) -> f64 {
        self.sensitivity + self.specificity - 1.0
    }
}

/// The threshold with the largest Youden's J; of several the one with the highest sensitivity, since a
/// missed infection costs more than a second look. `None` when there are images of one class only.
///
/// # Errors
/// When the lengths differ, a label is neither 0 nor 1, or a probability is not between 0 and 1.
pub fn youden_threshold(labels: &[u8], probabilities: &[f64]) -> Result<Option<OperatingPoint>> {
    let cuts = candidates(labels, probabilities)?;
    let (positives, negatives) = totals(&cuts);
    // J times both class sizes is a whole number: ties are exact.
    let scaled = |cut: &Cut| {
        i128::from(cut.true_positives) * i128::from(negatives)
            - i128::from(cut.false_positives) * i128::from(positives)
    };
    Ok(best(&cuts, |_| true, |cut| (scaled(cut), cut.true_positives)))
}

/// The point of highest sensitivity among those with at least the wished specificity. `None` when there
/// are images of one class only, or no threshold up to 1 gets there because a negative image has
/// probability 1.
///
/// # Errors
/// When the specificity is not between 0 and 1, the lengths differ, a label is neither 0 nor 1, or a
/// probability is not between 0 and 1.
pub fn sensitivity_at_specificity(
    labels: &[u8],
    probabilities: &[f64],
    specificity: f64,
) -> Result<Option<OperatingPoint>> {
    check_rate(specificity)?;
    let cuts = candidates(labels, probabilities)?;
    let (_, negatives) = totals(&cuts);
    let reaches = |cut: &Cut| (negatives - cut.false_positives) as f64 / negatives as f64 >= specificity;
    Ok(best(&cuts, reaches, |cut| (cut.true_positives, negatives - cut.false_positives)))
}

/// The point of highest specificity among those with at least the wished sensitivity: the threshold to
/// take when so many infections must be found. `None` when there are images of one class only.
///
/// # Errors
/// When the sensitivity is not between 0 and 1, the lengths differ, a label is neither 0 nor 1, or a
/// probability is not between 0 and 1.
pub fn specificity_at_sensitivity(
    labels: &[u8],
    probabilities: &[f64],
    sensitivity: f64,
) -> Result<Option<OperatingPoint>> {
    check_rate(sensitivity)?;
    let cuts = candidates(labels, probabilities)?;
    let (positives, negatives) = totals(&cuts);
    let reaches = |cut: &Cut| cut.true_positives as f64 / positives as f64 >= sensitivity;
    Ok(best(&cuts, reaches, |cut| (negatives - cut.false_positives, cut.true_positives)))
}

/// All cuts, and 1 to call nothing positive where no probability is that high.
fn candidates(labels: &[u8], probabilities: &[f64]) -> Result<Vec<Cut>> {
    let mut cuts = cuts(labels, probabilities)?;
    if cuts.first().is_some_and(|cut| cut.threshold < 1.0) {
        cuts.insert(0, Cut { threshold: 1.0, true_positives: 0, false_positives: 0 });
    }
    Ok(cuts)
}

/// The allowed cut with the largest key, as rates; `None` without both classes or an allowed cut.
fn best<Key: Ord>(
    cuts: &[Cut],
    allowed: impl Fn(&Cut) -> bool,
    key: impl Fn(&Cut) -> Key,
) -> Option<OperatingPoint> {
    let (positives, negatives) = totals(cuts);
    if positives == 0 || negatives == 0 {
        return None;
    }
    let cut = cuts.iter().filter(|cut| allowed(cut)).max_by_key(|cut| key(cut))?;
    Some(OperatingPoint {
        threshold: cut.threshold,
        sensitivity: cut.true_positives as f64 / positives as f64,
        specificity: (negatives - cut.false_positives) as f64 / negatives as f64,
    })
}

fn check_rate(rate: f64) -> Result<()> {
    if (0.0..=1.0).contains(&rate) { Ok(()) } else { Err(Error::Rate(rate)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [u8; 6] = [1, 0, 1, 0, 1, 0];
    const PROBABILITIES: [f64; 6] = [0.9, 0.8, 0.7, 0.3, 0.2, 0.1];

    #[test]
    fn of_equal_youden_values_the_more_sensitive_threshold_is_taken() {
        // 0.9, 0.7 and 0.2 all have J = 1/3.
        let point = youden_threshold(&LABELS, &PROBABILITIES).unwrap().unwrap();
        assert_eq!((point.threshold, point.sensitivity), (0.2, 1.0));
        assert!((point.youden() - 1.0 / 3.0).abs() < 1e-15);
    }

    #[test]
    fn wished_rates_are_reached_at_the_least_cost() {
        let point = sensitivity_at_specificity(&LABELS, &PROBABILITIES, 0.6).unwrap().unwrap();
        assert_eq!((point.threshold, point.sensitivity, point.specificity), (0.7, 2.0 / 3.0, 2.0 / 3.0));
        let point = specificity_at_sensitivity(&LABELS, &PROBABILITIES, 0.6).unwrap().unwrap();
        assert_eq!((point.threshold, point.specificity), (0.7, 2.0 / 3.0));
        let point = specificity_at_sensitivity(&LABELS, &PROBABILITIES, 1.0).unwrap().unwrap();
        assert_eq!((point.threshold, point.specificity), (0.2, 1.0 / 3.0));
    }

    #[test]
    fn calling_nothing_positive_is_the_last_resort_and_needs_room_below_one() {
        let point = sensitivity_at_specificity(&[0, 1], &[0.9, 0.1], 1.0).unwrap().unwrap();
        assert_eq!(point, OperatingPoint { threshold: 1.0, sensitivity: 0.0, specificity: 1.0 });
        assert_eq!(sensitivity_at_specificity(&[0, 1], &[1.0, 0.1], 1.0), Ok(None));
    }

    #[test]
    fn one_class_and_rates_beyond_one_have_no_threshold() {
        assert_eq!(youden_threshold(&[1, 1], &[0.2, 0.8]), Ok(None));
        assert_eq!(sensitivity_at_specificity(&[1, 1], &[0.2, 0.8], 0.5), Ok(None));
        assert_eq!(specificity_at_sensitivity(&[0, 0], &[0.2, 0.8], 0.5), Ok(None));
        assert_eq!(sensitivity_at_specificity(&LABELS, &PROBABILITIES, 95.0), Err(Error::Rate(95.0)));
        assert!(specificity_at_sensitivity(&LABELS, &PROBABILITIES, f64::NAN).is_err());
    }
}
