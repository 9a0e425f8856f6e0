//! ROC curves with their bands.

use ranklab_stats::{Curve, CurveBand, RocPoint, roc_curve};
use serde::Serialize;

use super::cells::TestCells;
use super::curve::{BandOf, ConfigurationCurve, band};
use super::measured::Measured;

/// Places at which the curves of several seeds are averaged.
const PLACES: usize = 200;
/// Indices of a band.
const BAND_PLACES: usize = 60;
/// Side of the corner that is shown where all curves run through it.
const CORNER: f64 = 0.25;

/// The ROC curves of several configurations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RocCurves {
    /// Side of the upper left square that is shown: 1 for whole curves.
    pub side: f64,
    /// The curves.
    pub curves: Vec<ConfigurationCurve>,
}

/// The curves of the configurations that have them, cut to the corner where all run through it.
pub(crate) fn roc_curves(leading: &[&Measured<'_>], band_of: BandOf<'_>) -> RocCurves {
    let mut whole = Vec::new();
    for one in leading {
        let (Some(cells), Some(area)) = (&one.cells, one.configuration.area_interval) else { continue };
        whole.extend(curve(cells).map(|curve| (one.configuration.id, cells, area.estimate, curve)));
    }
    // All of the curve that matters lies in a corner for good models.
    let reaches_corner = |curve: &[(f64, f64)]| height(curve, CORNER) >= 1.0 - CORNER / 5.0;
    let side = if whole.iter().all(|(.., curve)| reaches_corner(curve)) { CORNER } else { 1.0 };
    let places: Vec<f64> =
        (0..=BAND_PLACES).map(|place| side * (place as f64 / BAND_PLACES as f64).powi(2)).collect();
    let floor = 1.0 - side;
    let ends = |band: CurveBand| {
        let ends = places.iter().zip(band.intervals);
        ends.map(|(x, one)| (*x, one.lower.max(floor), one.upper.max(floor))).collect()
    };
    let curves = whole
        .into_iter()
        .map(|(configuration, cells, area, curve)| ConfigurationCurve {
            configuration,
            area,
            points: cut(&curve, side),
            band: band(Curve::Roc, (configuration, cells), &places, band_of).map(ends).unwrap_or_default(),
        })
        .collect();
    RocCurves { side, curves }
}

/// The corners of the curve of a single repeat, or the mean curve of several.
fn curve(cells: &TestCells) -> Option<Vec<(f64, f64)>> {
    let mut curves = Vec::new();
    for repeat in &cells.repeats {
        let points = roc_curve(&cells.labels, repeat).ok()??;
        let place = |point: &RocPoint| (point.false_positive_rate, point.sensitivity);
        curves.push(corners(&points.iter().map(place).collect::<Vec<_>>()));
    }
    if curves.len() == 1 {
        return curves.pop();
    }
    // Closer to each other where curves are steep.
    let places = (0..=PLACES).map(|place| (place as f64 / PLACES as f64).powi(2));
    let mean = |x: f64| curves.iter().map(|curve| height(curve, x)).sum::<f64>() / curves.len() as f64;
    Some(std::iter::once((0.0, 0.0)).chain(places.map(|x| (x, mean(x)))).collect())
}

/// Without points between two others on a level or upright line.
fn corners(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let between = |place: usize| {
        let Some([before, point, after]) = place.checked_sub(1).and_then(|from| points.get(from..from + 3))
        else {
            return false;
        };
        (before.0 == point.0 && point.0 == after.0) || (before.1 == point.1 && point.1 == after.1)
    };
    (0..points.len()).filter(|place| !between(*place)).map(|place| points[place]).collect()
}

/// The curve's height at a false positive rate, the upper end of an upright stretch.
fn height(curve: &[(f64, f64)], x: f64) -> f64 {
    let after = curve.partition_point(|point| point.0 <= x);
    match (after.checked_sub(1).map(|before| curve[before]), curve.get(after)) {
        (Some(before), Some(after)) => {
            before.1 + (after.1 - before.1) * (x - before.0) / (after.0 - before.0)
        }
        (Some(last), None) => last.1,
        (None, _) => 0.0,
    }
}

/// The part of a curve that lies in the upper left square of a side.
fn cut(curve: &[(f64, f64)], side: f64) -> Vec<(f64, f64)> {
    let floor = 1.0 - side;
    let enters = curve.partition_point(|point| point.1 < floor);
    let mut points: Vec<(f64, f64)> = Vec::new();
    if let (Some((from, below)), Some((to, above))) =
        (enters.checked_sub(1).map(|before| curve[before]), curve.get(enters))
    {
        let x = from + (to - from) * (floor - below) / (above - below);
        points.extend(Some((x, floor)).filter(|_| x < side));
    }
    points.extend(curve[enters..].iter().take_while(|point| point.0 < side));
    points.push((side, height(curve, side).max(floor)));
    // Steps that no screen shows would only make the page heavy.
    let step = side / 1000.0;
    points.dedup_by(|next, kept| (next.0 - kept.0).abs() < step && (next.1 - kept.1).abs() < step);
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_corners_of_a_curve_are_drawn() {
        let points = [(0.0, 0.0), (0.0, 0.4), (0.0, 0.8), (0.1, 0.8), (0.2, 0.8), (0.3, 0.9), (1.0, 1.0)];
        assert_eq!(corners(&points), [(0.0, 0.0), (0.0, 0.8), (0.2, 0.8), (0.3, 0.9), (1.0, 1.0)]);
    }

    #[test]
    fn a_curve_is_cut_where_it_leaves_the_corner() {
        let curve = [(0.0, 0.0), (0.0, 0.8), (0.2, 0.8), (0.3, 0.9), (1.0, 1.0)];
        assert!((height(&curve, 0.25) - 0.85).abs() < 1e-12);
        assert_eq!((height(&curve, 0.0), height(&curve, 1.0)), (0.8, 1.0));
        let cut = cut(&curve, 0.25);
        assert_eq!(cut[..3], [(0.0, 0.75), (0.0, 0.8), (0.2, 0.8)]);
        assert_eq!((cut.len(), cut[3].0), (4, 0.25));
        let late = [(0.0, 0.0), (0.1, 0.6), (0.2, 0.9), (1.0, 1.0)];
        let entered = super::cut(&late, 0.25);
        assert!((entered[0].0 - 0.15).abs() < 1e-12 && entered[0].1 == 0.75 && entered[1] == (0.2, 0.9));
        let fine: Vec<(f64, f64)> = (0..=100_000).map(|place| (f64::from(place) / 1e5, 1.0)).collect();
        assert!((900..1100).contains(&super::cut(&fine, 1.0).len()));
    }
}
