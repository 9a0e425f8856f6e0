//! Precision-recall curves with their bands.

use ranklab_stats::{Curve, CurveBand, average_precision, curve_heights};
use serde::Serialize;

use super::cells::TestCells;
use super::curve::{BandOf, ConfigurationCurve, band};
use super::measured::Measured;

/// Places at which a curve is drawn.
const PLACES: usize = 400;
/// Indices of a band.
const BAND_PLACES: usize = 60;
/// Side of the corner that is shown where all curves run through it.
const CORNER: f64 = 0.25;

/// The precision-recall curves of several configurations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrecisionRecallCurves {
    /// Side of the upper right square that is shown: 1 for whole curves.
    pub side: f64,
    /// The curves, the average precision as their area.
    pub curves: Vec<ConfigurationCurve>,
    /// Positive cells and all cells, where all curves have the same.
    pub positives: Option<(usize, usize)>,
}

/// The curves of the configurations that have them, cut to the corner where all run through it.
pub(crate) fn precision_recall_curves(
    leading: &[&Measured<'_>],
    band_of: BandOf<'_>,
) -> PrecisionRecallCurves {
    let mut known = Vec::new();
    for one in leading {
        let Some(cells) = &one.cells else { continue };
        known.extend(mean_average_precision(cells).map(|area| (one.configuration.id, cells, area)));
    }
    let precise = |cells: &TestCells| {
        heights(cells, &[1.0 - CORNER]).is_some_and(|found| found[0] >= 1.0 - CORNER / 5.0)
    };
    let side = if known.iter().all(|(_, cells, _)| precise(cells)) { CORNER } else { 1.0 };
    let floor = 1.0 - side;
    let (at, at_band) = (places(side, PLACES), places(side, BAND_PLACES));
    let mut curves = Vec::new();
    for (configuration, cells, area) in &known {
        let Some(heights) = heights(cells, &at) else { continue };
        let band = band(Curve::PrecisionRecall, (*configuration, cells), &at_band, band_of);
        curves.push(ConfigurationCurve {
            configuration: *configuration,
            area: *area,
            points: above(&at, &heights, floor),
            band: band.map(|band| ends(&at_band, &band, floor)).unwrap_or_default(),
        });
    }
    let counted =
        |cells: &TestCells| (cells.labels.iter().filter(|label| **label == 1).count(), cells.labels.len());
    let mut counts: Vec<(usize, usize)> = known.iter().map(|(_, cells, _)| counted(cells)).collect();
    counts.dedup();
    let positives = if let [one] = counts[..] { Some(one) } else { None };
    PrecisionRecallCurves { side, curves, positives }
}

/// Mean over seeds; `None` without positive cells.
fn mean_average_precision(cells: &TestCells) -> Option<f64> {
    let mut sum = 0.0;
    for repeat in &cells.repeats {
        sum += average_precision(&cells.labels, repeat).ok()??;
    }
    Some(sum / cells.repeats.len() as f64)
}

fn heights(cells: &TestCells, places: &[f64]) -> Option<Vec<f64>> {
    curve_heights(Curve::PrecisionRecall, &cells.labels, &cells.lists(), places).ok()?
}

/// From `1 − side` to 1, closer to each other where curves are steep.
fn places(side: f64, count: usize) -> Vec<f64> {
    (0..=count).rev().map(|place| 1.0 - side * (place as f64 / count as f64).powi(2)).collect()
}

/// The part of a curve down to where it first falls below the floor.
fn above(places: &[f64], heights: &[f64], floor: f64) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (x, y) in places.iter().copied().zip(heights.iter().copied()) {
        if y < floor {
            points.extend(
                points
                    .last()
                    .copied()
                    .map(|(before, above)| (before + (x - before) * (above - floor) / (above - y), floor)),
            );
            break;
        }
        points.push((x, y));
    }
    points
}

fn ends(places: &[f64], band: &CurveBand, floor: f64) -> Vec<(f64, f64, f64)> {
    let ends = places.iter().zip(&band.intervals).map(|(x, one)| (*x, one.lower.max(floor), one.upper));
    ends.take_while(|(_, _, upper)| *upper > floor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_where_it_leaves_the_corner() {
        let (places, heights) = ([0.75, 0.8, 0.9, 1.0], [0.95, 0.85, 0.65, 0.9]);
        let drawn = above(&places, &heights, 0.75);
        assert_eq!(drawn[..2], [(0.75, 0.95), (0.8, 0.85)]);
        assert!(drawn.len() == 3 && (drawn[2].0 - 0.85).abs() < 1e-12 && drawn[2].1 == 0.75);
        assert_eq!(above(&places, &heights, 0.0).len(), 4);
    }

    #[test]
    fn places_rise_and_are_closest_at_full_recall() {
        let places = places(0.25, 100);
        assert_eq!((places[0], places[100]), (0.75, 1.0));
        assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(places[100] - places[99] < 0.1 * (places[1] - places[0]));
    }
}
