//! The distributions that tests and intervals refer to.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

use crate::error::Result;
use crate::student::student;

/// How a difference over its standard error is distributed if there is no difference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// Standard normal, for standard errors from many patients or from a bootstrap.
    Normal,
    /// Student's t.
    StudentT {
        /// Patients or cells less one.
        degrees_of_freedom: f64,
    },
}

impl Reference {
    /// The chance of a value of at least `statistic`.
    ///
    /// # Errors
    /// When the degrees of freedom are not positive.
    pub fn upper_tail(self, statistic: f64) -> Result<f64> {
        Ok(match self {
            Self::Normal => Normal::standard().sf(statistic),
            Self::StudentT { degrees_of_freedom } => student(degrees_of_freedom)?.upper_tail(statistic),
        })
    }

    /// The chance of a value at least as far from zero as `statistic`, at most 1.
    ///
    /// # Errors
    /// When the degrees of freedom are not positive.
    pub fn two_sided_p(self, statistic: f64) -> Result<f64> {
        Ok((2.0 * self.upper_tail(statistic.abs())?).min(1.0))
    }

    /// The value that is exceeded with the chance `1 − probability`.
    ///
    /// # Errors
    /// When the probability is not strictly between 0 and 1, or the degrees of freedom are not positive.
    pub fn quantile(self, probability: f64) -> Result<f64> {
        crate::error::check_level(probability)?;
        Ok(match self {
            Self::Normal => Normal::standard().inverse_cdf(probability),
            Self::StudentT { degrees_of_freedom } => {
                let law = student(degrees_of_freedom)?;
                upper_half(probability, |tail| Ok(law.upper_quantile(tail)))?
            }
        })
    }

    /// How many standard errors a two-sided interval reaches to either side.
    pub(crate) fn two_sided_quantile(self, level: f64) -> Result<f64> {
        self.quantile(0.5 + level / 2.0)
    }
}

/// A symmetric distribution's quantile from those of its upper half.
fn upper_half(probability: f64, quantile: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    if probability < 0.5 { Ok(-quantile(probability)?) } else { quantile(1.0 - probability) }
}

/// The chance that at most `heads` of `tosses` fair coins show heads.
pub(crate) fn fair_coin_lower_tail(heads: u64, tosses: u64) -> f64 {
    // One half is a valid chance, so the fallback only keeps a claim from being made.
    Binomial::new(0.5, tosses).map_or(1.0, |coins| coins.cdf(heads))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn degrees_of_freedom_must_be_positive_and_finite() {
        for degrees_of_freedom in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let reference = Reference::StudentT { degrees_of_freedom };
            assert!(matches!(reference.two_sided_p(1.0), Err(Error::DegreesOfFreedom(_))));
        }
    }

    #[test]
    fn three_coins_have_the_tails_of_pascals_triangle() {
        for (heads, share) in [(0, 1.0), (1, 4.0), (2, 7.0), (3, 8.0)] {
            assert!((fair_coin_lower_tail(heads, 3) - share / 8.0).abs() < 1e-13);
        }
        assert_eq!(fair_coin_lower_tail(0, 0), 1.0);
    }
}
