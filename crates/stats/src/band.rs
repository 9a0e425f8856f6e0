//! Heights of ROC and precision-recall curves at given places, and their pointwise bands over patients.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::bootstrap::percentile;
use crate::clusters::{Clusters, Resampled};
use crate::error::{Error, Result, check};
use crate::interval::Interval;
use crate::resampling::{Resampling, replicates};

/// Runs that one thread takes at least: fewer are done before another has begun.
const RUNS_AT_ONCE: usize = 16;

/// A curve as a function of its horizontal axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// Sensitivity at a false positive rate: straight between points, the upper end where it is upright.
    Roc,
    /// Precision at a recall: that of the highest threshold which reaches the recall, so that the area
    /// below is the average precision.
    PrecisionRecall,
}

/// A curve with an interval at each of its places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurveBand {
    /// Heights on all cells, averaged over the runs.
    pub heights: Vec<f64>,
    /// Percentile interval of the resamples at each place. They hold place by place, not for the curve
    /// as a whole.
    pub intervals: Vec<Interval>,
    /// What was resampled, and how many of them.
    pub resampled: Resampled,
}

/// Heights of the mean curve of one or more runs on the same cells, at `places` between 0 and 1 in
/// rising order. `None` when a class that the curve needs is missing.
///
/// # Errors
/// When there are no runs, the lengths differ, or a label, probability or place is out of range.
pub fn curve_heights(
    curve: Curve,
    labels: &[u8],
    runs: &[&[f64]],
    places: &[f64],
) -> Result<Option<Vec<f64>>> {
    let clusters = Clusters::by_cell(labels.len());
    let runs = Ranked::of_runs(labels, runs, &clusters, places)?;
    Ok(mean_heights(curve, &runs, &vec![1; labels.len()], places))
}

/// Mean curve of several runs with a pointwise band: whole patients are resampled with their cells (Field & Welsh 2007,
/// the cluster bootstrap), all runs together, as in [`crate::bootstrap`].
///
/// # Errors
/// As [`curve_heights`], and when the level is out of range, there are fewer than 2 units or
/// replicates, or hardly any resample has a curve.
pub fn curve_band(
    curve: Curve,
    labels: &[u8],
    runs: &[&[f64]],
    clusters: &Clusters,
    places: &[f64],
    resampling: &Resampling,
) -> Result<Option<CurveBand>> {
    clusters.check(labels.len())?;
    let runs = Ranked::of_runs(labels, runs, clusters, places)?;
    let Some(heights) = mean_heights(curve, &runs, &vec![1; clusters.units()], places) else {
        return Ok(None);
    };
    let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(resampling.replicates); places.len()];
    replicates(clusters.units(), resampling, |times| {
        let heights = mean_heights(curve, &runs, times, places)?;
        for (column, height) in drawn.iter_mut().zip(heights) {
            column.push(height);
        }
        Some(0.0)
    })?;
    let level = resampling.level;
    let interval = |mut column: Vec<f64>| {
        column.sort_by(f64::total_cmp);
        Interval {
            lower: percentile(&column, (1.0 - level) / 2.0),
            upper: percentile(&column, f64::midpoint(1.0, level)),
            level,
        }
    };
    Ok(Some(CurveBand {
        heights,
        intervals: drawn.into_iter().map(interval).collect(),
        resampled: clusters.resampled(),
    }))
}

/// A cell in falling order of probabilities.
struct Ranked {
    unit: u32,
    positive: bool,
    /// Whether the next cell has a lower probability.
    ends_tie: bool,
}

impl Ranked {
    fn of_runs(
        labels: &[u8],
        runs: &[&[f64]],
        clusters: &Clusters,
        places: &[f64],
    ) -> Result<Vec<Vec<Self>>> {
        if runs.is_empty() {
            return Err(Error::Empty);
        }
        for (place, value) in places.iter().enumerate() {
            let before = place.checked_sub(1).map_or(0.0, |before| places[before]);
            if !(before..=1.0).contains(value) {
                return Err(Error::Place { place, value: *value });
            }
        }
        let of_run = |probabilities: &&[f64]| {
            check(labels, probabilities)?;
            let mut order: Vec<usize> = (0..labels.len()).collect();
            order.sort_by(|one, other| probabilities[*other].total_cmp(&probabilities[*one]));
            let cell = |(place, cell): (usize, &usize)| Self {
                unit: clusters.unit_of_cell()[*cell],
                positive: labels[*cell] == 1,
                ends_tie: order.get(place + 1).map(|next| probabilities[*next]) != Some(probabilities[*cell]),
            };
            Ok(order.iter().enumerate().map(cell).collect())
        };
        runs.iter().map(of_run).collect()
    }
}

