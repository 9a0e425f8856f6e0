//! Curves with bands, and what captions say of these.

use crate::analysis::{BAND_REPLICATES, ConfigurationCurve};
use crate::words::format::{confidence, four};

use super::along::along;
use super::chart::{Note, Point, Series};
use super::scope::ChartScope;

/// Places of a curve that can be pointed at.
pub(super) const PLACES: usize = 20;

/// The words for a curve and what lies below it.
pub(super) struct Area {
    /// The area.
    pub(super) name: &'static str,
    /// What the horizontal axis measures.
    pub(super) across: &'static str,
    /// What the vertical axis measures.
    pub(super) up: &'static str,
}

/// A configuration's curve, with a value at each of a few places along it.
pub(super) fn curve_series(
    scope: &ChartScope<'_>,
    curve: &ConfigurationCurve,
    area: &Area,
) -> Option<Series> {
    let leading = scope.leading_with_id(curve.configuration)?;
    let configuration = &leading.configuration.name;
    let measure = format!("{} {}", area.name, four(curve.area));
    let points = curve.points.iter().map(|(x, y)| Point { x: *x, y: *y, bar: None }).collect();
    let note = |(x, y): (f64, f64)| Note {
        text: format!("{configuration}, at {} {x:.3}: {} {y:.3}", area.across, area.up),
        ..Note::of_mean(x, y)
    };
    // Both axes are equally long.
    let notes = along(&curve.points, (1.0, 1.0), PLACES).into_iter().map(note).collect();
    let series = Series::of(configuration.clone(), leading.slot, points);
    Some(Series { measure, band: curve.band.clone(), notes, ..series })
}

/// A sentence on the bands of the leading configurations.
pub(super) fn note(scope: &ChartScope<'_>) -> String {
    let of = if scope.charted.banded.len() == scope.leading.len() {
        ""
    } else {
        ", drawn for the best configuration of each model by validation,"
    };
    format!(
        " Bands{of} are {} intervals over {} (at most {BAND_REPLICATES} resamples). They hold point by point, \
         not for a curve as a whole.",
        confidence(&scope.analysis.options),
        scope.analysis.nouns.group.many
    )
}
