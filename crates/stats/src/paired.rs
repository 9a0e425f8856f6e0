//! Differences of two configurations on the same cells, with patients as the independent units.

use serde::{Deserialize, Serialize};

use crate::bootstrap::{PairedBootstrap, summarize_pair};
use crate::clusters::{Clusters, Resampled};
use crate::differing::Differing;
use crate::distribution::Reference;
use crate::equivalence::{Equivalence, NonInferiority};
use crate::error::{Error, Result, check, check_level, check_score};
use crate::interval::Interval;
use crate::resampling::{Resampling, replicates};
use crate::sources::{Source, Sources};
use crate::summary::Summary;

/// For each cell how often a configuration gets it right: the mean over its runs, say its seeds, of 1
/// for a cell called what it is and 0 for another. Comparing these means by [`PairedCells`] makes one
/// test of all seeds, which speaks of these trained runs on other patients; [`crate::compare`] speaks of
/// other seeds as well.
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

/// The accuracy of each run.
///
/// # Errors
/// As [`mean_correctness`].
pub fn accuracies(labels: &[u8], runs: &[&[f64]], threshold: f64) -> Result<Vec<f64>> {
    let of_run = |run: &&[f64]| {
        let cells = mean_correctness(labels, &[*run], threshold)?;
        Ok(cells.iter().sum::<f64>() / cells.len() as f64)
    };
    runs.iter().map(of_run).collect()
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

/// A mean difference, `first − second`, with its standard error, over patients or over patients and
/// seeds, and its test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeanDifference {
    /// Mean score of the first configuration: its accuracy, averaged over its runs.
    pub first: f64,
    /// Mean score of the second.
    pub second: f64,
    /// `first − second`.
    pub difference: f64,
    /// Standard error, see [`PairedCells::difference`] and [`MeanDifference::over_runs`].
    pub standard_error: f64,
    /// The distribution that p and interval stand on.
    pub reference: Reference,
    /// Difference over its standard error.
    pub t: f64,
    /// Two-sided p of t.
    pub p: f64,
    /// Interval of the difference. Where few patients differ it reaches to what these leave open, on the
    /// sides of 0 that Student's t does not exclude.
    pub interval: Interval,
    /// The patients that differ at all.
    pub differing: Differing,
    /// Number of cells, of both sides where they are different ones.
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
    /// gets right and the other doesn't. It is no more than a number to divide by: what follows where no
    /// patient or hardly any differs is bounded by [`Differing`] instead.
    ///
    /// # Errors
    /// When the lengths differ, a score is not between 0 and 1, there are fewer than 2 patients or cells,
    /// or the level is not between 0 and 1.
    pub fn difference(&self, level: f64) -> Result<MeanDifference> {
        let (standard_error, units) = self.clustered(self.clusters)?;
        self.estimated(standard_error, units, level)
    }

    /// The difference of configurations that were trained once for each fold, with the folds as units.
    /// A fold's cells are all called by one network of each configuration, which was as lucky or unlucky
    /// for all of them; the folds are as many trainings. The standard error is that of
    /// [`PairedCells::difference`] over folds, or over patients where that is larger, with Student's t on
    /// folds − 1 degrees of freedom. Folds train on mostly the same cells, so that what they have in
    /// common by that is not seen (Bengio & Grandvalet 2004).
    ///
    /// # Errors
    /// As [`PairedCells::difference`], and when there are fewer than 2 folds.
    pub fn difference_over_folds(&self, folds: &Clusters, level: f64) -> Result<MeanDifference> {
        let (over_patients, _) = self.clustered(self.clusters)?;
        let (over_folds, units) = self.clustered(folds)?;
        self.estimated(over_folds.max(over_patients), units, level)
    }

    /// Standard error over these units, and their number.
    fn clustered(&self, clusters: &Clusters) -> Result<(f64, usize)> {
        let (sums, sizes) = self.by_unit(clusters)?;
        let (cells, units) = (self.first.len() as f64, sums.len() as f64);
        let difference = sums.iter().sum::<f64>() / cells;
        let residuals = sums.iter().zip(&sizes).map(|(sum, size)| (sum - size * difference).powi(2));
        let variance = units / (units - 1.0) * residuals.sum::<f64>() / (cells * cells);
        Ok((variance.sqrt().max(1.0 / cells), sums.len()))
    }

    fn estimated(&self, standard_error: f64, units: usize, level: f64) -> Result<MeanDifference> {
        let (cells, resampled) = (self.first.len(), self.clusters.resampled());
        let means = [self.first, self.second].map(|scores| scores.iter().sum::<f64>() / cells as f64);
        let differing = Differing::new(&self.by_unit(self.clusters)?.0, cells);
        MeanDifference::estimated(means, standard_error, units, differing, cells, resampled, level)
    }

    /// The difference with a percentile bootstrap over patients, the same for both configurations.
    ///
    /// # Errors
    /// When the lengths differ, a score is not between 0 and 1, there are fewer than 2 patients, cells or
    /// replicates, or the level is not between 0 and 1.
    pub fn bootstrap(&self, resampling: &Resampling) -> Result<PairedBootstrap> {
        let (sums, sizes) = self.by_unit(self.clusters)?;
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
    fn by_unit(&self, clusters: &Clusters) -> Result<(Vec<f64>, Vec<f64>)> {
        if self.first.len() != self.second.len() {
            return Err(Error::Pairs { first: self.first.len(), second: self.second.len() });
        }
        clusters.check(self.first.len())?;
        check_score(self.first)?;
        check_score(self.second)?;
        let mut sums = vec![0.0; clusters.units()];
        let mut sizes = vec![0.0; clusters.units()];
        for (cell, unit) in clusters.unit_of_cell().iter().enumerate() {
            sums[*unit as usize] += self.first[cell] - self.second[cell];
            sizes[*unit as usize] += 1.0;
        }
        Ok((sums, sizes))
    }
}

impl MeanDifference {
    /// The difference of two means with a standard error over so many units.
    pub(crate) fn estimated(
        [first, second]: [f64; 2],
        standard_error: f64,
        units: usize,
        differing: Differing,
        cells: usize,
        resampled: Resampled,
        level: f64,
    ) -> Result<Self> {
        let unfinished = Self {
            first,
            second,
            difference: first - second,
            standard_error,
            reference: Reference::StudentT { degrees_of_freedom: (units - 1) as f64 },
            t: f64::NAN,
            p: f64::NAN,
            interval: Interval { lower: -1.0, upper: 1.0, level },
            differing,
            cells,
            resampled,
        };
        unfinished.tested(level)
    }

    /// Widens the comparison to a statement on other seeds as well as other patients, from the score of each run of
    /// the first and of the second configuration on these cells. Runs and patients are crossed random
    /// effects: to the variance over patients comes that of a mean over runs, `s² / n`, of each
    /// configuration that has several (as in the analysis of several readers who read the same cases,
    /// Obuchowski & Rockette 1995, each reader reading for one method only). What a run does with single
    /// patients stands in both parts and so counts twice, as in the pigeonhole bootstrap (Owen 2007):
    /// the sum is never too small for it. [`Sources`] says how interval and p follow from so few runs.
    ///
    /// A configuration with one run adds nothing: what is found then holds for that run only. Runs of the
    /// two that share a seed are taken as independent.
    ///
    /// # Errors
    /// When there are no runs or a score is not finite, or the level is not between 0 and 1.
    pub fn over_runs(mut self, first: &[f64], second: &[f64], level: f64) -> Result<Self> {
        let variance = self.standard_error.powi(2);
        let mut sources = match self.reference {
            Reference::StudentT { degrees_of_freedom } => {
                Sources::one(Source { variance, degrees_of_freedom })
            }
            Reference::Sources(shares) => shares.times(variance),
            // No difference of cells stands on it.
            Reference::Normal => return Err(Error::DegreesOfFreedom(f64::INFINITY)),
        };
        for runs in [first, second] {
            sources = Summary::new(runs)?.source().map_or(Ok(sources), |source| sources.and(source))?;
        }
        self.standard_error = sources.variance().sqrt();
        self.reference = Reference::Sources(sources.shares());
        self.tested(level)
    }

    /// Fills in what follows from difference, standard error and distribution.
    fn tested(mut self, level: f64) -> Result<Self> {
        check_level(level)?;
        self.t = self.difference / self.standard_error;
        self.p = self.reference.two_sided_p(self.t)?;
        let half = self.reference.two_sided_quantile(level)? * self.standard_error;
        let Interval { mut lower, mut upper, .. } = Interval::around(self.difference, half, level);
        if let Some(open) = self.differing.upper_bound((1.0 - level) / 2.0) {
            // A side of 0 that t excludes stays excluded, as p says.
            lower = if lower > 0.0 { lower } else { lower.min(-open) };
            upper = if upper < 0.0 { upper } else { upper.max(open) };
        }
        self.interval = Interval { lower, upper, level }.within(-1.0, 1.0);
        Ok(self)
    }

    /// The comparison with the configurations in the other order.
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

    /// Whether both are the same within ±`margin`, held to [`Differing`] where few patients differ.
    ///
    /// # Errors
    /// As [`Equivalence::new`].
    pub fn equivalence(&self, margin: f64, alpha: f64) -> Result<Equivalence> {
        let found = Equivalence::new(self.difference, self.standard_error, self.reference, margin, alpha)?;
        Ok(found.held_to(&self.differing))
    }

    /// Whether the second is less than `margin` worse than the first, held to [`Differing`] where few
    /// patients differ.
    ///
    /// # Errors
    /// As [`NonInferiority::new`].
    pub fn noninferiority(&self, margin: f64, alpha: f64) -> Result<NonInferiority> {
        let found = NonInferiority::new(self.difference, self.standard_error, self.reference, margin, alpha)?;
        Ok(found.held_to(&self.differing))
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
        assert_eq!((found.difference, found.standard_error), (0.5, 0.25));
        assert_eq!(found.reference, Reference::StudentT { degrees_of_freedom: 1.0 });
        assert_eq!((found.first, found.second, found.t), (0.75, 0.25, 2.0));
        assert_eq!(found.resampled, Resampled::Patients(2));
    }

    #[test]
    fn folds_are_the_units_of_configurations_that_were_trained_once() {
        let patients = Clusters::by_patient(&[0, 0, 1, 1, 2, 2, 3, 3]);
        let folds = Clusters::by_patient(&[0, 0, 0, 0, 1, 1, 1, 1]);
        let first = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let cells = PairedCells { first: &first, second: &[0.0; 8], clusters: &patients };
        let found = cells.difference_over_folds(&folds, 0.95).unwrap();
        // D = (3, 0), n = (4, 4), d = 3/8: 2 / 1 · 2 · (3/2)² / 64 = 9/64.
        assert_eq!((found.difference, found.standard_error), (0.375, 0.375));
        assert_eq!(found.reference, Reference::StudentT { degrees_of_freedom: 1.0 });
        assert_eq!(found.resampled, Resampled::Patients(4));
        // Folds that happen to agree do not make the patients' spread disappear.
        let alike = Clusters::by_patient(&[0, 0, 1, 0, 1, 0, 1, 1]);
        let (over_patients, _) = cells.clustered(&patients).unwrap();
        let (over_alike, _) = cells.clustered(&alike).unwrap();
        assert!(over_alike < over_patients);
        assert_eq!(cells.difference_over_folds(&alike, 0.95).unwrap().standard_error, over_patients);
    }

    #[test]
    fn seeds_that_differ_widen_and_a_single_one_adds_nothing() {
        let clusters = Clusters::by_cell(4);
        let cells = PairedCells { first: &[1.0, 1.0, 0.5, 0.5], second: &[0.5; 4], clusters: &clusters };
        let fixed = cells.difference(0.95).unwrap();
        let single = fixed.over_runs(&[0.75], &[0.5], 0.95).unwrap();
        assert!(
            (single.p - fixed.p).abs() < 1e-9 && (single.standard_error - fixed.standard_error).abs() < 1e-15
        );
        let wide = fixed.over_runs(&[0.5, 1.0], &[0.5, 0.5], 0.95).unwrap();
        // The variance of 0.5 and 1 is 1/8, that of their mean 1/16.
        assert!((wide.standard_error.powi(2) - fixed.standard_error.powi(2) - 0.0625).abs() < 1e-15);
        assert!(wide.p > fixed.p && wide.interval.lower < fixed.interval.lower);
        assert!(fixed.over_runs(&[], &[0.5], 0.95).is_err());
    }

    #[test]
    fn equal_runs_show_no_more_than_none_of_so_many_cells_can() {
        let clusters = Clusters::by_cell(50);
        let scores = [1.0; 50];
        let cells = PairedCells { first: &scores, second: &scores, clusters: &clusters };
        let found = cells.difference(0.95).unwrap();
        assert_eq!((found.difference, found.standard_error, found.p), (0.0, 0.02, 1.0));
        assert_eq!(found.differing, Differing { patients: 0, of: 50, largest: 1.0 });
        // 0.95^50 is 8 %, 0.94^50 is 5 %.
        assert!(!found.equivalence(0.05, 0.05).unwrap().equivalent);
        assert!(found.equivalence(0.06, 0.05).unwrap().equivalent);
        // 1 − 0.025^(1 / 50) to either side.
        let open = 1.0 - 0.025_f64.powf(0.02);
        assert!((found.interval.upper - open).abs() < 1e-12 && (found.interval.lower + open).abs() < 1e-12);
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
