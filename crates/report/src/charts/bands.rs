//! Curves with bands, and what captions say of these.

use crate::analysis::{BAND_REPLICATES, ConfigurationCurve};
use crate::words::format::{confidence, four};

use super::chart::{Point, Series};
use super::scope::ChartScope;

/// A configuration's curve; `area` is the word for the area below it.
pub(super) fn curve_series(scope: &ChartScope<'_>, curve: &ConfigurationCurve, area: &str) -> Option<Series> {
    let leading = scope.leading_with_id(curve.configuration)?;
    let name = format!("{}, {area} {}", leading.configuration.name, four(curve.area));
    let points = curve.points.iter().map(|(x, y)| Point { x: *x, y: *y, bar: None }).collect();
    Some(Series { band: curve.band.clone(), ..Series::of(name, leading.slot, points) })
}

/// A sentence on the bands of the leading configurations.
pub(super) fn note(scope: &ChartScope<'_>) -> String {
    let of = if scope.charted.banded.len() == scope.leading.len() {
        ""
    } else {
        ", drawn for the best configuration of each model by validation,"
    };
    format!(
        " Bands{of} are {} intervals over patients (at most {BAND_REPLICATES} resamples). They hold point by point, \
         not for a curve as a whole.",
        confidence(&scope.analysis.options)
    )
}
