//! How often the comparisons claim something that is not so, over many simulated studies.
//!
//! Each study has 50 patients of 20 cells. A configuration finds a patient's cells easy or hard (right
//! with a chance 0.1 above or below its accuracy), so that cells of a patient are right and wrong
//! together. All studies are seeded; a limit is the nominal rate and three standard deviations of its
//! count.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ranklab_stats::{
    Clusters, CountMetric, Metric, PairedCells, Reference, Resampling, Scored, ScoredCells, SeriesComparison,
    Source, Sources, Units, Verdict, bootstrap, clustered_wilson_interval, compare, compare_series,
    delong_comparison, unpaired_difference, wilson_interval,
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
    let members: Vec<Scored<'_>> = members.iter().map(|cells| Scored { cells, runs: &[0.85] }).collect();
    compare_series(&members, &Units { patients: clusters, folds: None }, margin, ALPHA).unwrap()
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

/// Runs of a configuration of accuracy 0.85 on the same cells, whose seeds are lucky or unlucky with this
/// standard deviation: whether each cell is right, averaged over the runs, and each run's share.
fn seeds(random: &mut ChaCha8Rng, runs: usize, accuracy: f64, sd: f64) -> (Vec<f64>, Vec<f64>) {
    let runs: Vec<Vec<f64>> = (0..runs)
        .map(|_| {
            // The sum of three uniform numbers, near enough to a normal one.
            let luck: f64 = (0..3).map(|_| random.random_range(-1.0..1.0)).sum();
            correctness(random, accuracy + sd * luck)
        })
        .collect();
    let cells =
        (0..runs[0].len()).map(|cell| runs.iter().map(|run| run[cell]).sum::<f64>() / runs.len() as f64);
    (cells.collect(), runs.iter().map(|run| run.iter().sum::<f64>() / run.len() as f64).collect())
}

#[test]
fn equal_configurations_whose_seeds_differ_are_seldom_told_apart() {
    let clusters = patients();
    let units = Units { patients: &clusters, folds: None };
    let limit = most_false_claims(STUDIES);
    // Seeds that hardly differ, that differ as patients do, more, and for one configuration alone.
    for (place, (runs, first_sd, second_sd)) in
        [(2, 0.0, 0.0), (2, 0.03, 0.03), (2, 0.04, 0.0), (3, 0.03, 0.03), (3, 0.04, 0.0), (5, 0.02, 0.02)]
            .into_iter()
            .enumerate()
    {
        let mut with_seeds_fixed = 0;
        let found = studies(20 + place as u64, STUDIES, |random| {
            let (first, first_runs) = seeds(random, runs, 0.85, first_sd);
            let (second, second_runs) = seeds(random, runs, 0.85, second_sd);
            let pair = PairedCells { first: &first, second: &second, clusters: &clusters };
            with_seeds_fixed += usize::from(pair.difference(0.95).unwrap().p < ALPHA);
            let (first, second) =
                (Scored { cells: &first, runs: &first_runs }, Scored { cells: &second, runs: &second_runs });
            compare(&first, &second, &units, 0.95).unwrap().p < ALPHA
        });
        assert!(found <= limit, "{runs} seeds, sd {first_sd} and {second_sd}: {found} of {STUDIES}");
        if first_sd > 0.0 {
            assert!(with_seeds_fixed > 2 * limit, "seeds fixed: {with_seeds_fixed} of {STUDIES}");
        }
    }
}

#[test]
fn equal_series_whose_seeds_differ_are_seldom_told_apart_nor_wrongly_called_enough() {
    let clusters = patients();
    let units = Units { patients: &clusters, folds: None };
    let of = |random: &mut ChaCha8Rng, accuracies: [f64; 4], margin: f64| {
        let members = accuracies.map(|accuracy| seeds(random, 3, accuracy, 0.03));
        let members = members.each_ref().map(|(cells, runs)| Scored { cells, runs });
        compare_series(&members, &units, margin, ALPHA).unwrap()
    };
    let limit = most_false_claims(STUDIES);
    let found = studies(30, STUDIES, |random| finds_a_difference(&of(random, [0.85; 4], 0.01)));
    assert!(found <= limit, "{found} of {STUDIES}");
    let found =
        studies(31, STUDIES, |random| of(random, [0.75, 0.75, 0.75, 0.85], 0.1).smallest_within_margin < 3);
    assert!(found <= limit, "{found} of {STUDIES}");
}

#[test]
fn what_seeds_leave_no_doubt_of_is_found() {
    let clusters = patients();
    let units = Units { patients: &clusters, folds: None };
    let found = studies(32, 400, |random| {
        let (first, first_runs) = seeds(random, 3, 0.85, 0.005);
        let (second, second_runs) = seeds(random, 3, 0.75, 0.005);
        let (first, second) =
            (Scored { cells: &first, runs: &first_runs }, Scored { cells: &second, runs: &second_runs });
        compare(&first, &second, &units, 0.95).unwrap().p < ALPHA
    });
    assert!(found > 300, "{found} of 400");
}

