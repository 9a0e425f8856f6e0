//! Comparisons of runs against scipy and statsmodels, and DeLong's test against its definition
//! (tests/golden/statistics.py).

use ranklab_stats::{
    Clusters, McNemar, MeanDifference, PairedCells, Reference, Resampled, Scored, ScoredCells, Source,
    Sources, THRESHOLD, Units, accuracies, clustered_wilson_interval, compare, compare_series, delong_area,
    delong_comparison, holm, mean_correctness, unpaired_difference,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    sources: Vec<GoldenSources>,
    mcnemar: Vec<(u64, u64, f64)>,
    holm: GoldenHolm,
    comparison: Comparison,
}

#[derive(Deserialize)]
struct GoldenSources {
    /// Variance and degrees of freedom.
    sources: Vec<(f64, f64)>,
    /// Place and upper tail.
    tails: Vec<(f64, f64)>,
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
    one_seed: GoldenDifference,
    all_seeds: GoldenDifference,
    over_runs: GoldenDifference,
    several_against_one: GoldenDifference,
    several_against_one_in_folds: GoldenDifference,
    over_folds: GoldenDifference,
    unpaired: GoldenDifference,
    /// Level, lower and upper bound of the first run's sensitivity.
    clustered_wilson: Vec<(f64, f64, f64)>,
    /// Bounds of 95 % where no cell and where every cell succeeds.
    clustered_wilson_of_none_and_all: [(f64, f64); 2],
    by_cell: GoldenByCell,
    /// Margin, lower and upper p, and the bounds of the interval.
    equivalence: Vec<(f64, f64, f64, f64, f64)>,
    series: GoldenSeries,
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

#[derive(Deserialize)]
struct GoldenSeries {
    members: Vec<Vec<f64>>,
    means: Vec<f64>,
    margin: f64,
    best: usize,
    others: Vec<usize>,
    corrected_p: Vec<f64>,
    noninferiority_p: Vec<f64>,
    equivalence_p: Vec<f64>,
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

