//! Comparisons of runs against scipy and statsmodels, and DeLong's test against its definition
//! (tests/golden/statistics.py). Unequal patients, seeds and folds are in `golden_family.rs`.

use ranklab_stats::{
    Clusters, Equivalence, Family, Layout, McNemar, MeanDifference, NonInferiority, Reference, Resampled,
    ScoredCells, Scores, THRESHOLD, clustered_wilson_interval, delong_area, delong_comparison, holm,
    mean_correctness, unpaired_difference,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    mcnemar: Vec<(u64, u64, f64)>,
    holm: GoldenHolm,
    comparison: Comparison,
}

#[derive(Deserialize)]
struct GoldenHolm {
    raw: Vec<f64>,
    adjusted: Vec<f64>,
}

/// Three seeds of two configurations on the same cells.
#[derive(Deserialize)]
struct Comparison {
    labels: Vec<u8>,
    patients: Vec<String>,
    first: Vec<Vec<f64>>,
    second: Vec<Vec<f64>>,
    delong: GoldenDelong,
    /// Of probabilities rounded to tenths.
    tied_delong: GoldenDelong,
    /// Cells that only the first and only the second gets right, and p.
    mcnemar: (u64, u64, f64),
    equal_sizes: EqualSizes,
    all_seeds: GoldenDifference,
    unpaired: GoldenDifference,
    /// Level, lower and upper bound of the first run's sensitivity.
    clustered_wilson: Vec<(f64, f64, f64)>,
    /// Bounds of 95 % where no cell and where every cell succeeds.
    clustered_wilson_of_none_and_all: [(f64, f64); 2],
    by_cell: GoldenByCell,
    /// Of `all_seeds`: margin, lower and upper p, and the bounds of the interval.
    equivalence: Vec<(f64, f64, f64, f64, f64)>,
}

/// The difference of the first seeds on cells of patients with as many each.
#[derive(Deserialize)]
struct EqualSizes {
    kept: Vec<bool>,
    found: GoldenDifference,
}

#[derive(Deserialize)]
struct GoldenDelong {
    level: f64,
    areas: [f64; 2],
    variances: [f64; 2],
    covariance: f64,
    own_intervals: [[f64; 2]; 2],
    interval: [f64; 2],
    z: f64,
    p: f64,
}

#[derive(Deserialize)]
struct GoldenDifference {
    difference: f64,
    standard_error: f64,
    t: f64,
    p: f64,
    level: f64,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct GoldenByCell {
    t: f64,
    p: f64,
    interval: [f64; 2],
    margin: f64,
    equivalence_p: f64,
    lower_p: f64,
    upper_p: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/statistics.json")).unwrap()
}

fn slices(runs: &[Vec<f64>]) -> Vec<&[f64]> {
    runs.iter().map(Vec::as_slice).collect()
}

impl Comparison {
    fn clusters(&self) -> Clusters {
        Clusters::by_patient(&self.patients)
    }

    /// Mean correctness of the first seeds of both configurations.
    fn correctness(&self, seeds: usize) -> [Vec<f64>; 2] {
        [&self.first, &self.second]
            .map(|runs| mean_correctness(&self.labels, &slices(&runs[..seeds]), THRESHOLD).unwrap())
    }
}

/// Relative, so that small p-values are right as well.
#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{what}: {found}, not {expected}");
}

#[track_caller]
fn assert_difference(found: &MeanDifference, expected: &GoldenDifference) {
    assert_close(found.difference, expected.difference, "difference");
    assert_close(found.standard_error, expected.standard_error, "standard error");
    assert_close(found.t, expected.t, "t");
    assert_close(found.p, expected.p, "p");
    assert_close(found.interval.lower, expected.interval[0], "lower bound");
    assert_close(found.interval.upper, expected.interval[1], "upper bound");
}

fn compare(layout: &Layout, first: &[f64], second: &[f64], level: f64) -> MeanDifference {
    let [first, second] = [first, second].map(|cells| Scores::new(layout, &[cells]).unwrap());
    Family::new(layout, vec![&first, &second]).unwrap().compare(0, 1, level).unwrap().difference
}

#[test]
fn exact_mcnemar_tests_are_statsmodels() {
    for (first_only, second_only, p) in golden().mcnemar {
        assert_close(McNemar::new(first_only, second_only).p, p, &format!("{first_only} and {second_only}"));
    }
    let case = golden().comparison;
    let [first, second] =
        case.correctness(1).map(|cells| cells.iter().map(|share| *share == 1.0).collect::<Vec<_>>());
    let found = McNemar::from_correctness(&first, &second).unwrap();
    let (first_only, second_only, p) = case.mcnemar;
    assert_eq!((found.first_only, found.second_only), (first_only, second_only));
    assert_close(found.p, p, "of cells");
}

#[test]
fn holms_correction_is_statsmodels() {
    let GoldenHolm { raw, adjusted } = golden().holm;
    for (found, expected) in holm(&raw).unwrap().into_iter().zip(adjusted) {
        assert_close(found, expected, "adjusted p");
    }
}

#[test]
fn delongs_test_is_that_of_its_definition() {
    let case = golden().comparison;
    let rounded = |run: &[f64]| run.iter().map(|p| (10.0 * p).round_ties_even() / 10.0).collect::<Vec<_>>();
    let tied = [rounded(&case.first[0]), rounded(&case.second[0])];
    check_delong(&case.labels, [&case.first[0], &case.second[0]], &case.delong);
    check_delong(&case.labels, [&tied[0], &tied[1]], &case.tied_delong);
}