#[test]
fn configurations_trained_once_per_fold_are_told_apart_at_most_at_the_nominal_rate() {
    let clusters = patients();
    let fold_of = |cell: usize| cell / CELLS % 5;
    let folds = Clusters::by_patient(&(0..PATIENTS * CELLS).map(fold_of).collect::<Vec<_>>());
    let mut over_patients = 0;
    let found = studies(33, STUDIES, |random| {
        let mut trained_in_folds = || {
            let networks: Vec<Vec<f64>> = (0..5).map(|_| seeds(random, 1, 0.85, 0.05).0).collect();
            (0..PATIENTS * CELLS).map(|cell| networks[fold_of(cell)][cell]).collect::<Vec<f64>>()
        };
        let (first, second) = (trained_in_folds(), trained_in_folds());
        let (first, second) =
            (Scored { cells: &first, runs: &[0.85] }, Scored { cells: &second, runs: &[0.85] });
        let p = |folds| compare(&first, &second, &Units { patients: &clusters, folds }, 0.95).unwrap().p;
        over_patients += usize::from(p(None) < ALPHA);
        p(Some(&folds)) < ALPHA
    });
    let limit = most_false_claims(STUDIES);
    assert!(found <= limit, "{found} of {STUDIES}");
    assert!(over_patients > 2 * limit, "over patients: {over_patients} of {STUDIES}");
}

/// The mean of `n` squared standard normal numbers: an estimated variance over the true one.
fn estimated(random: &mut ChaCha8Rng, n: usize) -> f64 {
    (0..n).map(|_| normal(random).powi(2)).sum::<f64>() / n as f64
}

/// Box and Muller's.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (radius, angle) = (1.0 - random.random::<f64>(), random.random::<f64>());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

#[test]
fn sources_of_few_degrees_of_freedom_keep_the_rate_where_satterthwaites_do_not() {
    const DRAWS: usize = 20_000;
    // True variances and degrees of freedom: one of two seeds beside many patients, two seeds each, three
    // seeds each.
    let cases = [
        [(1.0, 1), (0.05, 99)],
        [(1.0, 1), (0.2, 1)],
        [(1.0, 2), (0.05, 99)],
        [(1.0, 2), (1.0, 2)],
        [(0.1, 4), (1.0, 99)],
    ];
    let mut satterthwaites = Vec::new();
    for (place, case) in cases.into_iter().enumerate() {
        let mut by_satterthwaite = 0;
        let found = studies(40 + place as u64, DRAWS, |random| {
            let difference = normal(random) * case.iter().map(|(variance, _)| variance).sum::<f64>().sqrt();
            let [one, other] = case.map(|(variance, n)| Source {
                variance: variance * estimated(random, n),
                degrees_of_freedom: n as f64,
            });
            let variance = one.variance + other.variance;
            let parts = [one, other].map(|part| part.variance.powi(2) / part.degrees_of_freedom);
            let welch = Reference::StudentT { degrees_of_freedom: variance.powi(2) / (parts[0] + parts[1]) };
            let t = difference / variance.sqrt();
            by_satterthwaite += usize::from(welch.two_sided_p(t).unwrap() < ALPHA);
            let sources = Sources::one(one).and(other).unwrap();
            Reference::Sources(sources).two_sided_p(t).unwrap() < ALPHA
        });
        assert!(found <= most_false_claims(DRAWS), "{case:?}: {found} of {DRAWS}");
        satterthwaites.push(by_satterthwaite);
        if place == 3 {
            assert!((DRAWS / 200..DRAWS / 50).contains(&found), "{found} of {DRAWS}");
        }
    }
    // One of two seeds rejects an eighth of true hypotheses.
    assert!((DRAWS * 11 / 100..DRAWS * 15 / 100).contains(&satterthwaites[0]), "{satterthwaites:?}");
}

#[test]
fn wilson_intervals_over_patients_hold_the_truth_and_those_over_cells_too_seldom() {
    let clusters = patients();
    let mut over_cells = 0;
    let found = studies(9, STUDIES, |random| {
        let right: Vec<bool> = correctness(random, 0.85).into_iter().map(|score| score > 0.5).collect();
        let count = right.iter().filter(|right| **right).count() as u64;
        over_cells += usize::from(wilson_interval(count, right.len() as u64, 0.95).unwrap().contains(0.85));
        clustered_wilson_interval(&right, &clusters, 0.95).unwrap().contains(0.85)
    });
    assert!(STUDIES - found <= most_false_claims(STUDIES), "{found} of {STUDIES}");
    assert!(found < STUDIES * 99 / 100, "{found} of {STUDIES}");
    assert!(STUDIES - over_cells > 2 * most_false_claims(STUDIES), "cells: {over_cells} of {STUDIES}");
}

#[test]
fn equal_splits_of_other_cells_differ_at_the_nominal_rate() {
    // Half of the patients have cells on both sides, and are as hard on one as on the other.
    let patients: Vec<usize> = (0..PATIENTS * CELLS).map(|cell| cell / CELLS).collect();
    let found = studies(10, STUDIES, |random| {
        let scores = correctness(random, 0.85);
        let on = |second: bool| -> (Vec<f64>, Vec<usize>) {
            let there = |cell: &usize| match cell / CELLS {
                patient if patient < PATIENTS / 2 => (cell % 2 == 1) == second,
                patient => (patient % 2 == 1) == second,
            };
            (0..scores.len()).filter(there).map(|cell| (scores[cell], patients[cell])).unzip()
        };
        let ((first, first_patients), (second, second_patients)) = (on(false), on(true));
        let first = ScoredCells { scores: &first, patients: &first_patients };
        let second = ScoredCells { scores: &second, patients: &second_patients };
        unpaired_difference(&first, &second, 0.95).unwrap().p < ALPHA
    });
    assert!((STUDIES / 50..=most_false_claims(STUDIES)).contains(&found), "{found} of {STUDIES}");
}
