//! Bootstraps over patients, and bands of curves, against scipy, numpy and scikit-learn
//! (tests/golden/statistics.py).

use std::collections::BTreeMap;

use ranklab_stats::{
    Bootstrap, Clusters, CountMetric, Curve, Interval, Metric, PairedBootstrap, Resampled, Resampling,
    bootstrap, brier_score, curve_band, curve_heights, paired_bootstrap,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    on_normal: Vec<GoldenOnNormal>,
    joined_runs: Vec<GoldenJoined>,
    comparison: Comparison,
}

/// A bootstrap's difference on the normal distribution.
#[derive(Deserialize)]
struct GoldenOnNormal {
    difference: f64,
    standard_error: f64,
    margin: f64,
    lower_p: f64,
    upper_p: f64,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct GoldenJoined {
    /// Estimate, lower and upper bound, and level.
    case: (f64, f64, f64, f64),
    runs: Vec<f64>,
    interval: (f64, f64),
}

#[derive(Deserialize)]
struct Comparison {
    labels: Vec<u8>,
    patients: Vec<String>,
    first: Vec<Vec<f64>>,
    second: Vec<Vec<f64>>,
    bootstrap: BTreeMap<String, GoldenBootstrap>,
    paired_bootstrap: BTreeMap<String, GoldenBootstrap>,
    roc_band: GoldenBand,
    precision_recall_band: GoldenBand,
}

#[derive(Deserialize)]
struct GoldenBootstrap {
    estimate: f64,
    standard_error: f64,
    interval: [f64; 2],
    /// Of no difference; of a metric it means nothing.
    p: f64,
}

#[derive(Deserialize)]
struct GoldenBand {
    places: Vec<f64>,
    heights: Vec<f64>,
    standard_errors: Vec<f64>,
    intervals: Vec<(f64, f64)>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/statistics.json")).unwrap()
}

fn slices(runs: &[Vec<f64>]) -> Vec<&[f64]> {
    runs.iter().map(Vec::as_slice).collect()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{what}: {found}, not {expected}");
}

/// The golden p is twice a share of 4,000 resamples: within five standard deviations of that.
#[track_caller]
fn assert_same_share(found: f64, expected: f64, what: &str) {
    let share = (expected / 2.0).max(1.0 / 4000.0);
    let most = 2.0 * 5.0 * (share * (1.0 - share) / 4000.0).sqrt();
    assert!((found - expected).abs() < most, "{what}: p {found}, not {expected}");
}

/// The golden intervals stand on 4,000 resamples, whose 2.5 % quantile has a standard error of about 4 %
/// of the metric's, its standard deviation one of 1 to 2 %.
#[track_caller]
fn assert_resampled_alike(found: &Bootstrap, expected: &GoldenBootstrap, what: &str) {
    assert_close(found.estimate, expected.estimate, what);
    let unit = expected.standard_error;
    assert!((found.standard_error / unit - 1.0).abs() < 0.07, "{what}: {found:?}");
    for (found, expected) in [found.interval.lower, found.interval.upper].into_iter().zip(expected.interval) {
        assert!((found - expected).abs() < 0.2 * unit, "{what}: {found}, not {expected}");
    }
    assert_eq!((found.redrawn, found.resampled), (0, Resampled::Patients(20)), "{what}");
}

fn metric(name: &str) -> Metric<'static> {
    Metric::counts(match name {
        "accuracy" => CountMetric::Accuracy,
        "sensitivity" => CountMetric::Sensitivity,
        "specificity" => CountMetric::Specificity,
        "balanced_accuracy" => CountMetric::BalancedAccuracy,
        "f1" => CountMetric::F1,
        "matthews_correlation" => CountMetric::MatthewsCorrelation,
        "area" => return Metric::Area,
        "brier" => return Metric::Custom(&|labels, probabilities| brier_score(labels, probabilities).ok()),
        other => panic!("{other}"),
    })
}