fn check_delong(labels: &[u8], [first, second]: [&[f64]; 2], expected: &GoldenDelong) {
    let found = delong_comparison(labels, first, second, expected.level).unwrap().unwrap();
    assert_close(found.first, expected.areas[0], "first area");
    assert_close(found.second, expected.areas[1], "second area");
    assert_close(found.difference, expected.areas[0] - expected.areas[1], "difference");
    assert_close(found.first_variance, expected.variances[0], "first variance");
    assert_close(found.second_variance, expected.variances[1], "second variance");
    assert_close(found.covariance, expected.covariance, "covariance");
    assert_close(found.interval.lower, expected.interval[0], "lower bound");
    assert_close(found.interval.upper, expected.interval[1], "upper bound");
    assert_close(found.z.unwrap(), expected.z, "z");
    assert_close(found.p.unwrap(), expected.p, "p");
    for (place, run) in [first, second].into_iter().enumerate() {
        let found = delong_area(labels, run, expected.level).unwrap().unwrap();
        assert_close(found.area, expected.areas[place], "area");
        assert_close(found.standard_error, expected.variances[place].sqrt(), "standard error");
        assert_close(found.interval.lower, expected.own_intervals[place][0], "lower bound");
        assert_close(found.interval.upper, expected.own_intervals[place][1], "upper bound");
    }
}

#[test]
fn differences_over_equal_patients_are_statsmodels_regression_with_clustered_errors() {
    let case = golden().comparison;
    let EqualSizes { kept, found: expected } = &case.equal_sizes;
    let layout = Layout::new(case.clusters(), None).unwrap().of_cells(kept).unwrap();
    let of_kept =
        |cells: Vec<f64>| cells.into_iter().zip(kept).filter(|(_, kept)| **kept).map(|(cell, _)| cell);
    let [first, second] = case.correctness(1).map(|cells| of_kept(cells).collect::<Vec<_>>());
    let found = compare(&layout, &first, &second, expected.level);
    assert_difference(&found, expected);
    assert_eq!(found.concentration.resampled, Resampled::Patients(13));
    assert!((found.concentration.effective - 13.0).abs() < 1e-12);
}

#[test]
fn one_sided_tests_are_scipys() {
    let case = golden().comparison;
    let GoldenDifference { difference, standard_error, .. } = case.all_seeds;
    let reference = Reference::StudentT { degrees_of_freedom: 19.0 };
    for (margin, lower_p, upper_p, lower, upper) in case.equivalence {
        let same = Equivalence::new(difference, standard_error, reference, margin, 0.05).unwrap();
        assert_close(same.lower_p, lower_p, "lower p");
        assert_close(same.upper_p, upper_p, "upper p");
        assert_close(same.p, lower_p.max(upper_p), "p");
        assert_close(same.interval.lower, lower, "lower bound");
        assert_close(same.interval.upper, upper, "upper bound");
        let loss = NonInferiority::new(difference, standard_error, reference, margin, 0.05).unwrap();
        assert_close(loss.p, upper_p, "p of a loss");
        assert_close(loss.upper_bound, upper, "bound of a loss");
    }
}

#[test]
fn unpaired_differences_are_those_of_their_definition() {
    let case = golden().comparison;
    let [first, second] = case.correctness(1);
    let one = ScoredCells { scores: &first[..120], patients: &case.patients[..120], seeds: &[0.9] };
    let other = ScoredCells { scores: &second[60..], patients: &case.patients[60..], seeds: &[0.8] };
    assert_difference(&unpaired_difference(&one, &other, case.unpaired.level).unwrap(), &case.unpaired);
}

#[test]
fn wilson_intervals_over_patients_are_those_of_their_definition() {
    let case = golden().comparison;
    let cells: Vec<usize> = (0..case.labels.len()).filter(|cell| case.labels[*cell] == 1).collect();
    let found: Vec<f64> =
        cells.iter().map(|cell| f64::from(u8::from(case.first[0][*cell] >= THRESHOLD))).collect();
    let patients = Clusters::by_patient(&cells.iter().map(|cell| &case.patients[*cell]).collect::<Vec<_>>());
    for &(level, lower, upper) in &case.clustered_wilson {
        let found = clustered_wilson_interval(&found, &patients, level).unwrap();
        assert_close(found.lower, lower, "lower bound");
        assert_close(found.upper, upper, "upper bound");
    }
    for (all, (lower, upper)) in [0.0, 1.0].into_iter().zip(case.clustered_wilson_of_none_and_all) {
        let cells = vec![all; case.labels.len()];
        let found = clustered_wilson_interval(&cells, &case.clusters(), 0.95).unwrap();
        assert_close(found.lower, lower, "lower bound");
        assert_close(found.upper, upper, "upper bound");
    }
}

#[test]
fn differences_over_cells_are_scipys_paired_t_test_and_statsmodels_tost() {
    let case = golden().comparison;
    let expected = &case.by_cell;
    let layout = Layout::new(Clusters::by_cell(case.labels.len()), None).unwrap();
    let [first, second] = case.correctness(3);
    // One list, averaged over the seeds: what speaks of these networks.
    let found = compare(&layout, &first, &second, 0.95);
    assert_close(found.t, expected.t, "t");
    assert_close(found.p, expected.p, "p");
    assert_close(found.interval.lower, expected.interval[0], "lower bound");
    assert_close(found.interval.upper, expected.interval[1], "upper bound");
    assert_eq!(found.concentration.resampled, Resampled::Cells(case.labels.len()));
    let MeanDifference { difference, standard_error, .. } = found;
    let found =
        Equivalence::new(difference, standard_error, found.reference(), expected.margin, 0.05).unwrap();
    assert_close(found.p, expected.equivalence_p, "equivalence p");
    assert_close(found.lower_p, expected.lower_p, "lower p");
    assert_close(found.upper_p, expected.upper_p, "upper p");
}
