//! The difference of two configurations, or of one under two splits, that were tested on different cells.

use std::collections::BTreeMap;

use crate::clusters::{Clusters, Resampled};
use crate::error::{Error, Result};
use crate::paired::MeanDifference;

/// Scores from 0 to 1 of cells, with their patients.
#[derive(Clone, Copy, Debug)]
pub struct ScoredCells<'a, Patient> {
    /// One score per cell.
    pub scores: &'a [f64],
    /// The patient of each cell.
    pub patients: &'a [Patient],
}

/// The difference of two means over different cells, `first − second`, with patients as the independent
/// units. A patient with cells on both sides is one unit, so that what its cells have in common takes
/// part in the variance as it should (Liang & Zeger 1986, of the regression on the side): with `Sⱼ` the sum
/// of scores of patient j's `nⱼ` cells on a side with mean m and n cells, patient j's influence is
/// `eⱼ = (Sⱼ − nⱼ m) / n` of the first side less that of the second, and the variance
/// `J / (J − 1) · Σⱼ eⱼ²` over the J patients of either side, tested with Student's t on J − 1 degrees of
/// freedom. Unlike a paired one it holds the spread between the cells of both sides.
///
/// # Errors
/// When a side has no cells, the lengths differ, a score is not between 0 and 1, there are fewer than 2
/// patients, or the level is not between 0 and 1.
pub fn unpaired_difference<Patient: Ord>(
    first: &ScoredCells<'_, Patient>,
    second: &ScoredCells<'_, Patient>,
    level: f64,
) -> Result<MeanDifference> {
    let (first_mean, second_mean) = (first.mean()?, second.mean()?);
    let mut influences: BTreeMap<&Patient, f64> = BTreeMap::new();
    for (side, mean, sign) in [(first, first_mean, 1.0), (second, second_mean, -1.0)] {
        for (score, patient) in side.scores.iter().zip(side.patients) {
            *influences.entry(patient).or_default() += sign * (score - mean) / side.scores.len() as f64;
        }
    }
    let units = influences.len();
    if units < 2 {
        return Err(Error::Units(units));
    }
    let squares: f64 = influences.values().map(|influence| influence.powi(2)).sum();
    let error = (units as f64 / (units - 1) as f64 * squares).sqrt();
    // As for paired cells, one cell's worth at least.
    let smallest = 1.0 / first.scores.len().min(second.scores.len()) as f64;
    MeanDifference::estimated(
        [first_mean, second_mean],
        error.max(smallest),
        units,
        first.scores.len() + second.scores.len(),
        Resampled::Patients(units),
        level,
    )
}

impl<Patient: Ord> ScoredCells<'_, Patient> {
    fn mean(&self) -> Result<f64> {
        if self.scores.is_empty() {
            return Err(Error::Empty);
        }
        if self.scores.len() != self.patients.len() {
            return Err(Error::Clustered { clustered: self.patients.len(), cells: self.scores.len() });
        }
        let wrong = self.scores.iter().enumerate().find(|(_, score)| !(0.0..=1.0).contains(*score));
        if let Some((position, score)) = wrong {
            return Err(Error::Score { position, score: *score });
        }
        Ok(self.scores.iter().sum::<f64>() / self.scores.len() as f64)
    }
}