fn mean_heights(curve: Curve, runs: &[Vec<Ranked>], times: &[u32], places: &[f64]) -> Option<Vec<f64>> {
    let drawn = Drawn::new(runs.first()?, times);
    if drawn.positives == 0.0 || (curve == Curve::Roc && drawn.negatives == 0.0) {
        return None;
    }
    let of_runs: Vec<Vec<f64>> = runs
        .par_iter()
        .with_min_len(RUNS_AT_ONCE)
        .map(|cells| match curve {
            Curve::Roc => roc_heights(cells, &drawn, places),
            Curve::PrecisionRecall => precision_heights(cells, &drawn, places),
        })
        .collect();
    // Added in the order of the runs, so that the sum does not depend on the number of threads.
    let mut sums = vec![0.0; places.len()];
    for heights in of_runs {
        sums.iter_mut().zip(heights).for_each(|(sum, height)| *sum += height);
    }
    Some(sums.into_iter().map(|sum| sum / runs.len() as f64).collect())
}

/// A resample, in whole numbers.
struct Drawn {
    /// How often each unit occurs.
    times: Vec<f64>,
    /// Positive cells in it, the same for all runs.
    positives: f64,
    /// Negative cells.
    negatives: f64,
}

impl Drawn {
    /// The resample in which units occur so many times; `cells` are those of any run.
    fn new(cells: &[Ranked], times: &[u32]) -> Self {
        let times: Vec<f64> = times.iter().map(|times| f64::from(*times)).collect();
        let (mut positives, mut all) = (0.0, 0.0);
        for cell in cells {
            let often = times[cell.unit as usize];
            all += often;
            positives += if cell.positive { often } else { 0.0 };
        }
        Self { times, positives, negatives: all - positives }
    }
}

/// False and true positives at each threshold of one run, from the highest on.
fn points<'a>(cells: &'a [Ranked], drawn: &'a Drawn) -> impl Iterator<Item = (f64, f64)> + 'a {
    let (mut false_positives, mut true_positives) = (0.0, 0.0);
    cells.iter().filter_map(move |cell| {
        let times = drawn.times[cell.unit as usize];
        let positive = if cell.positive { times } else { 0.0 };
        true_positives += positive;
        false_positives += times - positive;
        cell.ends_tie.then_some((false_positives, true_positives))
    })
}

/// Heights of the ROC curve of one run.
fn roc_heights(cells: &[Ranked], drawn: &Drawn, places: &[f64]) -> Vec<f64> {
    // Only the right end is left by the loop: there all positive are called so.
    let mut heights = vec![1.0; places.len()];
    let mut left = heights.iter_mut().zip(places.iter().map(|place| place * drawn.negatives)).peekable();
    let mut before = (0.0, 0.0);
    for (false_positives, true_positives) in points(cells, drawn) {
        while let Some((height, place)) = left.next_if(|(_, place)| *place < false_positives) {
            let share = (place - before.0) / (false_positives - before.0);
            *height = (before.1 + (true_positives - before.1) * share) / drawn.positives;
        }
        before = (false_positives, true_positives);
    }
    heights
}

