//! The size and the noise of a simulated study.

use std::fmt;

use crate::error::{Error, Result};
use crate::sizes::Sizes;

/// A cell of the grid: the size and the noise of a study. Accuracies are fractions: 0.003 is 0.3 points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// Number of patients.
    pub patients: usize,
    /// How many cells each has.
    pub sizes: Sizes,
    /// Networks that each configuration was trained to, one per seed (and fold).
    pub seeds: usize,
    /// Configurations; the first is the baseline.
    pub configurations: usize,
    /// Standard deviation of what a fold does to the accuracy of a configuration whatever the seed; `None` without
    /// folds. With folds there are five, of whole patients, each with networks of its own.
    pub folds: Option<f64>,
    /// Standard deviation of a network's accuracy.
    pub seed_luck: f64,
    /// Whether configurations lose one patient in a hundred altogether.
    pub disasters: bool,
}

impl Default for Design {
    /// 200 patients of equal size, 3 seeds, 8 configurations, no folds, 0.3 points of seed luck, no disasters.
    fn default() -> Self {
        Self {
            patients: 200,
            sizes: Sizes::Equal,
            seeds: 3,
            configurations: 8,
            folds: None,
            seed_luck: 0.003,
            disasters: false,
        }
    }
}

impl Design {
    /// Checks that a study can have it.
    ///
    /// # Errors
    /// With fewer than 5 patients, 1 seed or 2 configurations, or a standard deviation below 0.
    pub fn check(&self) -> Result<()> {
        let at_least = |option, value: f64, least: f64| {
            if value >= least { Ok(()) } else { Err(Error::Design { option, value, least }) }
        };
        at_least("patients", self.patients as f64, 5.0)?;
        at_least("seeds", self.seeds as f64, 1.0)?;
        at_least("configurations", self.configurations as f64, 2.0)?;
        at_least("luck", self.seed_luck, 0.0)?;
        at_least("fold-luck", self.folds.unwrap_or(0.0), 0.0)
    }
}

impl fmt::Display for Design {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.seeds == 1 { "" } else { "s" };
        write!(
            formatter,
            "{} patients, {}, {} seed{plural}, {} configurations, luck {}",
            self.patients,
            self.sizes,
            self.seeds,
            self.configurations,
            points(self.seed_luck),
        )?;
        if let Some(luck) = self.folds {
            write!(formatter, ", folds {}", points(luck))?;
        }
        if self.disasters { write!(formatter, ", disasters") } else { Ok(()) }
    }
}

/// An accuracy in points, without digits of rounding.
fn points(accuracy: f64) -> f64 {
    (accuracy * 1e5).round() / 1e3
}
