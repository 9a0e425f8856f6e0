//! Two configurations on the same cells, over patients and, where there are several, over seeds.

use crate::clusters::Clusters;
use crate::error::Result;
use crate::paired::{MeanDifference, PairedCells};

/// A configuration's scores from 0 to 1 on the cells of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// Of each cell, averaged over its runs: its [`crate::mean_correctness`].
    pub cells: &'a [f64],
    /// Of each run (a seed, all its folds together), averaged over its cells: its accuracy.
    pub runs: &'a [f64],
}

/// What a comparison takes as independent.
#[derive(Clone, Copy, Debug)]
pub struct Units<'a> {
    /// The cells' patients.
    pub patients: &'a Clusters,
    /// The cells' folds, where each fold's cells were called by a network of their own and both
    /// configurations have the same folds.
    pub folds: Option<&'a Clusters>,
}

/// The difference `first − second`, as far as the runs carry it:
///
/// | runs of each | what is found speaks of | by |
/// |---|---|---|
/// | several | other patients and other seeds | [`PairedCells::difference`], [`MeanDifference::over_runs`] |
/// | one, in folds | other patients and networks of other folds | [`PairedCells::difference_over_folds`] |
/// | one | other patients, these two networks | [`PairedCells::difference`] |
///
/// Folds are no seeds: each leaves out other patients, and together they call each cell once.
///
/// # Errors
/// When the lengths differ, a score is not between 0 and 1, there are no runs or fewer than 2 patients or
/// cells, or the level is not between 0 and 1.
pub fn compare(
    first: &Scored<'_>,
    second: &Scored<'_>,
    units: &Units<'_>,
    level: f64,
) -> Result<MeanDifference> {
    let cells = PairedCells { first: first.cells, second: second.cells, clusters: units.patients };
    let once = first.runs.len() < 2 || second.runs.len() < 2;
    let found = match units.folds.filter(|_| once) {
        Some(folds) => cells.difference_over_folds(folds, level)?,
        None => cells.difference(level)?,
    };
    if first.runs.len().max(second.runs.len()) < 2 {
        return Ok(found);
    }
    found.over_runs(first.runs, second.runs, level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_folds_and_single_runs_have_their_own_spread() {
        let patients = Clusters::by_patient(&[0, 0, 1, 1, 2, 2, 3, 3]);
        let folds = Clusters::by_patient(&[0, 0, 0, 0, 1, 1, 1, 1]);
        let (first, second) =
            ([1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
        let error = |first_runs: &[f64], second_runs: &[f64], folds: Option<&Clusters>| {
            let (first, second) =
                (Scored { cells: &first, runs: first_runs }, Scored { cells: &second, runs: second_runs });
            compare(&first, &second, &Units { patients: &patients, folds }, 0.95).unwrap().standard_error
        };
        let cells = PairedCells { first: &first, second: &second, clusters: &patients };
        let (once, seeds) = ([0.75], [0.7, 0.8]);
        let plain = cells.difference(0.95).unwrap().standard_error;
        assert_eq!(error(&once, &once, None), plain);
        let over_folds = cells.difference_over_folds(&folds, 0.95).unwrap().standard_error;
        assert!(over_folds > plain);
        assert_eq!(error(&once, &once, Some(&folds)), over_folds);
        // s² / n = 0.005 / 2 of each.
        assert!((error(&seeds, &seeds, Some(&folds)).powi(2) - plain.powi(2) - 0.005).abs() < 1e-12);
        assert!((error(&seeds, &once, Some(&folds)).powi(2) - over_folds.powi(2) - 0.0025).abs() < 1e-12);
    }
}
