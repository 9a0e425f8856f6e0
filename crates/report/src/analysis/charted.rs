//! Configurations that share charts, and the curves that only charts show.

use ranklab_stats::Resampling;
use serde::Serialize;

use crate::options::Options;

use super::configuration::Configuration;
use super::measured::Measured;
use super::patient_errors::{PatientErrors, patient_errors};
use super::precision_recall::{PrecisionRecallCurves, precision_recall_curves};
use super::reliability::{Reliability, reliability};
use super::roc::{RocCurves, roc_curves};
use super::test_sets::TestSet;
use super::validation::Validation;

/// Sets of test cells that have charts.
const TEST_SETS: usize = 4;
/// Curves in one overview; more cannot be distinguished.
pub(crate) const OVERVIEW_CURVES: usize = 8;
/// Curves with a band each; more would cover each other.
const BANDS: usize = 3;
/// Resamples of a band, whose ends are drawn to the width of a line.
pub(crate) const BAND_REPLICATES: usize = 500;

/// Configurations that share charts: all of a report, or those that were tested on the same cells where there are
/// several sets of cells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Charted {
    /// Index in [`super::Analysis::test_sets`]; `None` where all configurations share charts.
    pub test_set: Option<usize>,
    /// Their ids, ascending.
    pub configurations: Vec<usize>,
    /// Ids of those with the best validation figures, whose curves are drawn, ascending.
    pub leading: Vec<usize>,
    /// Ids of those whose curves have bands: all leading ones where they are few, or else the best of each model
    /// by validation.
    pub banded: Vec<usize>,
    /// ROC curves of the leading ones.
    pub roc: RocCurves,
    /// Precision-recall curves of the leading ones.
    pub precision_recall: PrecisionRecallCurves,
    /// Predicted against observed shares of the leading ones.
    pub reliability: Vec<Reliability>,
    /// Errors of the leading ones by patient.
    pub patient_errors: Vec<PatientErrors>,
}

/// What has charts. Configurations that were tested on different cells share none.
pub(crate) fn charted(measured: &[Measured<'_>], sets: &[TestSet], options: &Options) -> Vec<Charted> {
    if sets.len() < 2 {
        return vec![of_configurations(measured, None, (0..measured.len()).collect(), options)];
    }
    let drawn = sets.iter().take(TEST_SETS).enumerate();
    drawn
        .map(|(place, set)| {
            let mut configurations = set.configurations.clone();
            configurations.sort_unstable();
            of_configurations(measured, Some(place), configurations, options)
        })
        .collect()
}

fn of_configurations(
    measured: &[Measured<'_>],
    test_set: Option<usize>,
    configurations: Vec<usize>,
    options: &Options,
) -> Charted {
    let of = |ids: &[usize]| -> Vec<&Measured<'_>> { ids.iter().map(|id| &measured[*id]).collect() };
    let leading = leading(&of(&configurations));
    let banded = banded(&of(&leading));
    let (drawn, bands) = (of(&leading), Bands { of: &banded, options });
    Charted {
        test_set,
        roc: roc_curves(&drawn, &|id, cells| bands.resampling(id, cells)),
        precision_recall: precision_recall_curves(&drawn, &|id, cells| bands.resampling(id, cells)),
        reliability: reliability(&drawn),
        patient_errors: patient_errors(&drawn),
        configurations,
        leading,
        banded,
    }
}

/// The configurations with the best validation figures, in their order.
fn leading(measured: &[&Measured<'_>]) -> Vec<usize> {
    let mut candidates: Vec<&Configuration> = measured.iter().map(|one| &one.configuration).collect();
    candidates.sort_by(|one, other| Validation::order(one.validation.as_ref(), other.validation.as_ref()));
    let mut leading: Vec<usize> = candidates.iter().take(OVERVIEW_CURVES).map(|one| one.id).collect();
    leading.sort_unstable();
    leading
}

fn banded(leading: &[&Measured<'_>]) -> Vec<usize> {
    if leading.len() <= BANDS {
        return leading.iter().map(|one| one.configuration.id).collect();
    }
    let mut best: Vec<&Configuration> = Vec::new();
    for one in leading.iter().map(|one| &one.configuration) {
        match best.iter_mut().find(|other| other.start.model == one.start.model) {
            Some(other) if Validation::order(one.validation.as_ref(), other.validation.as_ref()).is_lt() => {
                *other = one;
            }
            Some(_) => {}
            None => best.push(one),
        }
    }
    best.truncate(BANDS);
    best.iter().map(|one| one.id).collect()
}

/// Whose curves have bands.
struct Bands<'a> {
    of: &'a [usize],
    options: &'a Options,
}

/// The fewest resamples of a band where cells and seeds are many.
const LEAST_REPLICATES: usize = 100;
/// Cells of all seeds and resamples that a band may take: a fraction of a second.
const BAND_CELLS: usize = 60_000_000;
/// Seed of a band's resamples: the same rows give the same band.
const SEED: u64 = 0;

impl Bands<'_> {
    /// How to resample the band of a configuration with so many predictions; `None` where it has none.
    fn resampling(&self, id: usize, predictions: usize) -> Option<Resampling> {
        let affordable = BAND_CELLS / predictions.max(1);
        let replicates = affordable.clamp(LEAST_REPLICATES, BAND_REPLICATES);
        self.of.contains(&id).then(|| Resampling {
            replicates: self.options.replicates.min(replicates),
            seed: SEED,
            level: self.options.level(),
        })
    }
}
