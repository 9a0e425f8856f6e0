//! What the probabilities are worth: the reliability diagram, and whose curves have bands.

use ranklab_stats::{Curve, CurveBand, ReliabilityCurve, Resampling, curve_band};

use crate::cells::TestCells;
use crate::comparison::Group;
use crate::format::four;

use super::axis::Axis;
use super::drawing::{Chart, Guide, Point, Series};
use super::{Draft, Shown, leading, which};

/// Bins of the reliability diagram.
const BINS: usize = 10;
/// Curves with a band each; more would cover each other.
const BANDS: usize = 3;
/// Resamples of a band, whose ends are drawn to the width of a line.
const BAND_REPLICATES: usize = 500;
/// The same where cells and seeds are many.
const LEAST_REPLICATES: usize = 100;
/// Cells of all seeds and resamples that a band may take: a fraction of a second.
const BAND_CELLS: usize = 60_000_000;
/// Seed of a band's resamples: the same rows give the same band.
const SEED: u64 = 0;

/// A group's cells and its place.
pub(super) fn cells<'a>(shown: &'a Shown<'_>, group: &Group) -> Option<(&'a TestCells, usize)> {
    let place = shown.groups.iter().position(|other| other.runs == group.runs)?;
    Some((shown.measured[place].cells()?, place))
}

/// Places of the groups whose curves have bands, and a sentence on bands for the caption: all where they
/// are few, or else the most accurate of each model.
pub(super) fn banded<'a>(shown: &Shown<'a>) -> (Vec<&'a Group>, String) {
    let leading: Vec<&Group> = leading(shown.groups).into_iter().map(|(group, _)| group).collect();
    let confidence = shown.data.options.confidence();
    let sentence = |of: &str| {
        format!(
            " Bands{of} are intervals of {confidence} over patients (at most {BAND_REPLICATES} resamples), at each place \
             on its own and not for a curve as a whole."
        )
    };
    if leading.len() <= BANDS {
        return (leading, sentence(""));
    }
    let mut best: Vec<&Group> = Vec::new();
    for group in leading {
        let accuracy = group.accuracy();
        match best.iter_mut().find(|other| other.first.start.model == group.first.start.model) {
            Some(other) if other.accuracy() < accuracy => *other = group,
            Some(_) => {}
            None => best.push(group),
        }
    }
    best.truncate(BANDS);
    (best, sentence(", drawn for the most accurate configuration of each model,"))
}

/// The curve of a group's cells with its band at these places; `None` where it cannot be had, as from
/// cells of one class.
pub(super) fn band(shown: &Shown<'_>, curve: Curve, cells: &TestCells, places: &[f64]) -> Option<CurveBand> {
    let options = &shown.data.options;
    let affordable = BAND_CELLS / (cells.labels.len() * cells.repeats.len()).max(1);
    let replicates = affordable.clamp(LEAST_REPLICATES, BAND_REPLICATES);
    let resampling =
        Resampling { replicates: options.replicates.min(replicates), seed: SEED, level: options.level() };
    curve_band(curve, &cells.labels, &cells.lists(), &cells.clusters, places, &resampling).ok().flatten()
}

/// Predicted against observed shares of the leading configurations.
pub(super) fn reliability(shown: &Shown<'_>) -> Option<Draft> {
    let mut series = Vec::new();
    for (group, slot) in leading(shown.groups) {
        let Some((cells, _)) = cells(shown, group) else { continue };
        let labels = cells.labels.repeat(cells.repeats.len());
        let Ok(curve) = ReliabilityCurve::new(&labels, &cells.repeats.concat(), BINS) else { continue };
        let point = |x: Option<f64>, y: Option<f64>| Some(Point { x: x?, y: y?, bar: None });
        let points = curve.bins.iter().filter_map(|bin| point(bin.mean_predicted, bin.observed)).collect();
        let name = format!("{}, ECE {}", group.name, four(curve.expected_calibration_error()));
        series.push(Series::of(name, slot, points));
    }
    if series.is_empty() {
        return None;
    }
    Some(Draft {
        file_name: "reliability.svg".into(),
        title: "Reliability of the probabilities".into(),
        caption: format!(
            "Test cells of {} in {BINS} bins of predicted probability, folds and seeds together. ECE, the expected \
             calibration error, is the mean distance from the dotted line, weighted by cells; few cells give one of \
             their own.",
            which(shown.groups)
        ),
        chart: Chart {
            guides: vec![Guide {
                name: "perfectly calibrated".to_owned(),
                path: vec![(0.0, 0.0), (1.0, 1.0)],
            }],
            ..Chart::of(
                Axis::share("predicted probability of parasitized, %", &[0.0, 1.0]),
                Axis::share("observed share of parasitized, %", &[0.0, 1.0]),
                series,
            )
        },
    })
}
