//! Whether there are enough patients to show that two configurations are equivalent.

use ranklab_stats::{Resampled, patients_for_margin};
use serde::Serialize;

use crate::options::Options;

use super::pairs::Comparisons;

/// Fewer patients, or cells without patients, than equivalence within the margin takes, whatever they show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TooFewUnits {
    /// How many it takes.
    pub needed: usize,
    /// The smallest effective number of all comparisons.
    pub effective: f64,
    /// What these are, and how many.
    pub resampled: Resampled,
}

/// That there are too few; `None` where they are enough.
pub(crate) fn too_few_units(comparisons: &Comparisons, options: &Options) -> Option<TooFewUnits> {
    // The first of the claims that Holm's correction allows has this share of alpha.
    let family = if comparisons.primary > 0 { comparisons.primary } else { comparisons.secondary };
    let needed = patients_for_margin(options.margin, options.alpha / family.max(1) as f64).ok()?;
    let concentrations = comparisons.pairs.iter().map(|pair| pair.difference.concentration);
    let found = concentrations.min_by(|one, other| one.effective.total_cmp(&other.effective))?;
    let (effective, resampled) = (found.effective, found.resampled);
    (effective < needed as f64).then_some(TooFewUnits { needed, effective, resampled })
}
