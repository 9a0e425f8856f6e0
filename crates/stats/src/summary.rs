//! Mean and spread of a value over several runs.

use serde::{Deserialize, Serialize};

use crate::distribution::Reference;
use crate::error::{Error, Result, check_finite, check_level};
use crate::interval::Interval;
use crate::source::Source;

/// Mean and sample standard deviation of a few values, say of one metric over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of values.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation (divisor n − 1); `None` for a single value.
    pub sd: Option<f64>,
}

impl Summary {
    /// Summarizes at least one finite value.
    ///
    /// # Errors
    /// When there are no values or one is not finite.
    pub fn new(values: &[f64]) -> Result<Self> {
        if values.is_empty() {
            return Err(Error::Empty);
        }
        check_finite(values)?;
        let n = values.len();
        // Shifted by the first value, equal values have exactly their own mean and no spread.
        let shift = values[0];
        let mean = shift + values.iter().map(|value| value - shift).sum::<f64>() / n as f64;
        let sd = (n > 1).then(|| {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            (squares / (n - 1) as f64).sqrt()
        });
        Ok(Self { n, mean, sd })
    }

    /// The mean's variance, `sd² / n`; `None` for a single value.
    pub fn source(&self) -> Option<Source> {
        let variance = self.sd?.powi(2) / self.n as f64;
        Some(Source { variance, degrees_of_freedom: (self.n - 1) as f64 })
    }

    /// The t interval of the mean (Student 1908): `mean ± t · sd / √n` with n − 1 degrees of freedom.
    /// Over seeds it covers other seeds on the same cells; over folds it is too narrow, because the
    /// folds train on mostly the same cells (Bengio & Grandvalet 2004). It may reach past what a metric can
    /// be ([`Interval::within`] cuts it), and equal values have none of any width, which says only that they
    /// are equal. `None` for a single value.
    ///
    /// # Errors
    /// When the level is not between 0 and 1.
    pub fn interval(&self, level: f64) -> Result<Option<Interval>> {
        check_level(level)?;
        let Some(sd) = self.sd else { return Ok(None) };
        let reference = Reference::StudentT { degrees_of_freedom: (self.n - 1) as f64 };
        let half = reference.two_sided_quantile(level)? * sd / (self.n as f64).sqrt();
        Ok(Some(Interval::around(self.mean, half, level)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_value_has_no_spread_to_speak_of() {
        let summary = Summary::new(&[0.97]).unwrap();
        assert_eq!(summary, Summary { n: 1, mean: 0.97, sd: None });
        assert_eq!(summary.interval(0.95), Ok(None));
        assert_eq!(summary.interval(95.0), Err(Error::Level(95.0)));
    }

    #[test]
    fn nothing_and_diverged_values_are_refused() {
        assert_eq!(Summary::new(&[]), Err(Error::Empty));
        assert!(matches!(Summary::new(&[1.0, f64::NAN]), Err(Error::NotFinite { position: 1, .. })));
        assert!(matches!(Summary::new(&[f64::INFINITY]), Err(Error::NotFinite { position: 0, .. })));
    }
}
