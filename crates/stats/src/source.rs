//! A part of an estimate's variance, and the degrees of freedom of several.

use serde::{Deserialize, Serialize};

use crate::distribution::Reference;
use crate::error::Result;

/// An estimated part of an estimate's variance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The part of the variance, in the squared unit of the estimate.
    pub variance: f64,
    /// Values that it was estimated from, less one, or what comes nearest to that.
    pub degrees_of_freedom: f64,
}

impl Source {
    /// Half the width of Student's interval of an estimate that has this variance alone.
    ///
    /// # Errors
    /// When the level is not between 0 and 1 or the degrees of freedom are not positive.
    pub fn half_width(&self, level: f64) -> Result<f64> {
        let reference = Reference::StudentT { degrees_of_freedom: self.degrees_of_freedom };
        Ok(reference.two_sided_quantile(level)? * self.variance.sqrt())
    }
}

/// Degrees of freedom of a variance `total` that several estimates make up (Satterthwaite 1946):
/// `total² / Σᵢ Vᵢ² / dfᵢ`. Where a part was taken off others the estimates are larger than what they make up together;
/// they count in full, so that the degrees of freedom are fewer.
pub(crate) fn satterthwaite<'a>(total: f64, parts: impl IntoIterator<Item = &'a Source>) -> f64 {
    let spread: f64 = parts
        .into_iter()
        .filter(|part| part.variance > 0.0)
        .map(|part| part.variance.powi(2) / part.degrees_of_freedom)
        .sum();
    total.powi(2) / spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_have_the_degrees_of_freedom_of_all() {
        let part = Source { variance: 2.0, degrees_of_freedom: 5.0 };
        assert!((satterthwaite(4.0, &[part, part]) - 10.0).abs() < 1e-12);
        assert!((satterthwaite(2.0, &[part]) - 5.0).abs() < 1e-12);
    }

    #[test]
    fn half_a_width_is_students_quantile_times_the_standard_error() {
        let found = Source { variance: 4.0, degrees_of_freedom: 2.0 }.half_width(0.95).unwrap();
        assert!((found - 2.0 * 4.302_652_729_911_275).abs() < 1e-9, "{found}");
    }
}
