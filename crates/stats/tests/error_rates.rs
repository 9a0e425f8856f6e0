//! How often the comparisons claim something that is not so, over many simulated studies.
//!
//! Each study has 50 patients of 20 cells. A configuration finds a patient's cells easy or hard (right
//! with a chance 0.1 above or below its accuracy), so that cells of a patient are right and wrong
//! together. All studies are seeded; a limit is the nominal rate and three standard deviations of its
//! count.

#![allow(clippy::unwrap_used)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ranklab_stats::{
    Clusters, CountMetric, Metric, PairedCells, Resampling, SeriesComparison, Verdict, bootstrap,
    compare_series, delong_comparison,
};

const PATIENTS: usize = 50;
const CELLS: usize = 20;
const STUDIES: usize = 2000;
const ALPHA: f64 = 0.05;

/// `STUDIES` times `ALPHA` and three standard deviations.
fn most_false_claims(studies: usize) -> usize {
    let n = studies as f64;
    (n * ALPHA + 3.0 * (n * ALPHA * (1.0 - ALPHA)).sqrt()) as usize
}

fn patients() -> Clusters {
    Clusters::by_patient(&(0..PATIENTS * CELLS).map(|cell| cell / CELLS).collect::<Vec<_>>())
}

/// Whether each cell is right, for a configuration that has this accuracy over all patients.
fn correctness(random: &mut ChaCha8Rng, accuracy: f64) -> Vec<f64> {
    let mut cells = Vec::with_capacity(PATIENTS * CELLS);
    for _ in 0..PATIENTS {
        let chance = if random.random_bool(0.5) { accuracy + 0.1 } else { accuracy - 0.1 };
        cells.extend((0..CELLS).map(|_| f64::from(u8::from(random.random_bool(chance.clamp(0.0, 1.0))))));
    }
    cells
}

fn studies(seed: u64, count: usize, mut study: impl FnMut(&mut ChaCha8Rng) -> bool) -> usize {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).filter(|_| study(&mut random)).count()
}

fn series(random: &mut ChaCha8Rng, accuracies: &[f64], clusters: &Clusters, margin: f64) -> SeriesComparison {
    let members: Vec<Vec<f64>> = accuracies.iter().map(|accuracy| correctness(random, *accuracy)).collect();
    let members: Vec<&[f64]> = members.iter().map(Vec::as_slice).collect();
    compare_series(&members, clusters, margin, ALPHA).unwrap()
}

fn finds_a_difference(comparison: &SeriesComparison) -> bool {
    let different = |verdict: Verdict| {
        matches!(verdict, Verdict::Better | Verdict::Worse | Verdict::EquivalentYetDifferent)
    };
    comparison.members.iter().any(|member| member.against_best.is_some_and(|row| different(row.verdict)))
}

#[test]
fn equal_members_of_a_series_are_seldom_told_apart() {
    let (patients, cells) = (patients(), Clusters::by_cell(PATIENTS * CELLS));
    let over = |clusters: &Clusters| {
        studies(1, STUDIES, |random| finds_a_difference(&series(random, &[0.85; 4], clusters, 0.01)))
    };
    let limit = most_false_claims(STUDIES);
    let found = over(&patients);
    assert!(found <= limit, "{found} of {STUDIES} studies find a difference among equals, more than {limit}");
    // The same studies show what happens to those who take cells for independent.
    let naive = over(&cells);
    assert!(naive > 3 * limit, "cells: {naive} of {STUDIES}");
}

#[test]
fn two_equal_configurations_differ_at_the_nominal_rate() {
    let clusters = patients();
    let resampling = Resampling { replicates: 400, ..Resampling::default() };
    let (mut by_bootstrap, mut studies_done) = (0, 0);
    let by_t = studies(2, STUDIES, |random| {
        let (first, second) = (correctness(random, 0.85), correctness(random, 0.85));
        let pair = PairedCells { first: &first, second: &second, clusters: &clusters };
        by_bootstrap += usize::from(pair.bootstrap(&resampling).unwrap().p < ALPHA);
        studies_done += 1;
        pair.difference(0.95).unwrap().p < ALPHA
    });
    assert_eq!(studies_done, STUDIES);
    // Nor must the tests be so careful that they find nothing: 2 % at least.
    let (least, most) = (STUDIES / 50, most_false_claims(STUDIES));
    assert!((least..=most).contains(&by_t), "t: {by_t} of {STUDIES}");
    assert!((least..=most).contains(&by_bootstrap), "bootstrap: {by_bootstrap} of {STUDIES}");
}

