//! A rate of cells with an interval over patients.

use ranklab_stats::{Clusters, Interval, Resampled, clustered_wilson_interval};
use ranklab_store::PredictionRow;
use serde::Serialize;

use super::leakage::is_patient_known;

/// A rate of cells with its interval over patients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// The rate.
    pub rate: f64,
    /// Its interval.
    pub interval: Interval,
    /// What the interval took as independent.
    pub resampled: Resampled,
}

/// The mean of `right`, which is 1 for a cell that is called rightly and 0 for another, with Wilson's interval over the
/// patients of the cells, or over cells where no patient is known. `None` of too few cells or patients.
pub(crate) fn clustered_rate(right: &[f64], cells: &[&PredictionRow], level: f64) -> Option<Rate> {
    let units = |name: fn(&PredictionRow) -> &str| {
        Clusters::by_patient(&cells.iter().map(|row| name(row)).collect::<Vec<_>>())
    };
    let is_known = cells.iter().any(|row| is_patient_known(row));
    let clusters = if is_known { units(|row| &row.patient) } else { units(|row| &row.image) };
    let interval = clustered_wilson_interval(right, &clusters, level).ok()?;
    let rate = right.iter().sum::<f64>() / right.len() as f64;
    Some(Rate { rate, interval, resampled: clusters.resampled() })
}
