//! Compared configurations in the area under the ROC curve: differences with intervals over patients and seeds.

use ranklab_stats::{Bootstrap, Resampling, paired_bootstrap_with};
use rayon::prelude::*;
use serde::Serialize;

use crate::options::Options;

use super::cells::TestCells;
use super::intervals::SEED;
use super::measured::Measured;
use super::pairs::{Comparisons, Pair};

/// Comparisons shown: each costs a bootstrap.
const SHOWN: usize = 12;
/// Resamples of a difference at most, and cells over all resamples of a comparison.
const REPLICATES: usize = 1000;
const CELLS: usize = 40_000_000;
/// Fewest resamples that an interval is worth.
const FEWEST: usize = 200;

/// A pair of configurations in the area under the ROC curve, `first − second`, within folds and averaged over them where
/// there are any; `None` where a class is missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OtherMeasures {
    /// Id of the first configuration.
    pub first: usize,
    /// Id of the second configuration.
    pub second: usize,
    /// Resamples of the interval.
    pub replicates: usize,
    /// Area under the ROC curve.
    pub area: Option<Bootstrap>,
}

/// The leading comparisons in measures besides accuracy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeadingOtherMeasures {
    /// Comparisons that were looked at, the first of the report.
    pub of_pairs: usize,
    /// Their differences in area; sensitivity and specificity stand with the pairs.
    pub pairs: Vec<OtherMeasures>,
}

/// The leading comparisons in other measures.
pub(crate) fn other_measures(
    measured: &[Measured<'_>],
    comparisons: &Comparisons,
    options: &Options,
) -> LeadingOtherMeasures {
    let pairs = &comparisons.pairs[..comparisons.pairs.len().min(SHOWN)];
    let found = pairs.par_iter().filter_map(|pair| of_pair(measured, pair, options)).collect();
    LeadingOtherMeasures { of_pairs: pairs.len(), pairs: found }
}

/// A comparison in other measures; `None` where none can be compared.
fn of_pair(measured: &[Measured<'_>], pair: &Pair, options: &Options) -> Option<OtherMeasures> {
    let (first, second) = (measured[pair.first].cells.as_ref()?, measured[pair.second].cells.as_ref()?);
    let cells = first.labels.len() * (first.repeats.len() + second.repeats.len());
    let replicates = options.replicates.min(REPLICATES).min((CELLS / cells.max(1)).max(FEWEST));
    let resampling = Resampling { replicates, seed: SEED, level: options.level() };
    let area = area(first, second, &resampling);
    let any = area.is_some() || pair.sensitivity.is_some() || pair.specificity.is_some();
    any.then_some(OtherMeasures { first: pair.first, second: pair.second, replicates, area })
}

/// The difference in area over patients and, where there are several, over seeds of either configuration.
fn area(first: &TestCells, second: &TestCells, resampling: &Resampling) -> Option<Bootstrap> {
    let found = paired_bootstrap_with(
        [first.area(), second.area()],
        &first.labels,
        [&first.lists(), &second.lists()],
        &first.clusters,
        resampling,
    );
    let over = found.ok().flatten()?.difference.over_runs(first.areas.as_ref()?).ok()?;
    let mut over = over.over_runs(second.areas.as_ref()?).ok()?;
    // Few seeds that differ much reach beyond what a difference of areas can be.
    over.interval = over.interval.within(-1.0, 1.0);
    Some(over)
}
