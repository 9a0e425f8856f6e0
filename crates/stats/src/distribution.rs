//! The distributions that tests and intervals refer to, from statrs.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, Continuous, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

use crate::error::{Error, Result};
use crate::sources::Sources;

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
    /// Several sources of variance, each with its own degrees of freedom; their variances as shares.
    Sources(Sources),
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
            Self::Sources(sources) => sources.upper_tail(statistic)?,
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
            Self::Sources(sources) => upper_half(probability, |tail| sources.upper_quantile(tail))?,
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

/// Student's t.
pub(crate) struct Student(StudentsT);

impl Student {
    pub(crate) fn upper_tail(&self, statistic: f64) -> f64 {
        self.0.sf(statistic)
    }

    pub(crate) fn density(&self, value: f64) -> f64 {
        self.0.pdf(value)
    }

    /// The value that is exceeded with a chance of at most one half.
    pub(crate) fn upper_quantile(&self, upper_tail: f64) -> f64 {
        self.upper_quantile_near(Normal::standard().inverse_cdf(upper_tail).abs(), upper_tail)
    }

    /// The same from a guess. statrs' own inverse panics far out (0.19.1), so its tail is inverted here:
    /// its logarithm is a concave function of that of the value, on which Newton's steps, from the second
    /// on, come down to the root.
    pub(crate) fn upper_quantile_near(&self, guess: f64, upper_tail: f64) -> f64 {
        if upper_tail >= 0.5 {
            return 0.0;
        }
        let (wanted, mut place) = (upper_tail.ln(), guess.ln());
        for _ in 0..50 {
            let (value, tail) = (place.exp(), self.0.sf(place.exp()));
            let step = (tail.ln() - wanted) * tail / (self.0.pdf(value) * value);
            if !step.is_finite() {
                return f64::INFINITY;
            }
            place += step;
            // Each step squares the error.
            if step.abs() < 1e-7 {
                break;
            }
        }
        place.exp()
    }
}

pub(crate) fn student(degrees_of_freedom: f64) -> Result<Student> {
    // statrs takes an infinite number, whose quantiles it does not compute.
    if !degrees_of_freedom.is_finite() {
        return Err(Error::DegreesOfFreedom(degrees_of_freedom));
    }
    let law = StudentsT::new(0.0, 1.0, degrees_of_freedom);
    law.map(Student).map_err(|_| Error::DegreesOfFreedom(degrees_of_freedom))
}

/// The chance that at most `heads` of `tosses` fair coins show heads.
pub(crate) fn fair_coin_lower_tail(heads: u64, tosses: u64) -> f64 {
    // One half is a valid chance, so the fallback only keeps a claim from being made.
    Binomial::new(0.5, tosses).map_or(1.0, |coins| coins.cdf(heads))
}

/// The chance of at most so many successes in so many trials of this chance; 1, which claims nothing, for
/// what is no chance.
pub(crate) fn binomial_lower_tail(successes: usize, trials: usize, chance: f64) -> f64 {
    Binomial::new(chance, trials as u64).map_or(1.0, |trials| trials.cdf(successes as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_of_freedom_must_be_positive_and_finite() {
        for degrees_of_freedom in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let reference = Reference::StudentT { degrees_of_freedom };
            assert!(matches!(reference.two_sided_p(1.0), Err(Error::DegreesOfFreedom(_))));
        }
    }

    #[test]
    fn tail_and_quantile_undo_each_other_far_out() {
        for degrees_of_freedom in [1.0, 2.0, 3.0, 9.0, 99.0, 5000.0] {
            let law = student(degrees_of_freedom).unwrap();
            for tail in [0.4, 0.025, 1e-4, 1e-9, 1e-30] {
                let found = law.upper_tail(law.upper_quantile(tail));
                assert!((found / tail - 1.0).abs() < 1e-9, "{degrees_of_freedom}, {tail}: {found}");
            }
            assert_eq!((law.upper_quantile(0.5), law.upper_quantile(0.0)), (0.0, f64::INFINITY));
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
