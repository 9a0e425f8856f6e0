//! Confidence intervals, and Wilson's for a proportion.

use serde::{Deserialize, Serialize};

use crate::distribution::Reference;
use crate::error::{Error, Result, check_level};

/// A confidence interval, in the unit of its estimate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower bound.
    pub lower: f64,
    /// Upper bound.
    pub upper: f64,
    /// Two-sided confidence, 0.95 for 95 %.
    pub level: f64,
}

impl Interval {
    /// `centre ± half`.
    pub(crate) fn around(centre: f64, half: f64, level: f64) -> Self {
        Self { lower: centre - half, upper: centre + half, level }
    }

    /// The interval of an estimate that a second, independent source of variance with a symmetric interval of this half
    /// width adds to: `estimate − √((estimate − lower)² + half²)` and likewise above (Zou & Donner 2008).
    pub fn joined(self, estimate: f64, half: f64) -> Self {
        Self {
            lower: estimate - (estimate - self.lower).hypot(half),
            upper: estimate + (self.upper - estimate).hypot(half),
            ..self
        }
    }

    /// The interval cut to what its estimate can be, say 0 to 1 for an accuracy.
    pub fn within(self, lowest: f64, highest: f64) -> Self {
        Self { lower: self.lower.clamp(lowest, highest), upper: self.upper.clamp(lowest, highest), ..self }
    }

    /// Whether a value lies in it, bounds included.
    pub fn contains(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// Whether it lies strictly within ±`margin`.
    pub fn is_within_margin(&self, margin: f64) -> bool {
        -margin < self.lower && self.upper < margin
    }
}

/// Wilson's score interval of a proportion (Wilson 1927), which stays within 0 and 1 and has a width
/// even where none or all succeeded. It takes the trials as independent: for cells of few patients it
/// is too narrow, and [`crate::bootstrap`] over patients is the one to report.
///
/// # Errors
/// When there are no trials or more successes than trials, or the level is not between 0 and 1.
pub fn wilson_interval(successes: u64, total: u64, level: f64) -> Result<Interval> {
    check_level(level)?;
    if total == 0 {
        return Err(Error::Empty);
    }
    if successes > total {
        return Err(Error::Proportion { successes, total });
    }
    let z = Reference::Normal.two_sided_quantile(level)?;
    wilson(successes as f64 / total as f64, total as f64, z, level)
}

/// The interval of a proportion among so many cells, with this quantile.
pub(crate) fn wilson(proportion: f64, n: f64, z: f64, level: f64) -> Result<Interval> {
    check_level(level)?;
    let shrinkage = 1.0 + z * z / n;
    let centre = (proportion + z * z / (2.0 * n)) / shrinkage;
    let half = z * (proportion * (1.0 - proportion) / n + z * z / (4.0 * n * n)).sqrt() / shrinkage;
    // Rounding must not push a bound past the proportion or out of range.
    Ok(Interval {
        lower: (centre - half).clamp(0.0, proportion),
        upper: (centre + half).clamp(proportion, 1.0),
        level,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_and_all_have_a_bound_at_the_edge_and_one_inside() {
        let none = wilson_interval(0, 20, 0.95).unwrap();
        assert_eq!(none.lower, 0.0);
        assert!(none.upper > 0.1 && none.upper < 0.2, "{none:?}");
        let all = wilson_interval(20, 20, 0.95).unwrap();
        assert_eq!(all.upper, 1.0);
        assert!((all.lower + none.upper - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_proportion_or_level_is_refused() {
        assert_eq!(wilson_interval(0, 0, 0.95), Err(Error::Empty));
        assert_eq!(wilson_interval(3, 2, 0.95), Err(Error::Proportion { successes: 3, total: 2 }));
        for level in [0.0, 1.0, 95.0] {
            assert_eq!(wilson_interval(1, 2, level), Err(Error::Level(level)));
        }
        assert!(wilson_interval(1, 2, f64::NAN).is_err());
    }
}
