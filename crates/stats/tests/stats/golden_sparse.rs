//! What patients that were not seen leave open, and cells that flip, against scipy and numpy
//! (tests/golden/statistics.py).

use ranklab_stats::{
    Clusters, Equivalence, Family, Layout, NonInferiority, Scores, THRESHOLD, flips, mean_correctness,
    patients_for_margin, unseen_margin,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    /// Patients, alpha, and Clopper & Pearson's bound where none of them fails.
    unseen: Vec<(usize, f64, f64)>,
    /// Patients that are lost, of so many, margin and alpha; p and upper bound.
    rare: Vec<(usize, usize, f64, f64, f64, f64)>,
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
    labels: Vec<u8>,
    patients: Vec<String>,
    sparse: Sparse,
}

/// A run that is right but on a few cells of two patients.
#[derive(Deserialize)]
struct Sparse {
    run: Vec<f64>,
    of_one: GoldenSparse,
}

/// From a million draws.
#[derive(Deserialize)]
struct GoldenSparse {
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

/// A p of 9,999 draws: within four standard deviations, and the sample itself.
#[track_caller]
fn assert_same_share(found: f64, expected: f64, what: &str) {
    let most = 4.0 * (expected * (1.0 - expected) / 9999.0).sqrt() + 2e-4;
    assert!((found - expected).abs() <= most, "{what}: {found}, not {expected}");
}

/// A bound of 9,999 draws.
#[track_caller]
fn assert_same_bound(found: f64, expected: f64, what: &str) {
    assert!((found / expected - 1.0).abs() < 0.05, "{what}: {found}, not {expected}");
}

/// A network that is always right against another one.
fn against_right(
    layout: &Layout,
    second: Vec<f64>,
    margin: f64,
    alpha: f64,
) -> (Equivalence, NonInferiority) {
    let right = Scores::new(layout, &[vec![1.0; layout.cells()]]).unwrap();
    let second = Scores::new(layout, &[second]).unwrap();
    let family = Family::new(layout, vec![&right, &second]).unwrap();
    let found = family.compare(0, 1, 0.9).unwrap();
    (found.equivalence(margin, alpha).unwrap(), found.noninferiority(margin, alpha).unwrap())
}

#[test]
fn patients_that_never_differ_leave_open_what_scipys_beta_distribution_says() {
    for (patients, alpha, bound) in golden().unseen {
        assert_close(unseen_margin(patients, alpha).unwrap(), bound, &format!("{patients} {alpha}"));
        assert_eq!(patients_for_margin(bound * 0.999, alpha), Ok(patients + 1 + patients / 1000));
        assert_eq!(patients_for_margin(bound * 1.0001, alpha), Ok(patients));
    }
}

#[test]
fn patients_that_are_lost_altogether_leave_open_what_scipys_binomial_distribution_says() {
    for (lost, of, margin, alpha, p, bound) in golden().rare {
        let patients = Clusters::by_patient(&(0..3 * of).map(|cell| cell / 3).collect::<Vec<_>>());
        let layout = Layout::new(patients, None).unwrap();
        let second = (0..3 * of).map(|cell| f64::from(u8::from(cell / 3 >= lost))).collect();
        let (same, loss) = against_right(&layout, second, margin, alpha);
        let what = format!("{lost} of {of}");
        assert_same_share(same.upper_p, p, &what);
        assert_same_bound(same.interval.upper, bound, &what);
        assert_eq!(same.equivalent, p < alpha, "{what}");
        assert_eq!((loss.p, loss.upper_bound), (same.upper_p, same.interval.upper), "{what}");
    }
}

#[test]
fn equivalence_of_runs_that_hardly_differ_is_held_to_it() {
    let Comparison { labels, patients, sparse } = golden().comparison;
    let layout = Layout::new(Clusters::by_patient(&patients), None).unwrap();
    let second = mean_correctness(&labels, &[&sparse.run], THRESHOLD).unwrap();
    let expected = sparse.of_one;
    let (same, loss) = against_right(&layout, second, expected.margin, 0.05);
    assert_same_share(same.lower_p, expected.lower_p, "lower p");
    assert_same_share(same.upper_p, expected.upper_p, "upper p");
    assert_same_bound(same.interval.lower, expected.interval[0], "lower bound");
    assert_same_bound(same.interval.upper, expected.interval[1], "upper bound");
    assert_eq!((loss.p, loss.upper_bound), (same.upper_p, same.interval.upper));
}

#[test]
fn flips_are_numpys_mean_over_all_pairs_of_runs() {
    let GoldenFlips { shares: [first, second], flips: [first_only, second_only] } = golden().flips;
    let found = flips(&first, &second).unwrap();
    assert_close(found.first_only, first_only, "first only");
    assert_close(found.second_only, second_only, "second only");
}