/// Heights of the precision-recall curve of one run.
fn precision_heights(cells: &[Ranked], drawn: &Drawn, places: &[f64]) -> Vec<f64> {
    let mut heights = vec![1.0; places.len()];
    let mut left = heights.iter_mut().zip(places.iter().map(|place| place * drawn.positives)).peekable();
    let mut before = 0.0;
    for (false_positives, true_positives) in points(cells, drawn) {
        // A threshold that calls no further positive cell reaches no further recall.
        if true_positives > before {
            // Recalls that are reached but for rounding are reached.
            while let Some((height, _)) = left.next_if(|(_, place)| *place <= true_positives + 1e-9) {
                *height = true_positives / (true_positives + false_positives);
            }
            before = true_positives;
        }
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Metric, average_precision, bootstrap, precision_recall_curve, roc_auc, roc_curve};

    /// Cells with ties, in which both classes overlap.
    fn cells() -> (Vec<u8>, Vec<f64>) {
        let labels: Vec<u8> = (0..60).map(|cell| u8::from(cell % 2 == 0)).collect();
        let probability = |cell: usize| {
            let drawn = (cell * 37 % 60) as f64 / 60.0;
            ((0.6 * drawn + 0.3 * f64::from(labels[cell])) * 20.0).round() / 20.0
        };
        let probabilities = (0..60).map(probability).collect();
        (labels, probabilities)
    }

    fn fine() -> Vec<f64> {
        (0..=10_000).map(|place| f64::from(place) / 10_000.0).collect()
    }

    #[test]
    fn heights_are_those_of_the_curves_and_their_areas() {
        let (labels, probabilities) = cells();
        let of = |curve, places: &[f64]| {
            curve_heights(curve, &labels, &[&probabilities], places).unwrap().unwrap()
        };
        let area = |curve| of(curve, &fine()).iter().sum::<f64>() / 10_001.0;
        assert!((area(Curve::Roc) - roc_auc(&labels, &probabilities).unwrap().unwrap()).abs() < 2e-3);
        let average = average_precision(&labels, &probabilities).unwrap().unwrap();
        assert!((area(Curve::PrecisionRecall) - average).abs() < 2e-3);
        for point in roc_curve(&labels, &probabilities).unwrap().unwrap() {
            assert!(of(Curve::Roc, &[point.false_positive_rate])[0] >= point.sensitivity - 1e-12);
        }
        for point in precision_recall_curve(&labels, &probabilities).unwrap().unwrap() {
            if point.recall > 0.0 {
                assert!(of(Curve::PrecisionRecall, &[point.recall])[0] >= point.precision - 1e-12);
            }
        }
    }

    #[test]
    fn small_curves_are_as_counted_by_hand() {
        let (labels, probabilities) = ([1, 0, 1, 0], [0.9, 0.8, 0.6, 0.1]);
        let of = |curve| {
            curve_heights(curve, &labels, &[&probabilities], &[0.0, 0.25, 0.5, 0.75, 1.0]).unwrap().unwrap()
        };
        assert_eq!(of(Curve::Roc), [0.5, 0.5, 1.0, 1.0, 1.0]);
        let two_thirds = 2.0 / 3.0;
        assert_eq!(of(Curve::PrecisionRecall), [1.0, 1.0, 1.0, two_thirds, two_thirds]);
    }

    #[test]
    fn a_band_holds_its_curve_and_narrows_with_patients() {
        let (labels, probabilities) = cells();
        let resampling = Resampling { replicates: 400, ..Resampling::default() };
        let places = [0.1, 0.3, 0.5];
        let width = |copies: usize, curve| {
            let (labels, probabilities) = (labels.repeat(copies), probabilities.repeat(copies));
            let patients: Vec<usize> = (0..labels.len()).map(|cell| cell / 4).collect();
            let clusters = Clusters::by_patient(&patients);
            let band = curve_band(curve, &labels, &[&probabilities], &clusters, &places, &resampling);
            let band = band.unwrap().unwrap();
            assert_eq!(band.resampled, Resampled::Patients(15 * copies));
            for (height, interval) in band.heights.iter().zip(&band.intervals) {
                assert!(interval.contains(*height), "{height} {interval:?}");
            }
            band.intervals.iter().map(|interval| interval.upper - interval.lower).sum::<f64>()
        };
        for curve in [Curve::Roc, Curve::PrecisionRecall] {
            let (few, many) = (width(1, curve), width(16, curve));
            assert!(few > 2.0 * many && few < 6.5 * many, "{few} {many}");
        }
    }

    #[test]
    fn a_band_is_what_the_bootstrap_of_each_height_gives() {
        let (labels, probabilities) = cells();
        let other: Vec<f64> = probabilities.iter().rev().copied().collect();
        let runs: [&[f64]; 2] = [&probabilities, &other];
        let patients: Vec<usize> = (0..labels.len()).map(|cell| cell / 4).collect();
        let clusters = Clusters::by_patient(&patients);
        let resampling = Resampling { replicates: 200, ..Resampling::default() };
        for curve in [Curve::Roc, Curve::PrecisionRecall] {
            let band = curve_band(curve, &labels, &runs, &clusters, &[0.1, 0.6], &resampling);
            // Of drawn cells, where the band counts how often each patient was drawn.
            let height = |labels: &[u8], drawn: &[f64]| {
                curve_heights(curve, labels, &[drawn], &[0.6]).ok()?.map(|heights| heights[0])
            };
            let one = bootstrap(Metric::Custom(&height), &labels, &runs, &clusters, &resampling);
            let (band, one) = (band.unwrap().unwrap(), one.unwrap().unwrap());
            assert!((band.heights[1] - one.estimate).abs() < 1e-12);
            let (of_band, of_one) = (band.intervals[1], one.interval);
            assert!((of_band.lower - of_one.lower).abs() < 1e-12, "{of_band:?} {of_one:?}");
            assert!((of_band.upper - of_one.upper).abs() < 1e-12, "{of_band:?} {of_one:?}");
        }
    }

    #[test]
    fn two_runs_are_averaged_and_a_missing_class_has_no_curve() {
        let labels = [1, 0];
        let (good, bad): (&[f64], &[f64]) = (&[0.9, 0.1], &[0.1, 0.9]);
        let of = |labels: &[u8], curve| curve_heights(curve, labels, &[good, bad], &[0.0, 0.5]).unwrap();
        assert_eq!(of(&labels, Curve::Roc).unwrap(), [0.5, 0.5]);
        assert_eq!(of(&labels, Curve::PrecisionRecall).unwrap(), [0.75, 0.75]);
        assert_eq!((of(&[1, 1], Curve::Roc), of(&[0, 0], Curve::PrecisionRecall)), (None, None));
    }

    #[test]
    fn places_must_rise_from_0_to_1() {
        let of = |places: &[f64]| curve_heights(Curve::Roc, &[1, 0], &[&[0.9, 0.1]], places);
        assert_eq!(of(&[0.5, 0.4]), Err(Error::Place { place: 1, value: 0.4 }));
        assert!(of(&[1.1]).is_err() && of(&[f64::NAN]).is_err());
        assert_eq!(curve_heights(Curve::Roc, &[1, 0], &[], &[]), Err(Error::Empty));
    }
}
