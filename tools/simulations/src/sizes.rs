//! How many cells each patient of a simulated study has.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

use crate::error::{Error, Result};

/// Mean number of cells of a patient.
const CELLS: f64 = 26.0;
/// The share of all cells that one patient has in [`Sizes::OneLarge`].
const LARGEST: f64 = 0.6;
/// Images of each of the 100 patients of the official images, rising. Their effective number is 52.
const DATASET: [u16; 100] = [
    66, 67, 67, 67, 68, 68, 68, 68, 68, 68, 69, 69, 69, 69, 69, 69, 69, 69, 69, 69, 69, 70, 70, 70, 70, 73,
    73, 73, 73, 75, 75, 75, 75, 75, 77, 78, 79, 79, 79, 79, 79, 80, 81, 82, 82, 82, 82, 82, 84, 85, 86, 86,
    86, 88, 89, 91, 92, 93, 93, 93, 95, 99, 103, 107, 114, 117, 118, 119, 127, 128, 130, 132, 140, 140, 144,
    155, 158, 164, 167, 185, 197, 198, 206, 211, 245, 299, 310, 331, 333, 334, 385, 391, 408, 482, 547, 568,
    632, 639, 687, 702,
];

/// How unequal the patients are. The mean is 26 cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Sizes {
    /// 26 cells each.
    Equal,
    /// Quantiles of the dataset's patients: an effective number of 103 of 200.
    Dataset,
    /// Drawn anew for each study, the logarithm with a standard deviation of 1: an effective number of about 80 of 200.
    Lognormal,
    /// One patient has 60 % of the cells, the others have equally many.
    OneLarge,
}

impl Sizes {
    /// Cells of each of so many patients, at least one.
    pub(crate) fn draw(self, patients: usize, random: &mut ChaCha8Rng) -> Result<Vec<usize>> {
        let share: Vec<f64> = match self {
            Self::Equal => vec![1.0; patients],
            Self::Dataset => (0..patients)
                .map(|patient| f64::from(DATASET[(2 * patient + 1) * DATASET.len() / (2 * patients)]))
                .collect(),
            Self::Lognormal => {
                let law = LogNormal::new(0.0, 1.0).map_err(|error| Error::Distribution(error.to_string()))?;
                (0..patients).map(|_| law.sample(random)).collect()
            }
            Self::OneLarge => {
                let mut shares = vec![(1.0 - LARGEST) / (patients - 1) as f64; patients];
                shares[0] = LARGEST;
                shares
            }
        };
        let scale = CELLS * patients as f64 / share.iter().sum::<f64>();
        Ok(share.into_iter().map(|share| (share * scale).round().max(1.0) as usize).collect())
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Equal => "equal",
            Self::Dataset => "the dataset's sizes",
            Self::Lognormal => "lognormal",
            Self::OneLarge => "one with 60 %",
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn effective(sizes: Sizes, patients: usize) -> (f64, f64) {
        let drawn = sizes.draw(patients, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let cells: f64 = drawn.iter().map(|size| *size as f64).sum();
        let squares: f64 = drawn.iter().map(|size| (*size as f64).powi(2)).sum();
        (cells / patients as f64, cells * cells / squares)
    }

    #[test]
    fn sizes_have_a_mean_of_26_and_their_effective_numbers() {
        for (sizes, patients, expected) in [
            (Sizes::Equal, 40, 40.0..=40.0),
            (Sizes::Dataset, 200, 102.0..=105.0),
            (Sizes::Dataset, 12, 5.0..=9.0),
            (Sizes::Lognormal, 200, 50.0..=110.0),
            (Sizes::OneLarge, 40, 2.0..=3.0),
        ] {
            let (mean, found) = effective(sizes, patients);
            assert!((mean - 26.0).abs() < 1.0 && expected.contains(&found), "{sizes}: {mean} and {found}");
        }
    }
}
