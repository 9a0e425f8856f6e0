//! What patients that were not seen leave open, however few of those seen differ.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::{Result, check_level, check_margin};

/// Most draws of the weights, and fewest: with many patients the bound is all but that of Student's t.
const MOST_DRAWS: usize = 3999;
const FEWEST_DRAWS: usize = 999;
/// Weights that are drawn in all where that is possible.
const WEIGHTS: usize = 3_000_000;

/// The smallest margin within which `patients` patients can show two configurations that never differ to be the same:
/// `1 − α^(1 / J)`, the end of Clopper & Pearson's (1934) one-sided interval for none of J. A patient in a hundred on
/// whom one of them fails altogether is missed by 200 patients with a chance of 13 %.
///
/// # Errors
/// When alpha is not between 0 and 1.
pub fn unseen_margin(patients: usize, alpha: f64) -> Result<f64> {
    check_level(alpha)?;
    Ok(1.0 - alpha.powf(1.0 / patients as f64))
}

/// The fewest patients that can show two configurations that never differ to be the same within ±`margin`: 299 for one
/// point at 5 %.
///
/// # Errors
/// When the margin is not between 0 and 1, or alpha is not.
pub fn patients_for_margin(margin: f64, alpha: f64) -> Result<usize> {
    check_margin(margin)?;
    check_level(alpha)?;
    check_level(margin)?;
    Ok((alpha.ln() / (1.0 - margin).ln()).floor() as usize + 1)
}

/// Weights of the patients and of one more, drawn from the uniform distribution on all sets of weights.
#[derive(Debug)]
pub(crate) struct Weights {
    patients: usize,
    /// Exponentially distributed, for each draw those of all patients and of one more; a set of weights once divided by
    /// their sum.
    draws: Vec<f32>,
}

/// Mean differences that the patients leave possible, where one more was lost by one side or by the other altogether.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unseen {
    /// Of draws where one more patient is lost by the first, rising.
    low: Vec<f64>,
    /// Of draws where one more is lost by the second, rising.
    high: Vec<f64>,
}

impl Weights {
    pub(crate) fn new(patients: usize) -> Self {
        let draws = (WEIGHTS / (patients + 1)).clamp(FEWEST_DRAWS, MOST_DRAWS);
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let mut exponential = || -(1.0 - random.random::<f32>()).ln();
        Self { patients, draws: (0..draws * (patients + 1)).map(|_| exponential()).collect() }
    }

    /// The mean differences of all draws, from the sum of the differences of each patient's cells.
    ///
    /// A bound of a mean must hold for any distribution over patients, also for one where few, of whom none was seen,
    /// lose everything. Gaffke's (2005) does: with the worst value that there can be as one value more, the quantile of
    /// the means under uniformly drawn weights (the Bayesian bootstrap of Rubin 1981). For values of 0 and 1 it is that of
    /// Clopper & Pearson; that it holds in general is conjectured, with much evidence, and proved for its relatives
    /// (Learned-Miller & Thomas 2020). The patient added has as many cells as that of a mean cell, `Σⱼ nⱼ² / n`. With
    /// the mean number of cells a loss of the margin passed as equivalent in 17 % of studies in which a fifth of the
    /// patients had eight times the others' cells (`tests/stats/sparse_rates.rs`).
    pub(crate) fn unseen(&self, sums: &[f64], sizes: &[f64]) -> Unseen {
        let added = sizes.iter().map(|size| size * size).sum::<f64>() / sizes.iter().sum::<f64>();
        let (mut low, mut high) = (Vec::new(), Vec::new());
        for weights in self.draws.chunks_exact(self.patients + 1) {
            let (mut sum, mut size) = (0.0, 0.0);
            for ((weight, of_patient), cells) in weights.iter().zip(sums).zip(sizes) {
                sum += f64::from(*weight) * of_patient;
                size += f64::from(*weight) * cells;
            }
            let lost = f64::from(weights[self.patients]) * added;
            low.push((sum - lost) / (size + lost));
            high.push((sum + lost) / (size + lost));
        }
        low.sort_by(f64::total_cmp);
        high.sort_by(f64::total_cmp);
        Unseen { low, high }
    }
}