#[test]
fn bootstraps_over_patients_are_scipys() {
    let case = golden().comparison;
    let (first, second): ([&[f64]; 1], [&[f64]; 1]) = ([&case.first[0]], [&case.second[0]]);
    let clusters = Clusters::by_patient(&case.patients);
    let resampling = Resampling { replicates: 20_000, ..Resampling::default() };
    assert_eq!(case.bootstrap.len(), 9);
    for (name, expected) in &case.bootstrap {
        let (metric, runs) = match name.as_str() {
            "mean_area" => (Metric::Area, slices(&case.first)),
            one => (metric(one), first.to_vec()),
        };
        let found = bootstrap(metric, &case.labels, &runs, &clusters, &resampling).unwrap().unwrap();
        assert_resampled_alike(&found, expected, name);
    }
    assert_eq!(case.paired_bootstrap.len(), 7);
    for (name, expected) in &case.paired_bootstrap {
        let found = paired_bootstrap(metric(name), &case.labels, &first, &second, &clusters, &resampling);
        let found = found.unwrap().unwrap();
        assert_resampled_alike(&found.difference, expected, name);
        assert_same_share(found.p, expected.p, name);
    }
}

fn with_interval(estimate: f64, standard_error: f64, lower: f64, upper: f64, level: f64) -> Bootstrap {
    Bootstrap {
        estimate,
        standard_error,
        interval: Interval { lower, upper, level },
        replicates: 2000,
        redrawn: 0,
        resampled: Resampled::Patients(20),
    }
}

#[test]
fn a_bootstraps_equivalence_is_scipys_on_the_normal_distribution() {
    for case in golden().on_normal {
        let difference = with_interval(case.difference, case.standard_error, -1.0, 1.0, 0.95);
        let pair = PairedBootstrap { first: 0.9, second: 0.9 - case.difference, difference, p: 1.0 };
        let found = pair.equivalence(case.margin, 0.05).unwrap();
        assert_close(found.lower_p, case.lower_p, "lower p");
        assert_close(found.upper_p, case.upper_p, "upper p");
        assert_close(found.p, case.lower_p.max(case.upper_p), "p");
        assert_close(found.interval.lower, case.interval[0], "lower bound");
        assert_close(found.interval.upper, case.interval[1], "upper bound");
        assert_eq!(found.equivalent, case.lower_p.max(case.upper_p) < 0.05);
    }
}

#[test]
fn bootstraps_are_joined_with_runs_by_scipys_t() {
    for GoldenJoined { case: (estimate, lower, upper, level), runs, interval } in golden().joined_runs {
        let found = with_interval(estimate, 0.01, lower, upper, level).over_runs(&runs).unwrap();
        assert_close(found.interval.lower, interval.0, "lower bound");
        assert_close(found.interval.upper, interval.1, "upper bound");
    }
}

#[test]
fn curves_and_their_bands_are_those_of_scikit_learn_and_numpy() {
    let case = golden().comparison;
    let runs = slices(&case.first[..2]);
    let clusters = Clusters::by_patient(&case.patients);
    let resampling = Resampling { replicates: 20_000, ..Resampling::default() };
    for (curve, expected) in
        [(Curve::Roc, &case.roc_band), (Curve::PrecisionRecall, &case.precision_recall_band)]
    {
        let heights = curve_heights(curve, &case.labels, &runs, &expected.places).unwrap().unwrap();
        let band = curve_band(curve, &case.labels, &runs, &clusters, &expected.places, &resampling);
        let band = band.unwrap().unwrap();
        assert_eq!(band.heights.len(), expected.heights.len());
        for (place, at) in expected.places.iter().enumerate() {
            let what = format!("{curve:?} at {at}");
            assert!((heights[place] - expected.heights[place]).abs() < 1e-12, "{what}: {heights:?}");
            assert!((band.heights[place] - expected.heights[place]).abs() < 1e-12, "{what}: {band:?}");
            let (lower, upper) = expected.intervals[place];
            // As for other bootstraps; precisions of few cells take few values, with steps between them.
            let most = 0.25 * expected.standard_errors[place] + 1e-12;
            let found = band.intervals[place];
            assert!((found.lower - lower).abs() <= most, "{what}: {found:?}, not {lower}");
            assert!((found.upper - upper).abs() <= most, "{what}: {found:?}, not {upper}");
        }
    }
}
