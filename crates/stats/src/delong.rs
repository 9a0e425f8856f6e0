//! DeLong's variance of the area under the ROC curve, and its test of two areas on the same cells.

use serde::{Deserialize, Serialize};

use crate::distribution::Reference;
use crate::error::{Result, check, check_level};
use crate::interval::Interval;

/// One area under the ROC curve with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DelongArea {
    /// The area, [`crate::roc_auc`].
    pub area: f64,
    /// Its standard error; 0 where all images are in the right order, which says little about others.
    pub standard_error: f64,
    /// Normal interval, cut to 0 to 1.
    pub interval: Interval,
}

/// Two areas under the ROC curve on the same cells.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DelongComparison {
    /// The first run's area.
    pub first: f64,
    /// The second run's.
    pub second: f64,
    /// `first − second`.
    pub difference: f64,
    /// Variance of the first area.
    pub first_variance: f64,
    /// Variance of the second.
    pub second_variance: f64,
    /// Covariance of both.
    pub covariance: f64,
    /// Standard error of the difference.
    pub standard_error: f64,
    /// Normal interval of the difference, cut to −1 to 1.
    pub interval: Interval,
    /// Difference over its standard error; `None` where that is 0 and nothing can be tested.
    pub z: Option<f64>,
    /// Two-sided p of z.
    pub p: Option<f64>,
}

/// The area with its variance after DeLong, DeLong & Clarke-Pearson (1988). It takes the cells as
/// independent: with several cells of a patient its interval is too narrow, and [`crate::bootstrap`]
/// over patients is the one to report. `None` with fewer than two images of either class.
///
/// # Errors
/// When the lengths differ, a label is neither 0 nor 1, a probability is not between 0 and 1, or the
/// level is not strictly so.
pub fn delong_area(labels: &[u8], probabilities: &[f64], level: f64) -> Result<Option<DelongArea>> {
    check_level(level)?;
    let Some(run) = Components::new(labels, probabilities)? else { return Ok(None) };
    let standard_error = run.variance().sqrt();
    let half = Reference::Normal.two_sided_quantile(level)? * standard_error;
    let interval = Interval::around(run.area, half, level).within(0.0, 1.0);
    Ok(Some(DelongArea { area: run.area, standard_error, interval }))
}

/// DeLong's test that two runs on the same cells have the same area, `first − second`. The caution and
/// the `None` of [`delong_area`] apply; [`crate::paired_bootstrap`] is its counterpart over patients.
///
/// # Errors
/// As [`delong_area`].
pub fn delong_comparison(
    labels: &[u8],
    first: &[f64],
    second: &[f64],
    level: f64,
) -> Result<Option<DelongComparison>> {
    check_level(level)?;
    let (first, second) = (Components::new(labels, first)?, Components::new(labels, second)?);
    let (Some(first), Some(second)) = (first, second) else { return Ok(None) };
    let difference = first.area - second.area;
    // Of the differences of the components, rather than a difference of variances that may round below 0.
    let standard_error = first.less(&second).variance().sqrt();
    let half = Reference::Normal.two_sided_quantile(level)? * standard_error;
    let z = (standard_error > 0.0).then(|| difference / standard_error);
    Ok(Some(DelongComparison {
        first: first.area,
        second: second.area,
        difference,
        first_variance: first.variance(),
        second_variance: second.variance(),
        covariance: first.covariance(&second),
        standard_error,
        interval: Interval::around(difference, half, level).within(-1.0, 1.0),
        z,
        p: z.map(|z| Reference::Normal.two_sided_p(z)).transpose()?,
    }))
}

/// What each image contributes to the area.
struct Components {
    area: f64,
    /// Per positive image: share of negative ones below it.
    positives: Vec<f64>,
    /// Per negative image: share of positive ones above it.
    negatives: Vec<f64>,
}

impl Components {
    /// By midranks in O(n log n) (Sun & Xu 2014): an image's rank among all less its rank in its own
    /// class is the number of images of the other class below it, ties counting half.
    fn new(labels: &[u8], probabilities: &[f64]) -> Result<Option<Self>> {
        check(labels, probabilities)?;
        let of = |class: u8| -> Vec<f64> {
            let own = labels.iter().zip(probabilities).filter(|(label, _)| **label == class);
            own.map(|(_, probability)| *probability).collect()
        };
        let (positives, negatives) = (of(1), of(0));
        let (m, n) = (positives.len(), negatives.len());
        if m < 2 || n < 2 {
            return Ok(None);
        }
        let all = midranks(&[positives.as_slice(), negatives.as_slice()].concat());
        let below = |all: &[f64], own: &[f64], others: usize| -> Vec<f64> {
            all.iter().zip(own).map(|(all, own)| (all - own) / others as f64).collect()
        };
        let positives = below(&all[..m], &midranks(&positives), n);
        let negatives =
            below(&all[m..], &midranks(&negatives), m).into_iter().map(|share| 1.0 - share).collect();
        Ok(Some(Self { area: mean(&positives), positives, negatives }))
    }

    fn covariance(&self, other: &Self) -> f64 {
        covariance(&self.positives, &other.positives) / self.positives.len() as f64
            + covariance(&self.negatives, &other.negatives) / self.negatives.len() as f64
    }

    fn variance(&self) -> f64 {
        self.covariance(self)
    }

    /// The components of the difference of two areas.
    fn less(&self, other: &Self) -> Self {
        let less =
            |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one - other).collect();
        Self {
            area: self.area - other.area,
            positives: less(&self.positives, &other.positives),
            negatives: less(&self.negatives, &other.negatives),
        }
    }
}

/// Ranks from 1, equal values sharing the mean of theirs.
fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for tied in order.chunk_by(|one, other| values[*one] == values[*other]) {
        for place in tied {
            ranks[*place] = before as f64 + (tied.len() + 1) as f64 / 2.0;
        }
        before += tied.len();
    }
    ranks
}

/// Shifted by the first value, equal values have exactly their own mean.
fn mean(values: &[f64]) -> f64 {
    let shift = values[0];
    shift + values.iter().map(|value| value - shift).sum::<f64>() / values.len() as f64
}

/// Sample covariance, divisor n − 1.
fn covariance(one: &[f64], other: &[f64]) -> f64 {
    let (one_mean, other_mean) = (mean(one), mean(other));
    let products = one.iter().zip(other).map(|(one, other)| (one - one_mean) * (other - other_mean));
    products.sum::<f64>() / (one.len() - 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(midranks(&[0.5, 0.1, 0.5, 0.9]), [2.5, 1.0, 2.5, 4.0]);
    }

    #[test]
    fn the_same_run_twice_cannot_be_tested() {
        let probabilities = [0.1, 0.6, 0.4, 0.9];
        let same = delong_comparison(&[0, 0, 1, 1], &probabilities, &probabilities, 0.95).unwrap().unwrap();
        assert_eq!((same.difference, same.standard_error, same.z, same.p), (0.0, 0.0, None, None));
    }

    #[test]
    fn a_class_of_one_image_has_no_variance() {
        assert_eq!(delong_area(&[0, 1, 1], &[0.1, 0.2, 0.3], 0.95), Ok(None));
        assert!(delong_area(&[0, 1, 1], &[0.1, 0.2, 0.3], 1.0).is_err());
    }
}
