//! A curve of a configuration's probabilities with its band.

use ranklab_stats::{Curve, CurveBand, Resampling, curve_band};
use serde::Serialize;

use super::cells::TestCells;

/// A configuration's curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigurationCurve {
    /// Id of the configuration.
    pub configuration: usize,
    /// Area below the whole curve, averaged over seeds.
    pub area: f64,
    /// Points of the part that is shown, along the horizontal axis.
    pub points: Vec<(f64, f64)>,
    /// Place along the horizontal axis, lower and upper end of the band; empty without one.
    pub band: Vec<(f64, f64, f64)>,
}

/// How the band of a configuration with an id and so many predictions is resampled; `None` where it has none.
pub(crate) type BandOf<'a> = &'a dyn Fn(usize, usize) -> Option<Resampling>;

/// The band of a configuration's curve at these places; `None` where it has none or it cannot be had, as from cells of
/// one class.
pub(crate) fn band(
    curve: Curve,
    (id, cells): (usize, &TestCells),
    places: &[f64],
    band_of: BandOf<'_>,
) -> Option<CurveBand> {
    let resampling = band_of(id, cells.labels.len() * cells.repeats.len())?;
    curve_band(curve, &cells.labels, &cells.lists(), &cells.clusters, places, &resampling).ok().flatten()
}
