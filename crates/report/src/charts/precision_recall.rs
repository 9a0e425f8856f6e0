//! Precision-recall curves with their bands.

use ranklab_stats::{Curve, CurveBand, average_precision, curve_heights};

use crate::cells::TestCells;
use crate::format::four;

use super::axis::Axis;
use super::drawing::{Chart, Guide, Point, Series};
use super::probabilities::{band, banded, cells};
use super::{Draft, Shown, leading, which};

/// Places at which a curve is drawn.
const PLACES: usize = 400;
/// Places of a band.
const BAND_PLACES: usize = 60;
/// Side of the corner that is shown where all curves run through it.
const CORNER: f64 = 0.25;

/// Precision-recall curves of the leading configurations.
pub(super) fn figure(shown: &Shown<'_>) -> Option<Draft> {
    let mut curves = Vec::new();
    for (group, slot) in leading(shown.groups) {
        let Some((cells, _)) = cells(shown, group) else { continue };
        let Some(precision) = mean_average_precision(cells) else { continue };
        curves.push((format!("{}, AP {}", group.name, four(precision)), slot, group, cells));
    }
    let precise = |cells: &TestCells| {
        heights(cells, &[1.0 - CORNER]).is_some_and(|found| found[0] >= 1.0 - CORNER / 5.0)
    };
    let corner = curves.iter().all(|(.., cells)| precise(cells));
    let side = if corner { CORNER } else { 1.0 };
    let floor = 1.0 - side;
    let (banded, note) = banded(shown);
    let mut series = Vec::new();
    for (name, slot, group, cells) in &curves {
        let places = places(side, PLACES);
        let Some(heights) = heights(cells, &places) else { continue };
        let points = above(&places, &heights, floor).into_iter().map(|(x, y)| Point { x, y, bar: None });
        let mut one = Series::of(name, *slot, points.collect());
        if banded.iter().any(|banded| banded.runs == group.runs) {
            let places = self::places(side, BAND_PLACES);
            let band = band(shown, Curve::PrecisionRecall, cells, &places);
            one.band = band.map(|band| ends(&places, &band, floor)).unwrap_or_default();
        }
        series.push(one);
    }
    if series.is_empty() {
        return None;
    }
    let close_up = if corner { " Only the upper right corner is shown." } else { "" };
    Some(Draft {
        file_name: "precision-recall.svg".into(),
        title: "Precision-recall curves".into(),
        caption: format!(
            "Test cells of {}: folds together, seeds averaged at equal sensitivities. AP, the average precision, is the \
             area below a curve; unlike the AUC it depends on the share of parasitized cells.{close_up}{note}",
            which(shown.groups)
        ),
        chart: Chart {
            guides: if corner { Vec::new() } else { chance(curves.iter().map(|(.., cells)| *cells)) },
            marked: false,
            ..Chart::of(
                Axis::share("sensitivity (recall), %", &[floor, 1.0]),
                Axis::share("truly parasitized among those called so (precision), %", &[floor, 1.0]),
                series,
            )
        },
    })
}

/// Mean over seeds; `None` without parasitized cells.
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

/// The precision of calling every cell parasitized, where all curves have the same.
fn chance<'a>(cells: impl Iterator<Item = &'a TestCells>) -> Vec<Guide> {
    let counted =
        |cells: &TestCells| (cells.labels.iter().filter(|label| **label == 1).count(), cells.labels.len());
    let mut counts: Vec<(usize, usize)> = cells.map(counted).collect();
    counts.dedup();
    let [(positives, all)] = counts[..] else { return Vec::new() };
    let share = positives as f64 / all as f64;
    vec![Guide { name: "all called parasitized".to_owned(), path: vec![(0.0, share), (1.0, share)] }]
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
