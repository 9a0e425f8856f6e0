//! McNemar's exact test of two runs on the same cells.

use serde::{Deserialize, Serialize};

use crate::distribution::fair_coin_lower_tail;
use crate::error::{Error, Result};

/// Cells that exactly one of two runs gets right, and the chance of so uneven a division.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct McNemar {
    /// Cells that only the first run gets right.
    pub first_only: u64,
    /// Cells that only the second run gets right.
    pub second_only: u64,
    /// Two-sided p: the chance that `first_only + second_only` fair coins fall at least as unevenly; 1
    /// without such cells.
    pub p: f64,
}

impl McNemar {
    /// The exact test (McNemar 1947, with the binomial distribution instead of χ²). It takes the cells
    /// as independent: with several cells of a patient its p is too small, and
    /// [`crate::PairedCells::difference`] is the test to report.
    pub fn new(first_only: u64, second_only: u64) -> Self {
        let fewer = first_only.min(second_only);
        let p = (2.0 * fair_coin_lower_tail(fewer, first_only + second_only)).min(1.0);
        Self { first_only, second_only, p }
    }

    /// Counts the cells from whether each run gets them right.
    ///
    /// # Errors
    /// When the lengths differ.
    pub fn from_correctness(first: &[bool], second: &[bool]) -> Result<Self> {
        if first.len() != second.len() {
            return Err(Error::Pairs { first: first.len(), second: second.len() });
        }
        let only = |one: &[bool], other: &[bool]| {
            one.iter().zip(other).filter(|(one, other)| **one && !**other).count() as u64
        };
        Ok(Self::new(only(first, second), only(second, first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cells_that_differ_count() {
        let first = [true, true, true, true, false, false];
        let second = [true, false, false, false, false, true];
        let test = McNemar::from_correctness(&first, &second).unwrap();
        // 2 · (1 + 4) / 16
        assert_eq!((test.first_only, test.second_only), (3, 1));
        assert!((test.p - 0.625).abs() < 1e-15);
        assert_eq!(McNemar::new(0, 0).p, 1.0);
        assert!(McNemar::from_correctness(&first, &[true]).is_err());
    }
}
