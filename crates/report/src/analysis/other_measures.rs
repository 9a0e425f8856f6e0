//! Compared configurations in measures besides accuracy: differences with intervals over patients and seeds.

use ranklab_stats::{
    Bootstrap, ConfusionMatrix, CountMetric, Metric, Resampling, THRESHOLD, paired_bootstrap, roc_auc,
};
use rayon::prelude::*;
use serde::Serialize;

use crate::options::Options;

use super::cells::TestCells;
use super::intervals::SEED;
use super::measured::Measured;
use super::pairs::{Comparisons, Pair};

/// Comparisons shown: each costs a bootstrap per measure.
const SHOWN: usize = 12;
/// Resamples of a difference at most, and cells over all resamples of a comparison.
const REPLICATES: usize = 1000;
const CELLS: usize = 40_000_000;
/// Fewest resamples that an interval is worth.
const FEWEST: usize = 200;
/// Measures whose differences are resampled.
const MEASURES: usize = 3;

/// A pair of configurations in measures besides accuracy, `first − second`; `None` where a class is missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OtherMeasures {
    /// Id of the first configuration.
    pub first: usize,
    /// Id of the second configuration.
    pub second: usize,
    /// Resamples of the intervals.
    pub replicates: usize,
    /// Area under the ROC curve.
    pub area: Option<Bootstrap>,
    /// Share of positive cells that are called so.
    pub sensitivity: Option<Bootstrap>,
    /// Share of negative cells that are called so.
    pub specificity: Option<Bootstrap>,
}

/// The leading comparisons in measures besides accuracy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeadingOtherMeasures {
    /// Comparisons that were looked at, the first of the report.
    pub of_pairs: usize,
    /// Those that any measure can be compared in.
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
    let cells = first.labels.len() * (first.repeats.len() + second.repeats.len()) * MEASURES;
    let replicates = options.replicates.min(REPLICATES).min((CELLS / cells.max(1)).max(FEWEST));
    let resampling = Resampling { replicates, seed: SEED, level: options.level() };
    let of_counts = |counted: CountMetric| {
        let of_run = move |labels: &[u8], run: &[f64]| {
            counted.of(&ConfusionMatrix::from_predictions(labels, run, THRESHOLD).ok()?)
        };
        difference(first, second, Metric::counts(counted), of_run, &resampling)
    };
    let found = OtherMeasures {
        first: pair.first,
        second: pair.second,
        replicates,
        area: difference(
            first,
            second,
            Metric::Area,
            |labels, run| roc_auc(labels, run).ok().flatten(),
            &resampling,
        ),
        sensitivity: of_counts(CountMetric::Sensitivity),
        specificity: of_counts(CountMetric::Specificity),
    };
    let any = found.area.or(found.sensitivity).or(found.specificity).is_some();
    any.then_some(found)
}

/// The difference over patients and, where there are several, over seeds of either configuration.
fn difference(
    first: &TestCells,
    second: &TestCells,
    metric: Metric<'_>,
    of_run: impl Fn(&[u8], &[f64]) -> Option<f64>,
    resampling: &Resampling,
) -> Option<Bootstrap> {
    let of_seeds = |cells: &TestCells| {
        let values = cells.lists().into_iter().map(|run| of_run(&cells.labels, run));
        values.collect::<Option<Vec<f64>>>().map(|values| cells.by_seed(&values))
    };
    let found =
        paired_bootstrap(metric, &first.labels, &first.lists(), &second.lists(), &first.clusters, resampling);
    let over = found.ok().flatten()?.difference.over_runs(&of_seeds(first)?).ok()?;
    let mut over = over.over_runs(&of_seeds(second)?).ok()?;
    // Few seeds that differ much reach beyond what a difference of shares can be.
    let interval = &mut over.interval;
    (interval.lower, interval.upper) = (interval.lower.max(-1.0), interval.upper.min(1.0));
    Some(over)
}