    fn difference(&self, seeds: usize, clusters: &Clusters, level: f64) -> MeanDifference {
        let [first, second] = self.correctness(seeds);
        PairedCells { first: &first, second: &second, clusters }.difference(level).unwrap()
    }
}

/// Relative, so that small p-values are right as well.
#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{what}: {found}, not {expected}");
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
fn differences_over_patients_are_statsmodels_regression_with_clustered_errors() {
    let case = golden().comparison;
    for (seeds, expected) in [(1, &case.one_seed), (3, &case.all_seeds)] {
        let found = case.difference(seeds, &case.clusters(), expected.level);
        assert_close(found.difference, expected.difference, "difference");
        assert_close(found.standard_error, expected.standard_error, "standard error");
        assert_close(found.t, expected.t, "t");
        assert_close(found.p, expected.p, "p");
        assert_close(found.interval.lower, expected.interval[0], "lower bound");
        assert_close(found.interval.upper, expected.interval[1], "upper bound");
        assert_eq!(found.resampled, Resampled::Patients(20));
    }
    let found = case.difference(3, &case.clusters(), 0.95);
    for (margin, lower_p, upper_p, lower, upper) in case.equivalence {
        let same = found.equivalence(margin, 0.05).unwrap();
        assert_close(same.lower_p, lower_p, "lower p");
        assert_close(same.upper_p, upper_p, "upper p");
        assert_close(same.p, lower_p.max(upper_p), "p");
        assert_close(same.interval.lower, lower, "lower bound");
        assert_close(same.interval.upper, upper, "upper bound");
        let loss = found.noninferiority(margin, 0.05).unwrap();
        assert_close(loss.p, upper_p, "p of a loss");
        assert_close(loss.upper_bound, upper, "bound of a loss");
    }
}

#[test]
fn tails_of_several_sources_are_those_of_their_definition() {
    let golden = golden().sources;
    assert_eq!(golden.len(), 7);
    for case in golden {
        let parts = case
            .sources
            .iter()
            .map(|&(variance, degrees_of_freedom)| Source { variance, degrees_of_freedom });
        let mut parts = parts;
        let first = Sources::one(parts.next().unwrap());
        let reference = Reference::Sources(parts.fold(first, |sources, part| sources.and(part).unwrap()));
        for (place, tail) in case.tails {
            assert_close(reference.upper_tail(place).unwrap(), tail, &format!("tail at {place}"));
            let other_half = reference.upper_tail(-place).unwrap();
            assert_close(other_half, 1.0 - tail, &format!("tail at −{place}"));
        }
    }
}

#[test]
fn differences_over_seeds_and_over_folds_are_those_of_their_definitions() {
    let case = golden().comparison;
    let patients = case.clusters();
    let check = |found: MeanDifference, expected: &GoldenDifference| {
        assert_close(found.difference, expected.difference, "difference");
        assert_close(found.standard_error, expected.standard_error, "standard error");
        assert_close(found.t, expected.t, "t");
        assert_close(found.p, expected.p, "p");
        assert_close(found.interval.lower, expected.interval[0], "lower bound");
        assert_close(found.interval.upper, expected.interval[1], "upper bound");
    };
    let scores = |runs: &[Vec<f64>]| {
        let cells = mean_correctness(&case.labels, &slices(runs), THRESHOLD).unwrap();
        let shares = accuracies(&case.labels, &slices(runs), THRESHOLD).unwrap();
        (cells, shares)
    };
    let compared = |first: &[Vec<f64>], second: &[Vec<f64>], folds: Option<&Clusters>, level: f64| {
        let ((first, first_runs), (second, second_runs)) = (scores(first), scores(second));
        let (first, second) =
            (Scored { cells: &first, runs: &first_runs }, Scored { cells: &second, runs: &second_runs });
        compare(&first, &second, &Units { patients: &patients, folds }, level).unwrap()
    };
    let expected = &case.over_runs;
    check(compared(&case.first, &case.second[..2], None, expected.level), expected);
    let once = &case.second[..1];
    let expected = &case.several_against_one;
    check(compared(&case.first, once, None, expected.level), expected);
    let numbers: Vec<u32> =
        case.patients.iter().map(|patient| patient[1..].parse::<u32>().unwrap() % 5).collect();
    let folds = Clusters::by_patient(&numbers);
    let expected = &case.several_against_one_in_folds;
    check(compared(&case.first, once, Some(&folds), expected.level), expected);
    let expected = &case.over_folds;
    let over_patients = case.difference(1, &patients, expected.level);
    assert!(over_patients.standard_error < expected.standard_error, "the golden case is to be one of folds");
    check(compared(&case.first[..1], &case.second[..1], Some(&folds), expected.level), expected);
}

#[test]
fn unpaired_differences_are_statsmodels_regression_on_the_side() {
    let case = golden().comparison;
    let [first, second] = case.correctness(1);
    let one = ScoredCells { scores: &first[..120], patients: &case.patients[..120] };
    let other = ScoredCells { scores: &second[60..], patients: &case.patients[60..] };
    let expected = &case.unpaired;
    let found = unpaired_difference(&one, &other, expected.level).unwrap();
    assert_close(found.difference, expected.difference, "difference");
    assert_close(found.standard_error, expected.standard_error, "standard error");
    assert_close(found.t, expected.t, "t");
    assert_close(found.p, expected.p, "p");
    assert_close(found.interval.lower, expected.interval[0], "lower bound");
    assert_close(found.interval.upper, expected.interval[1], "upper bound");
}

#[test]
fn wilson_intervals_over_patients_are_those_of_their_definition() {
    let case = golden().comparison;
    let cells: Vec<usize> = (0..case.labels.len()).filter(|cell| case.labels[*cell] == 1).collect();
    let found: Vec<bool> = cells.iter().map(|cell| case.first[0][*cell] >= THRESHOLD).collect();
    let patients = Clusters::by_patient(&cells.iter().map(|cell| &case.patients[*cell]).collect::<Vec<_>>());
    for &(level, lower, upper) in &case.clustered_wilson {
        let found = clustered_wilson_interval(&found, &patients, level).unwrap();
        assert_close(found.lower, lower, "lower bound");
        assert_close(found.upper, upper, "upper bound");
    }
    for (all, (lower, upper)) in [false, true].into_iter().zip(case.clustered_wilson_of_none_and_all) {
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
    let found = case.difference(3, &Clusters::by_cell(case.labels.len()), 0.95);
    assert_close(found.t, expected.t, "t");
    assert_close(found.p, expected.p, "p");
    assert_close(found.interval.lower, expected.interval[0], "lower bound");
    assert_close(found.interval.upper, expected.interval[1], "upper bound");
    assert_eq!(found.resampled, Resampled::Cells(case.labels.len()));
    let found = found.equivalence(expected.margin, 0.05).unwrap();
    assert_close(found.p, expected.equivalence_p, "equivalence p");
    assert_close(found.lower_p, expected.lower_p, "lower p");
    assert_close(found.upper_p, expected.upper_p, "upper p");
}

#[test]
fn a_series_is_corrected_as_statsmodels_does() {
    let case = golden().comparison;
    let expected = &case.series;
    let members: Vec<Scored<'_>> =
        expected.members.iter().map(|cells| Scored { cells, runs: &[0.5] }).collect();
    let units = Units { patients: &case.clusters(), folds: None };
    let found = compare_series(&members, &units, expected.margin, 0.05).unwrap();
    assert_eq!(found.best, expected.best);
    for (row, mean) in found.members.iter().zip(&expected.means) {
        assert_close(row.mean, *mean, "mean");
    }
    for (place, member) in expected.others.iter().enumerate() {
        let row = found.members[*member].against_best.unwrap();
        assert_close(row.corrected_p, expected.corrected_p[place], "corrected p");
        assert_close(row.noninferiority.p, expected.noninferiority_p[place], "non-inferiority p");
        assert_close(row.equivalence.p, expected.equivalence_p[place], "equivalence p");
    }
    let good_enough = expected.others.iter().zip(&expected.noninferiority_p).find(|(_, p)| **p < 0.05);
    assert_eq!(Some(&found.smallest_within_margin), good_enough.map(|(member, _)| member));
}