#[test]
fn a_difference_of_the_margin_is_seldom_called_equivalent_and_none_is_often() {
    let clusters = patients();
    let equivalent = |seed: u64, first: f64, second: f64| {
        studies(seed, STUDIES, |random| {
            let (first, second) = (correctness(random, first), correctness(random, second));
            let pair = PairedCells { first: &first, second: &second, clusters: &clusters };
            pair.difference(0.95).unwrap().equivalence(0.1, ALPHA).unwrap().equivalent
        })
    };
    let limit = most_false_claims(STUDIES);
    for (first, second) in [(0.9, 0.8), (0.8, 0.9)] {
        let found = equivalent(3, first, second);
        assert!((STUDIES / 50..=limit).contains(&found), "{found} of {STUDIES} at {first} and {second}");
    }
    let found = equivalent(4, 0.85, 0.85);
    assert!(found > STUDIES * 9 / 10, "only {found} of {STUDIES} equals are called equivalent");
}

#[test]
fn members_that_lose_the_margin_are_seldom_called_good_enough() {
    let clusters = patients();
    let mut best_is_found = 0;
    let found = studies(5, STUDIES, |random| {
        let comparison = series(random, &[0.8, 0.8, 0.8, 0.9], &clusters, 0.1);
        best_is_found += usize::from(comparison.best == 3);
        comparison.smallest_within_margin < 3
    });
    assert!(found <= most_false_claims(STUDIES), "{found} of {STUDIES}");
    assert!(best_is_found > STUDIES * 9 / 10);
    // And those that lose nothing often are.
    let found = studies(6, STUDIES, |random| {
        series(random, &[0.8, 0.9, 0.9, 0.9], &clusters, 0.1).smallest_within_margin == 1
    });
    assert!(found > STUDIES * 3 / 4, "only {found} of {STUDIES}");
}

#[test]
fn bootstrap_intervals_over_patients_hold_the_truth_and_those_over_cells_too_seldom() {
    let (patients, cells) = (patients(), Clusters::by_cell(PATIENTS * CELLS));
    let labels = vec![1; PATIENTS * CELLS];
    let resampling = Resampling { replicates: 400, ..Resampling::default() };
    let holds = |clusters: &Clusters| {
        studies(7, 200, |random| {
            let right = correctness(random, 0.85);
            let sensitivity = Metric::counts(CountMetric::Sensitivity);
            let found = bootstrap(sensitivity, &labels, &[&right], clusters, &resampling).unwrap().unwrap();
            found.interval.contains(0.85)
        })
    };
    // 190 of 200 nominally, standard deviation 3; a percentile interval of 50 patients loses a little.
    let found = holds(&patients);
    assert!((178..=199).contains(&found), "{found} of 200");
    let naive = holds(&cells);
    assert!(naive < 165, "cells: {naive} of 200");
}

#[test]
fn delong_finds_two_equal_runs_on_independent_cells_different_at_the_nominal_rate() {
    let rate = studies(8, STUDIES, |random| {
        let labels: Vec<u8> = (0..200).map(|_| u8::from(random.random_bool(0.5))).collect();
        let mut run = || -> Vec<f64> {
            let score = |label: &u8| 0.3 * f64::from(*label) + 0.7 * random.random::<f64>();
            labels.iter().map(score).collect()
        };
        let (first, second) = (run(), run());
        let found = delong_comparison(&labels, &first, &second, 0.95).unwrap().unwrap();
        found.p.unwrap() < ALPHA
    });
    assert!((STUDIES / 50..=most_false_claims(STUDIES)).contains(&rate), "{rate} of {STUDIES}");
}
