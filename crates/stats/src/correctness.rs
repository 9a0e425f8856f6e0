//! Which cells a configuration's runs get right.

use crate::error::{Error, Result, check};

/// For each cell how often a configuration gets it right: the mean over its runs, say the splits of a seed, of 1
/// for a cell called what it is and 0 for another. [`crate::Scores`] takes one such list per seed.
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
}
