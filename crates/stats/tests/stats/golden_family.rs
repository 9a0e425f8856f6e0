//! Comparisons over patients, seeds and folds against R's clubSandwich, lme4 and aov (tests/golden/comparison.R).

use ranklab_stats::{Clusters, Family, Interval, Layout, MeanDifference, Scores};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    weighted_means: Vec<WeightedMean>,
    crossed: Vec<Crossed>,
    folds: Folds,
}

/// A difference of two networks with clubSandwich's CR2.
#[derive(Deserialize)]
struct WeightedMean {
    name: String,
    sizes: Vec<usize>,
    /// Of each patient, the cells that the first gets right.
    first: Vec<usize>,
    second: Vec<usize>,
    difference: f64,
    variance: f64,
    degrees_of_freedom: f64,
    t: f64,
    p: f64,
    level: f64,
    interval: [f64; 2],
}

/// Two configurations of several seeds, on patients with so many cells each.
#[derive(Deserialize)]
struct Crossed {
    name: String,
    cells: usize,
    configurations: [Configuration; 2],
    difference: f64,
    patients: f64,
    seeds: f64,
    seeds_degrees_of_freedom: f64,
    standard_error: f64,
    degrees_of_freedom: f64,
    t: f64,
    p: f64,
    level: f64,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct Configuration {
    /// Of each seed and patient, the cells that are right.
    right: Vec<Vec<usize>>,
    of_seeds: f64,
    of_patients: f64,
    /// The variance over seeds beyond that of single patients, where it is more than 0.
    lme4_shared: Option<f64>,
}

#[derive(Deserialize)]
struct Folds {
    /// Of each fold.
    cells: usize,
    /// Of each configuration and fold, the cells that are right.
    right: Vec<Vec<usize>>,
    variance: f64,
    degrees_of_freedom: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../../tests/golden/comparison.json")).unwrap()
}

/// R writes 15 digits.
#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{what}: {found}, not {expected}");
}

#[track_caller]
fn assert_interval(found: Interval, [lower, upper]: [f64; 2], what: &str) {
    assert_close(found.lower, lower, &format!("lower bound of {what}"));
    assert_close(found.upper, upper, &format!("upper bound of {what}"));
}

fn by_size(sizes: &[usize]) -> Clusters {
    let unit_of_cell: Vec<usize> =
        sizes.iter().enumerate().flat_map(|(unit, size)| vec![unit; *size]).collect();
    Clusters::by_patient(&unit_of_cell)
}

/// Scores of cells of units with these sizes, of which so many are right.
fn cells(sizes: &[usize], right: &[usize]) -> Vec<f64> {
    let of_unit = |(size, right): (&usize, &usize)| {
        let right = *right;
        (0..*size).map(move |cell| f64::from(u8::from(cell < right)))
    };
    sizes.iter().zip(right).flat_map(of_unit).collect()
}

fn compare(layout: &Layout, members: &[Scores], level: f64) -> MeanDifference {
    Family::new(layout, members.iter().collect()).unwrap().compare(0, 1, level).unwrap().difference
}

#[test]
fn differences_over_unequal_patients_are_club_sandwichs() {
    let cases = golden().weighted_means;
    assert_eq!(cases.len(), 5);
    for case in cases {
        let what = case.name.as_str();
        let layout = Layout::new(by_size(&case.sizes), None).unwrap();
        let of = |right: &[usize]| Scores::new(&layout, &[cells(&case.sizes, right)]).unwrap();
        let found = compare(&layout, &[of(&case.first), of(&case.second)], case.level);
        let patients = found.components.unwrap().patients;
        assert_close(found.difference, case.difference, what);
        assert_close(patients.variance, case.variance, what);
        assert_close(patients.degrees_of_freedom, case.degrees_of_freedom, what);
        assert_close(found.standard_error, case.variance.sqrt(), what);
        assert_close(found.t, case.t, what);
        assert_close(found.reference().two_sided_p(found.t).unwrap(), case.p, what);
        assert_interval(found.interval, case.interval, what);
        // Too few patients that count carry no claim, whatever R says.
        let claims = found.concentration.carries_claims();
        assert_eq!(claims, !["one_of_60_percent", "few"].contains(&what), "{what}");
        assert_close(found.p, if claims { case.p } else { 1.0 }, what);
    }
}

#[test]
fn seeds_and_patients_are_those_of_two_way_analyses_of_variance() {
    let cases = golden().crossed;
    assert_eq!(cases.len(), 3);
    for case in cases {
        let what = case.name.as_str();
        let sizes = vec![case.cells; case.configurations[0].right[0].len()];
        let layout = Layout::new(by_size(&sizes), None).unwrap();
        let members = case.configurations.each_ref().map(|of| {
            let seeds: Vec<Vec<f64>> = of.right.iter().map(|right| cells(&sizes, right)).collect();
            let scores = Scores::new(&layout, &seeds).unwrap();
            let variance = scores.variance().unwrap();
            assert_close(variance.of_seeds.variance, of.of_seeds, what);
            assert_close(variance.of_patients, of.of_patients, what);
            if let Some(shared) = of.lme4_shared {
                // lme4 stops where its likelihood hardly rises.
                let found = variance.of_seeds.variance - variance.of_patients;
                assert!((found / shared - 1.0).abs() < 1e-3, "{what}: {found}, not {shared}");
            }
            scores
        });
        let found = compare(&layout, &members, case.level);
        let components = found.components.unwrap();
        assert_close(found.difference, case.difference, what);
        assert_close(components.patients.variance, case.patients, what);
        assert_close(components.patients.degrees_of_freedom, (sizes.len() - 1) as f64, what);
        assert_close(components.seeds.unwrap().variance, case.seeds, what);
        assert_close(components.seeds.unwrap().degrees_of_freedom, case.seeds_degrees_of_freedom, what);
        assert_close(found.standard_error, case.standard_error, what);
        assert_close(found.degrees_of_freedom, case.degrees_of_freedom, what);
        assert_close(found.t, case.t, what);
        assert_close(found.p, case.p, what);
        assert_interval(found.interval, case.interval, what);
    }
}

#[test]
fn folds_are_the_interaction_of_a_two_way_analysis_of_variance() {
    let Folds { cells: size, right, variance, degrees_of_freedom } = golden().folds;
    let sizes = vec![size; right[0].len()];
    // Four patients in each fold.
    let layout = Layout::new(by_size(&vec![size / 4; 4 * sizes.len()]), Some(by_size(&sizes))).unwrap();
    let scores = |right: &Vec<usize>| Scores::new(&layout, &[cells(&sizes, right)]).unwrap();
    let members: Vec<Scores> = right.iter().map(scores).collect();
    let family = Family::new(&layout, members.iter().collect()).unwrap();
    let mut of_family = 0;
    for first in 0..members.len() {
        for second in 0..first {
            let difference = family.compare(first, second, 0.95).unwrap().difference;
            let found = difference.components.unwrap().folds.unwrap();
            // A pair that folds treat still more differently stands for itself.
            if found.variance <= variance * (1.0 + 1e-9) {
                of_family += 1;
                assert_close(found.variance, variance, "folds");
                assert_close(found.degrees_of_freedom, degrees_of_freedom, "folds");
            } else {
                assert_close(found.degrees_of_freedom, (sizes.len() - 1) as f64, "folds of a pair");
            }
        }
    }
    assert!((1..6).contains(&of_family), "{of_family}");
}