impl Unseen {
    /// Those of the comparison in the other order.
    pub(crate) fn swapped(self) -> Self {
        let negated = |values: Vec<f64>| values.into_iter().rev().map(|value| -value).collect();
        Self { low: negated(self.high), high: negated(self.low) }
    }

    /// p against differences of −margin and less.
    pub(crate) fn lower_p(&self, margin: f64) -> f64 {
        share(self.low.partition_point(|value| *value <= -margin), self.low.len())
    }

    /// p against differences of margin and more.
    pub(crate) fn upper_p(&self, margin: f64) -> f64 {
        share(self.high.len() - self.high.partition_point(|value| *value < margin), self.high.len())
    }

    /// The margins beyond which [`Unseen::lower_p`] and [`Unseen::upper_p`] are below alpha, as bounds of the difference.
    pub(crate) fn bounds(&self, alpha: f64) -> (f64, f64) {
        let last = self.low.len() - 1;
        // So many draws may lie at or beyond a margin whose p is below alpha.
        let allowed = ((alpha * (last + 2) as f64 - 1.0).ceil() - 1.0).clamp(0.0, last as f64) as usize;
        (self.low[allowed], self.high[last - allowed])
    }
}

/// The share of draws, the sample itself counted as one of them (Davison & Hinkley 1997, § 4.2.5).
fn share(draws: usize, of: usize) -> f64 {
    (draws + 1) as f64 / (of + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_that_never_differ_leave_open_what_clopper_and_pearson_say() {
        assert_eq!((patients_for_margin(0.01, 0.05), patients_for_margin(0.02, 0.05)), (Ok(299), Ok(149)));
        assert!(unseen_margin(298, 0.05).unwrap() > 0.01 && unseen_margin(299, 0.05).unwrap() < 0.01);
        for patients in [20, 100, 300] {
            let found = Weights::new(patients).unseen(&vec![0.0; patients], &vec![7.0; patients]);
            for margin in [0.005, 0.01, 0.05] {
                let exact = (1.0_f64 - margin).powi(i32::try_from(patients).unwrap());
                // Four standard errors of so many draws.
                let error =
                    4.0 * (exact * (1.0 - exact) / MOST_DRAWS as f64).sqrt() + 1.0 / MOST_DRAWS as f64;
                assert!((found.lower_p(margin) - exact).abs() < error, "{patients} {margin}");
                assert!((found.upper_p(margin) - exact).abs() < error, "{patients} {margin}");
            }
        }
    }

    #[test]
    fn unequal_patients_leave_open_what_as_many_effective_ones_do() {
        // 20 patients of 80 cells and 80 of 10: as sure as 42 equal ones.
        let sizes: Vec<f64> = (0..100).map(|patient| if patient < 20 { 80.0 } else { 10.0 }).collect();
        let found = Weights::new(100).unseen(&[0.0; 100], &sizes).bounds(0.05).1;
        let (effective, all) = (unseen_margin(42, 0.05).unwrap(), unseen_margin(100, 0.05).unwrap());
        assert!((found / effective - 1.0).abs() < 0.1 && found > 2.0 * all, "{found} {effective} {all}");
    }

    #[test]
    fn bounds_are_where_p_passes_alpha() {
        let sums: Vec<f64> = (0..60).map(|patient| f64::from(patient % 5) - 1.7).collect();
        let found = Weights::new(60).unseen(&sums, &[20.0; 60]);
        for alpha in [0.01, 0.05, 0.2] {
            let (lower, upper) = found.bounds(alpha);
            assert!(found.upper_p(upper) >= alpha && found.upper_p(upper + 1e-9) < alpha);
            assert!(found.lower_p(-lower) >= alpha && found.lower_p(-lower + 1e-9) < alpha);
        }
    }

    #[test]
    fn margins_out_of_range_are_refused() {
        assert!(patients_for_margin(1.0, 0.05).is_err() && patients_for_margin(0.0, 0.05).is_err());
        assert!(unseen_margin(10, 0.0).is_err());
    }
}
