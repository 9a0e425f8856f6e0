//! What the probabilities are worth: predicted against observed shares.

use ranklab_stats::ReliabilityCurve;
use serde::Serialize;

use super::measured::Measured;
use super::run_detail::BINS;

/// A configuration's predicted against observed shares, folds and seeds together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Id of the configuration.
    pub configuration: usize,
    /// Its bins.
    pub curve: ReliabilityCurve,
    /// Mean distance of predicted and observed shares, weighted by cells.
    pub calibration_error: f64,
}

/// The shares of the configurations that have predictions.
pub(crate) fn reliability(leading: &[&Measured<'_>]) -> Vec<Reliability> {
    let of = |one: &&Measured<'_>| {
        let cells = one.cells.as_ref()?;
        let labels = cells.labels.repeat(cells.repeats.len());
        let curve = ReliabilityCurve::new(&labels, &cells.repeats.concat(), BINS).ok()?;
        let calibration_error = curve.expected_calibration_error();
        Some(Reliability { configuration: one.configuration.id, curve, calibration_error })
    };
    leading.iter().filter_map(of).collect()
}
