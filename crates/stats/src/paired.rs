//! Differences of two configurations on the same cells, with patients as the independent units.

use serde::{Deserialize, Serialize};

use crate::bootstrap::{PairedBootstrap, summarize_pair};
use crate::clusters::{Clusters, Resampled};
use crate::distribution::Reference;
use crate::equivalence::{Equivalence, NonInferiority};
use crate::error::{Error, Result, check, check_level};
use crate::interval::Interval;
use crate::resampling::{Resampling, replicates};

/// For each cell how often a configuration gets it right: the mean over its runs, say its seeds, of 1
/// for a cell called what it is and 0 for another. Comparing these means by [`PairedCells`] makes one
/// test of all seeds. It speaks of these trained runs on other patients; how much other seeds differ,
/// [`crate::Summary::interval`] over seeds tells.
///
/// # Errors
/// When there are no runs, the lengths differ, a label is neither 0 nor 1, or a probability or the
/// threshold is not between 0 and 1.
pub fn mean_correctness(labels: &[u8], runs: &[&[f64]], threshold: f64) -> Result<Vec<f64>> {
    if runs.is_empty() {
        return Err(Error::Empty);
    }
    if !(0.0..=1.0).contains(&threshold) {
        return Err(Error::Threshold(threshold));
    }
    for run in runs {
        check(labels, run)?;
    }
    let of_cell = |(cell, label): (usize, &u8)| {
        let right = runs.iter().filter(|run| (run[cell] >= threshold) == (*label == 1)).count();
        right as f64 / runs.len() as f64
    };
    Ok(labels.iter().enumerate().map(of_cell).collect())
}

/// Scores from 0 to 1 of two configurations on the same cells, say their [`mean_correctness`].
#[derive(Clone, Copy, Debug)]
pub struct PairedCells<'a> {
    /// One score per cell of the first configuration.
    pub first: &'a [f64],
    /// One score per cell of the second, in the same order.
    pub second: &'a [f64],
    /// The cells' patients.
    pub clusters: &'a Clusters,
}

/// A mean difference, `first − second`, with its standard error over patients and its t test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairedDifference {
    /// Mean score of the first configuration: its accuracy, averaged over its runs.
    pub first: f64,
    /// Mean score of the second.
    pub second: f64,
    /// `first − second`.
    pub difference: f64,
    /// Cluster-robust standard error, see [`PairedCells::difference`].
    pub standard_error: f64,
    /// Patients or cells less one.
    pub degrees_of_freedom: usize,
    /// Difference over its standard error.
    pub t: f64,
    /// Two-sided p of t.
    pub p: f64,
    /// t interval of the difference.
    pub interval: Interval,
    /// Number of cells.
    pub cells: usize,
    /// What was taken as independent, and how many of them.
    pub resampled: Resampled,
}

impl PairedCells<'_> {
    /// The difference with the cluster-robust variance of a mean (Liang & Zeger 1986): with `Dⱼ` the sum
    /// of differences of patient j's `nⱼ` cells, d their mean over all `n` cells and J patients,
    /// `J / (J − 1) · Σⱼ (Dⱼ − nⱼ d)² / n²`, tested with Student's t on J − 1 degrees of freedom
    /// (Cameron & Miller 2015). For cells that stand for themselves it is the paired t test. With few
    /// patients, say less than 30, or one that has most cells, p is too small.
    ///
    /// The standard error never counts as less than `1 / n`, that of one cell which one configuration
    /// gets right and the other doesn't: that no cell differs here does not show that none ever will.
    ///
    /// # Errors
    /// When the lengths differ, a score is not between 0 and 1, there are fewer than 2 patients or cells,
    /// or the level is not between 0 and 1.
    pub fn difference(&self, level: f64) -> Result<PairedDifference> {
        check_level(level)?;
        let (sums, sizes) = self.by_unit()?;
        let (cells, units) = (self.first.len() as f64, sums.len() as f64);
        let difference = sums.iter().sum::<f64>() / cells;
        let residuals = sums.iter().zip(&sizes).map(|(sum, size)| (sum - size * difference).powi(2));
        let variance = units / (units - 1.0) * residuals.sum::<f64>() / (cells * cells);
        let standard_error = variance.sqrt().max(1.0 / cells);
        let degrees_of_freedom = sums.len() - 1;
        let reference = Reference::StudentT { degrees_of_freedom: degrees_of_freedom as f64 };
        let t = difference / standard_error;
        let half = reference.two_sided_quantile(level)? * standard_error;
        Ok(PairedDifference {
            first: self.first.iter().sum::<f64>() / cells,
            second: self.second.iter().sum::<f64>() / cells,
            difference,
            standard_error,
            degrees_of_freedom,
            t,
            p: reference.two_sided_p(t)?,
            interval: Interval::around(difference, half, level).within(-1.0, 1.0),
            cells: self.first.len(),
            resampled: self.clusters.resampled(),
        })
    }

    /// The difference with a percentile bootstrap over patients, the same for both configurations.
    ///
    /// # Errors
    /// When the lengths differ, a score is not between 0 and 1, there are fewer than 2 patients, cells or
    /// replicates, or the level is not between 0 and 1.
    pub fn bootstrap(&self, resampling: &Resampling) -> Result<PairedBootstrap> {
        let (sums, sizes) = self.by_unit()?;
        let replicates = replicates(sums.len(), resampling, |times| {
            let (mut sum, mut size) = (0.0, 0.0);
            for ((times, unit_sum), unit_size) in times.iter().zip(&sums).zip(&sizes) {
                sum += f64::from(*times) * unit_sum;
                size += f64::from(*times) * unit_size;
            }
            Some(sum / size)
        })?;
        let cells = self.first.len() as f64;
        let first = self.first.iter().sum::<f64>() / cells;
        let second = self.second.iter().sum::<f64>() / cells;
        Ok(summarize_pair(first, second, &replicates, self.clusters, resampling))
    }

    /// Sum of differences and number of cells of each unit.
    fn by_unit(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        if self.first.len() != self.second.len() {
            return Err(Error::Pairs { first: self.first.len(), second: self.second.len() });
        }
        self.clusters.check(self.first.len())?;
        for scores in [self.first, self.second] {
            if let Some((position, score)) =
                scores.iter().enumerate().find(|(_, score)| !(0.0..=1.0).contains(*score))
            {
                return Err(Error::Score { position, score: *score });
            }
        }
        let mut sums = vec![0.0; self.clusters.units()];
        let mut sizes = vec![0.0; self.clusters.units()];
        for (cell, unit) in self.clusters.unit_of_cell().iter().enumerate() {
            sums[*unit as usize] += self.first[cell] - self.second[cell];
            sizes[*unit as usize] += 1.0;
        }
        Ok((sums, sizes))
    }
}

