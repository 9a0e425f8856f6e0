//! Whether a probability means what it says: Brier score, reliability curve and calibration error.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, check};

/// Mean squared distance of probability and label (Brier 1950): 0 is best, 0.25 what always saying one
/// half gets.
///
/// # Errors
/// When there are no predictions, the lengths differ, a label is neither 0 nor 1, or a probability is
/// not between 0 and 1.
pub fn brier_score(labels: &[u8], probabilities: &[f64]) -> Result<f64> {
    check(labels, probabilities)?;
    if labels.is_empty() {
        return Err(Error::Empty);
    }
    let squares: f64 =
        labels.iter().zip(probabilities).map(|(label, p)| (p - f64::from(*label)).powi(2)).sum();
    Ok(squares / labels.len() as f64)
}

/// Images whose probability lies in one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    /// Lower edge, excluded except for 0.
    pub lower: f64,
    /// Upper edge, included.
    pub upper: f64,
    /// Number of images.
    pub count: u64,
    /// Their mean probability; `None` without images.
    pub mean_predicted: Option<f64>,
    /// Share of them that is positive; `None` without images.
    pub observed: Option<f64>,
}

/// Predicted against observed shares of positive images in bins of equal width.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityCurve {
    /// All bins from 0 to 1, the empty ones included.
    pub bins: Vec<ReliabilityBin>,
}

impl ReliabilityCurve {
    /// Sorts images into `bins` bins that include their upper edge, as scikit-learn's
    /// `calibration_curve(strategy="uniform")`.
    ///
    /// # Errors
    /// When there are no predictions or no bins, the lengths differ, a label is neither 0 nor 1, or a
    /// probability is not between 0 and 1.
    pub fn new(labels: &[u8], probabilities: &[f64], bins: usize) -> Result<Self> {
        check(labels, probabilities)?;
        if labels.is_empty() {
            return Err(Error::Empty);
        }
        if bins == 0 {
            return Err(Error::Bins);
        }
        let edge = |index: usize| index as f64 / bins as f64;
        let inner: Vec<f64> = (1..bins).map(edge).collect();
        let (mut counts, mut predicted, mut observed) = (vec![0u64; bins], vec![0.0; bins], vec![0u64; bins]);
        for (label, probability) in labels.iter().zip(probabilities) {
            let bin = inner.partition_point(|edge| edge < probability);
            counts[bin] += 1;
            predicted[bin] += probability;
            observed[bin] += u64::from(*label);
        }
        let bin = |index: usize| {
            let count = counts[index];
            let mean = |sum: f64| (count > 0).then(|| sum / count as f64);
            ReliabilityBin {
                lower: edge(index),
                upper: edge(index + 1),
                count,
                mean_predicted: mean(predicted[index]),
                observed: mean(observed[index] as f64),
            }
        };
        Ok(Self { bins: (0..bins).map(bin).collect() })
    }

    /// Expected calibration error (Naeini et al. 2015; for two classes on the probability of class 1):
    /// mean distance of predicted and observed share, bins weighted by images. It depends on the number
    /// of bins and is never negative, so that a well calibrated run on few images has one, too.
    pub fn expected_calibration_error(&self) -> f64 {
        let total: u64 = self.bins.iter().map(|bin| bin.count).sum();
        let distances = self
            .bins
            .iter()
            .filter_map(|bin| Some(bin.count as f64 * (bin.mean_predicted? - bin.observed?).abs()));
        distances.sum::<f64>() / total as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_belongs_to_the_bin_below_it() {
        let curve = ReliabilityCurve::new(&[0, 0, 1, 1], &[0.0, 0.25, 0.5, 1.0], 4).unwrap();
        let counts: Vec<u64> = curve.bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [2, 1, 0, 1]);
        assert_eq!((curve.bins[2].mean_predicted, curve.bins[2].observed), (None, None));
        assert_eq!(curve.expected_calibration_error(), (2.0 * 0.125 + 0.5) / 4.0);
    }

    #[test]
    fn certainty_that_is_right_costs_nothing_and_wrong_certainty_all() {
        assert_eq!(brier_score(&[1, 0], &[1.0, 0.0]), Ok(0.0));
        assert_eq!(brier_score(&[1, 0], &[0.0, 1.0]), Ok(1.0));
        assert_eq!(brier_score(&[], &[]), Err(Error::Empty));
        assert_eq!(ReliabilityCurve::new(&[1], &[0.5], 0), Err(Error::Bins));
        assert_eq!(ReliabilityCurve::new(&[], &[], 10), Err(Error::Empty));
    }
}