/// Wilson's interval of a proportion of cells that come in patients: as many independent cells as have the
/// variance over patients, `m = p (1 − p) / V` and never more than there are, take the place of the cells,
/// and Student's quantile on patients − 1 degrees of freedom that of the normal one (Korn & Graubard 1998,
/// whose binomial interval Wilson's replaces as in Franco et al. 2019). Where all or none succeed the
/// variance over patients says nothing, and each patient counts as one cell. `V` is
/// `J / (J − 1) · Σⱼ (Sⱼ − nⱼ p)² / n²` as in [`crate::PairedCells::difference`].
///
/// # Errors
/// When the lengths differ, there are fewer than 2 patients or cells, or the level is not between 0 and 1.
pub fn clustered_wilson_interval(
    successes: &[bool],
    clusters: &Clusters,
    level: f64,
) -> Result<crate::Interval> {
    clusters.check(successes.len())?;
    let (n, units) = (successes.len() as f64, clusters.units() as f64);
    let proportion = successes.iter().filter(|success| **success).count() as f64 / n;
    let mut residuals = vec![0.0; clusters.units()];
    for (success, unit) in successes.iter().zip(clusters.unit_of_cell()) {
        residuals[*unit as usize] += f64::from(u8::from(*success)) - proportion;
    }
    let squares: f64 = residuals.iter().map(|residual| residual.powi(2)).sum();
    let variance = units / (units - 1.0) * squares / (n * n);
    let spread = proportion * (1.0 - proportion);
    let effective = if spread > 0.0 { (spread / variance).min(n) } else { units };
    let reference = crate::Reference::StudentT { degrees_of_freedom: units - 1.0 };
    crate::interval::wilson(proportion, effective, reference.two_sided_quantile(level)?, level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_on_both_sides_count_once_and_cancel_what_they_share() {
        let scores = [1.0, 1.0, 0.0, 0.0, 1.0, 0.0];
        let one = ScoredCells { scores: &scores, patients: &[1, 1, 2, 2, 3, 3] };
        let same = unpaired_difference(&one, &one, 0.95).unwrap();
        assert_eq!((same.difference, same.resampled), (0.0, Resampled::Patients(3)));
        // Nothing but the least error is left where both sides are the same cells.
        assert_eq!(same.standard_error, 1.0 / 6.0);
        let other = ScoredCells { scores: &scores, patients: &[4, 4, 5, 5, 6, 6] };
        let apart = unpaired_difference(&one, &other, 0.95).unwrap();
        // eⱼ = 1/6, −1/6, 0 on either side: 6 / 5 · 4 / 36.
        assert!((apart.standard_error.powi(2) - 6.0 / 5.0 * 4.0 / 36.0).abs() < 1e-15);
        assert_eq!(apart.resampled, Resampled::Patients(6));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let none = ScoredCells::<u8> { scores: &[], patients: &[] };
        let one = ScoredCells { scores: &[1.0], patients: &[1] };
        assert_eq!(unpaired_difference(&none, &one, 0.95), Err(Error::Empty));
        assert_eq!(unpaired_difference(&one, &one, 0.95), Err(Error::Units(1)));
        let wrong = ScoredCells { scores: &[1.5, 0.0], patients: &[1, 2] };
        assert_eq!(unpaired_difference(&wrong, &wrong, 0.95), Err(Error::Score { position: 0, score: 1.5 }));
    }

    #[test]
    fn alike_cells_of_patients_widen_wilsons_interval_and_none_never_narrows_it() {
        let successes: Vec<bool> = (0..100).map(|cell| cell % 20 < 18).collect();
        let width = |clusters: &Clusters| {
            let found = clustered_wilson_interval(&successes, clusters, 0.95).unwrap();
            found.upper - found.lower
        };
        let together =
            Clusters::by_patient(&(0..100).map(|cell| (cell % 20 < 18, cell % 4)).collect::<Vec<_>>());
        let spread = Clusters::by_patient(&(0..100).map(|cell| cell / 20).collect::<Vec<_>>());
        let plain = crate::wilson_interval(90, 100, 0.95).unwrap();
        assert!(width(&together) > 1.5 * (plain.upper - plain.lower));
        assert!(width(&spread) >= plain.upper - plain.lower);
        // Twenty patients without an error are twenty cells without one.
        let all = clustered_wilson_interval(
            &[true; 100],
            &Clusters::by_patient(&(0..100).map(|cell| cell % 20).collect::<Vec<_>>()),
            0.95,
        )
        .unwrap();
        assert_eq!(all.upper, 1.0);
        assert!((0.8..0.85).contains(&all.lower), "{all:?}");
        assert!(clustered_wilson_interval(&[true; 3], &Clusters::by_cell(2), 0.95).is_err());
    }
}