impl PairedDifference {
    /// The distribution that p and interval stand on.
    pub fn reference(&self) -> Reference {
        Reference::StudentT { degrees_of_freedom: self.degrees_of_freedom as f64 }
    }

    /// The same comparison with the configurations in the other order.
    pub fn swapped(self) -> Self {
        let Interval { lower, upper, level } = self.interval;
        Self {
            first: self.second,
            second: self.first,
            difference: -self.difference,
            t: -self.t,
            interval: Interval { lower: -upper, upper: -lower, level },
            ..self
        }
    }

    /// Whether both are the same within ±`margin`.
    ///
    /// # Errors
    /// As [`Equivalence::new`].
    pub fn equivalence(&self, margin: f64, alpha: f64) -> Result<Equivalence> {
        Equivalence::new(self.difference, self.standard_error, self.reference(), margin, alpha)
    }

    /// Whether the second is less than `margin` worse than the first.
    ///
    /// # Errors
    /// As [`NonInferiority::new`].
    pub fn noninferiority(&self, margin: f64, alpha: f64) -> Result<NonInferiority> {
        NonInferiority::new(self.difference, self.standard_error, self.reference(), margin, alpha)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correctness_is_the_share_of_runs_that_are_right() {
        let runs: [&[f64]; 2] = [&[0.5, 0.5, 0.1], &[0.9, 0.4, 0.2]];
        assert_eq!(mean_correctness(&[1, 0, 1], &runs, 0.5), Ok(vec![1.0, 0.5, 0.0]));
        assert_eq!(mean_correctness(&[1], &[], 0.5), Err(Error::Empty));
        assert!(mean_correctness(&[1], &[&[0.5]], 2.0).is_err());
        assert!(mean_correctness(&[1], &[&[0.5, 0.5]], 0.5).is_err());
    }

    #[test]
    fn two_patients_can_be_computed_by_hand() {
        let clusters = Clusters::by_patient(&["a", "a", "a", "b"]);
        let cells =
            PairedCells { first: &[1.0, 1.0, 1.0, 0.0], second: &[0.0, 0.0, 1.0, 0.0], clusters: &clusters };
        let found = cells.difference(0.95).unwrap();
        // D = (2, 0), n = (3, 1), d = 1/2: 2 / 1 · ((2 − 3/2)² + (0 − 1/2)²) / 16 = 1/16.
        assert_eq!((found.difference, found.standard_error, found.degrees_of_freedom), (0.5, 0.25, 1));
        assert_eq!((found.first, found.second, found.t), (0.75, 0.25, 2.0));
        assert_eq!(found.resampled, Resampled::Patients(2));
    }

    #[test]
    fn equal_runs_are_as_uncertain_as_one_differing_cell() {
        let clusters = Clusters::by_cell(50);
        let scores = [1.0; 50];
        let cells = PairedCells { first: &scores, second: &scores, clusters: &clusters };
        let found = cells.difference(0.95).unwrap();
        assert_eq!((found.difference, found.standard_error, found.p), (0.0, 0.02, 1.0));
        assert!(!found.equivalence(0.01, 0.05).unwrap().equivalent);
        assert!(found.equivalence(0.05, 0.05).unwrap().equivalent);
    }

    #[test]
    fn what_cannot_be_paired_is_refused() {
        let clusters = Clusters::by_cell(2);
        let of = |first: &[f64], second: &[f64]| {
            PairedCells { first, second, clusters: &clusters }.difference(0.95)
        };
        assert_eq!(of(&[1.0, 1.0], &[1.0]), Err(Error::Pairs { first: 2, second: 1 }));
        assert_eq!(of(&[1.0], &[1.0]), Err(Error::Clustered { clustered: 2, cells: 1 }));
        assert_eq!(of(&[1.0, 1.0], &[1.0, 1.5]), Err(Error::Score { position: 1, score: 1.5 }));
    }
}
