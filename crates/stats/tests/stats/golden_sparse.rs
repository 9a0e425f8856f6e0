//! What few patients that differ leave open, and cells that flip, against scipy and numpy
//! (tests/golden/statistics.py).

use ranklab_stats::{Clusters, Differing, MeanDifference, PairedCells, THRESHOLD, flips, mean_correctness};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    /// Patients that differ, of so many, the largest difference, margin and alpha; p and upper bound.
    differing: Vec<(usize, usize, f64, f64, f64, f64, f64)>,
    flips: GoldenFlips,
    comparison: Comparison,
}

#[derive(Deserialize)]
struct GoldenFlips {
    shares: [Vec<f64>; 2],
    flips: [f64; 2],
}

#[derive(Deserialize)]
struct Comparison {
    patients: Vec<String>,
    sparse: Sparse,
}

/// Runs that are right but on a few cells of two patients.
#[derive(Deserialize)]
struct Sparse {
    labels: Vec<u8>,
    runs: Vec<Vec<f64>>,
    of_one: GoldenSparse,
    of_all: GoldenSparse,
}

#[derive(Deserialize)]
struct GoldenSparse {
    differing: usize,
    margin: f64,
    lower_p: f64,
    upper_p: f64,
    interval: [f64; 2],
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/statistics.json")).unwrap()
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{what}: {found}, not {expected}");
}

#[test]
fn few_patients_leave_open_what_scipys_binomial_and_beta_distributions_say() {
    for (patients, of, largest, margin, alpha, p, bound) in golden().differing {
        let found = Differing { patients, of, largest };
        let what = format!("{found:?}, {margin}");
        assert_close(found.p(margin), p, &what);
        assert_close(found.upper_bound(alpha).unwrap(), bound, &what);
    }
}

#[test]
fn equivalence_of_runs_that_hardly_differ_is_held_to_it() {
    let Comparison { patients, sparse } = golden().comparison;
    let clusters = Clusters::by_patient(&patients);
    let right = vec![1.0; patients.len()];
    let of = |runs: &[Vec<f64>]| -> MeanDifference {
        let runs: Vec<&[f64]> = runs.iter().map(Vec::as_slice).collect();
        let second = mean_correctness(&sparse.labels, &runs, THRESHOLD).unwrap();
        PairedCells { first: &right, second: &second, clusters: &clusters }.difference(0.9).unwrap()
    };
    for (found, expected) in [(of(&sparse.runs[..1]), &sparse.of_one), (of(&sparse.runs), &sparse.of_all)] {
        assert_eq!(found.differing.patients, expected.differing);
        let same = found.equivalence(expected.margin, 0.05).unwrap();
        assert_close(same.lower_p, expected.lower_p, "lower p");
        assert_close(same.upper_p, expected.upper_p, "upper p");
        assert_close(same.interval.lower, expected.interval[0], "lower bound");
        assert_close(same.interval.upper, expected.interval[1], "upper bound");
        assert_close(found.interval.lower, expected.interval[0], "lower bound of the difference");
        assert_close(found.interval.upper, expected.interval[1], "upper bound of the difference");
        let loss = found.noninferiority(expected.margin, 0.05).unwrap();
        assert_close(loss.p, expected.upper_p, "p of a loss");
        assert_close(loss.upper_bound, expected.interval[1], "bound of a loss");
    }
}

#[test]
fn flips_are_numpys_mean_over_all_pairs_of_runs() {
    let GoldenFlips { shares: [first, second], flips: [first_only, second_only] } = golden().flips;
    let found = flips(&first, &second).unwrap();
    assert_close(found.first_only, first_only, "first only");
    assert_close(found.second_only, second_only, "second only");
}
