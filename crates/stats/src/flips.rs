//! Cells that one configuration gets right and the other wrong, over all pairs of their runs.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, check_score};

/// How many cells exactly one of two configurations gets right, on average over all pairs of a run of the
/// first and a run of the second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flips {
    /// Cells that only the first gets right.
    pub first_only: f64,
    /// Cells that only the second gets right.
    pub second_only: f64,
}

/// Counts the cells that flip from the share of its runs that gets each right ([`crate::mean_correctness`])
/// of two configurations: `Σ p₁ (1 − p₂)` and `Σ p₂ (1 − p₁)`. Each product is the share of pairs of runs in
/// which only that configuration's run is right. For single runs these are the plain counts of McNemar
/// (1947), and `first_only − second_only` is always the difference of the numbers of cells that are right.
///
/// # Errors
/// When the lengths differ or a share is not between 0 and 1.
pub fn flips(first: &[f64], second: &[f64]) -> Result<Flips> {
    if first.len() != second.len() {
        return Err(Error::Pairs { first: first.len(), second: second.len() });
    }
    check_score(first)?;
    check_score(second)?;
    let only = |one: &[f64], other: &[f64]| -> f64 {
        one.iter().zip(other).map(|(one, other)| one * (1.0 - other)).sum()
    };
    Ok(Flips { first_only: only(first, second), second_only: only(second, first) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{McNemar, mean_correctness};

    /// Whether each of five cells is right, for each run.
    const FIRST: [[bool; 5]; 2] = [[true, true, false, true, false], [true, false, true, true, false]];
    const SECOND: [[bool; 5]; 3] = [
        [true, false, true, false, false],
        [true, true, false, false, true],
        [true, false, true, true, false],
    ];

    fn shares(runs: &[[bool; 5]]) -> Vec<f64> {
        let probabilities: Vec<Vec<f64>> =
            runs.iter().map(|run| run.iter().map(|right| f64::from(u8::from(*right))).collect()).collect();
        let slices: Vec<&[f64]> = probabilities.iter().map(Vec::as_slice).collect();
        mean_correctness(&[1; 5], &slices, 0.5).unwrap()
    }

    #[test]
    fn flips_are_the_mean_of_mcnemars_counts_over_all_pairs_of_runs() {
        let pairs: Vec<McNemar> = FIRST
            .iter()
            .flat_map(|one| SECOND.iter().map(|other| McNemar::from_correctness(one, other).unwrap()))
            .collect();
        let mean =
            |count: fn(&McNemar) -> u64| pairs.iter().map(count).sum::<u64>() as f64 / pairs.len() as f64;
        let found = flips(&shares(&FIRST), &shares(&SECOND)).unwrap();
        assert!((found.first_only - mean(|pair| pair.first_only)).abs() < 1e-12, "{found:?}");
        assert!((found.second_only - mean(|pair| pair.second_only)).abs() < 1e-12, "{found:?}");
        let once = flips(&shares(&FIRST[..1]), &shares(&SECOND[..1])).unwrap();
        assert_eq!(once, Flips { first_only: 2.0, second_only: 1.0 });
    }

    #[test]
    fn runs_that_flip_to_and_fro_do_not_cancel() {
        let found = flips(&[0.5; 4], &[0.5; 4]).unwrap();
        assert_eq!(found, Flips { first_only: 1.0, second_only: 1.0 });
    }

    #[test]
    fn what_is_no_share_of_the_same_cells_is_refused() {
        assert_eq!(flips(&[1.0], &[]), Err(Error::Pairs { first: 1, second: 0 }));
        assert_eq!(flips(&[1.0], &[1.5]), Err(Error::Score { position: 0, score: 1.5 }));
    }
}
