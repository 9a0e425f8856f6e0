//! Mean and spread of a value over several runs.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

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
        if let Some((position, value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(Error::NotFinite { position, value: *value });
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_value_has_no_spread_to_speak_of() {
        assert_eq!(Summary::new(&[0.97]), Ok(Summary { n: 1, mean: 0.97, sd: None }));
    }

    #[test]
    fn nothing_and_diverged_values_are_refused() {
        assert_eq!(Summary::new(&[]), Err(Error::Empty));
        assert!(matches!(Summary::new(&[1.0, f64::NAN]), Err(Error::NotFinite { position: 1, .. })));
        assert!(matches!(Summary::new(&[f64::INFINITY]), Err(Error::NotFinite { position: 0, .. })));
    }
}
