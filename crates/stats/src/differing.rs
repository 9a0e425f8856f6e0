//! How many patients differ at all, and how large a mean difference so few of them leave open.

use serde::{Deserialize, Serialize};

use crate::distribution::binomial_lower_tail;

/// With so many patients that differ, Student's t stands on enough of them.
const ENOUGH: usize = 5;
/// Differences of a patient below it are rounding.
const ROUNDING: f64 = 1e-9;

/// The patients that differ at all: of two configurations on the same cells, those whose cells' differences
/// do not add up to 0; of different cells, those of one side that are not always right, or not always wrong.
///
/// A standard error is estimated from the patients that differ. Where hardly any does, it says next to
/// nothing of the patients that were not seen: of 100 patients not one shows a loss of everything that
/// meets every hundredth, with a chance of 37 %. What so few leave open is bounded by counting. If the mean
/// difference is at least `margin`, and no patient adds more than `s` times what a mean patient's cells can
/// add, then at least a share `margin / s` of all patients differ. The chance that at most `k` of J do is
/// then at most that of the binomial distribution, by which Clopper & Pearson (1934) bound a proportion.
///
/// `s` is the largest that was seen, and 1 where no patient differs, since nothing is known of it then: no
/// differing patient leaves more open than one that differs by a single cell. That rarer patients might
/// lose more than any seen is not covered, here as little as by Student's t. From five patients on that
/// stands alone, and calls a loss of the margin equivalent in up to 10 % of studies rather than 5 % where
/// ten or so patients are all that lose (`tests/sparse_rates.rs` has the cases below that).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Differing {
    /// Patients that differ, or cells where these are what was taken as independent: `k`.
    pub patients: usize,
    /// Of so many: J.
    pub of: usize,
    /// The largest absolute sum of a patient's differences over the mean number of cells of a patient; 1
    /// where none differs: `s`.
    pub largest: f64,
}

impl Differing {
    /// From the sum of differences of each patient's cells, of so many cells in all.
    pub(crate) fn new(sums: &[f64], cells: usize) -> Self {
        let patients = sums.iter().filter(|sum| sum.abs() > ROUNDING).count();
        let most = sums.iter().fold(0.0, |most: f64, sum| most.max(sum.abs()));
        let largest = if patients == 0 { 1.0 } else { most * sums.len() as f64 / cells as f64 };
        Self { patients, of: sums.len(), largest }
    }

    /// Whether fewer than five patients differ, so that equivalence and non-inferiority are held to what
    /// these leave open besides Student's t.
    pub fn are_few(&self) -> bool {
        self.patients < ENOUGH
    }

    /// The chance that so few differ, or fewer, where the mean difference is `margin`:
    /// `P(X ≤ k)` of the binomial distribution with J trials of chance `margin / s`. 0 where no patient
    /// seen adds more than the margin, and where enough differ for Student's t alone.
    pub fn p(&self, margin: f64) -> f64 {
        if !self.are_few() || self.largest <= margin {
            return 0.0;
        }
        binomial_lower_tail(self.patients, self.of, margin / self.largest)
    }

    /// The mean difference that [`Differing::p`] is `alpha` for, the largest that so few patients leave
    /// open: `s` times the upper end of Clopper & Pearson's one-sided interval for `k` of J. `None` where
    /// enough differ for Student's t alone.
    pub fn upper_bound(&self, alpha: f64) -> Option<f64> {
        if !self.are_few() {
            return None;
        }
        let (mut open, mut excluded) = (0.0, 1.0);
        // As often as a share can be halved before it is rounded.
        for _ in 0..60 {
            let share = f64::midpoint(open, excluded);
            if binomial_lower_tail(self.patients, self.of, share) < alpha {
                excluded = share;
            } else {
                open = share;
            }
        }
        Some(excluded * self.largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_count_whose_differences_do_not_cancel() {
        // 2 cells each on average; a sum of 1e-17 is a rounded 0.
        let found = Differing::new(&[0.0, -1.0, 0.5, 1e-17], 8);
        assert_eq!(found, Differing { patients: 2, of: 4, largest: 0.5 });
        assert_eq!(Differing::new(&[0.0; 3], 60), Differing { patients: 0, of: 3, largest: 1.0 });
    }

    #[test]
    fn so_few_patients_are_as_likely_as_the_binomial_distribution_says() {
        let none = Differing { patients: 0, of: 20, largest: 1.0 };
        assert!((none.p(0.01) - 0.99_f64.powi(20)).abs() < 1e-12);
        assert_eq!(none.p(1.0), 0.0);
        // Two patients of which one lost a fifth of its cells: 1 − 0.95² at most one, of 1 point.
        let one = Differing { patients: 1, of: 2, largest: 0.2 };
        assert!((one.p(0.01) - (1.0 - 0.05_f64.powi(2))).abs() < 1e-12);
        assert_eq!((one.p(0.2), one.p(0.3)), (0.0, 0.0));
        let all = Differing { patients: 3, of: 3, largest: 0.5 };
        assert_eq!((all.p(0.01), all.upper_bound(0.05)), (1.0, Some(0.5)));
        let enough = Differing { patients: 5, of: 100, largest: 0.2 };
        assert_eq!((enough.are_few(), enough.p(0.01), enough.upper_bound(0.05)), (false, 0.0, None));
    }

    #[test]
    fn the_bound_is_the_margin_whose_p_is_alpha() {
        for (patients, of, largest) in [(0, 20, 1.0), (1, 40, 0.2), (4, 300, 0.5), (2, 2600, 1.3)] {
            let found = Differing { patients, of, largest };
            for alpha in [0.025, 0.05, 0.2] {
                let bound = found.upper_bound(alpha).unwrap();
                assert!((found.p(bound) - alpha).abs() < 1e-9, "{found:?}, {alpha}: {bound}");
            }
        }
        // None of J: 1 − α^(1/J).
        let bound = Differing { patients: 0, of: 40, largest: 1.0 }.upper_bound(0.05).unwrap();
        assert!((bound - (1.0 - 0.05_f64.powf(1.0 / 40.0))).abs() < 1e-12);
    }
}
