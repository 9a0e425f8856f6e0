//! How often intervals of one configuration hold the truth, and DeLong's test errs, over simulated studies.

use rand::RngExt;
use ranklab_stats::{
    Clusters, CountMetric, Metric, Resampling, bootstrap, clustered_wilson_interval, delong_comparison,
    wilson_interval,
};

use crate::simulation::{ALPHA, CELLS, PATIENTS, STUDIES, correctness, most_false_claims, patients, studies};

const EQUAL: [usize; PATIENTS] = [CELLS; PATIENTS];

#[test]
fn bootstrap_intervals_over_patients_hold_the_truth_and_those_over_cells_too_seldom() {
    let labels = vec![1; PATIENTS * CELLS];
    let resampling = Resampling { replicates: 400, ..Resampling::default() };
    let holds = |clusters: &Clusters| {
        studies(7, 200, |random| {
            let right = correctness(random, &EQUAL, 0.85);
            let sensitivity = Metric::counts(CountMetric::Sensitivity);
            let found = bootstrap(sensitivity, &labels, &[&right], clusters, &resampling).unwrap().unwrap();
            found.interval.contains(0.85)
        })
    };
    // 190 of 200 nominally, standard deviation 3; a percentile interval of 50 patients loses a little.
    let found = holds(&patients(&EQUAL));
    assert!((178..=199).contains(&found), "{found} of 200");
    let naive = holds(&Clusters::by_cell(PATIENTS * CELLS));
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

#[test]
fn wilson_intervals_over_patients_hold_the_truth_and_those_over_cells_too_seldom() {
    let clusters = patients(&EQUAL);
    let mut over_cells = 0;
    let found = studies(9, STUDIES, |random| {
        let right = correctness(random, &EQUAL, 0.85);
        let count = right.iter().sum::<f64>() as u64;
        over_cells += usize::from(wilson_interval(count, right.len() as u64, 0.95).unwrap().contains(0.85));
        clustered_wilson_interval(&right, &clusters, 0.95).unwrap().contains(0.85)
    });
    assert!(STUDIES - found <= most_false_claims(STUDIES), "{found} of {STUDIES}");
    assert!(found < STUDIES * 99 / 100, "{found} of {STUDIES}");
    assert!(STUDIES - over_cells > 2 * most_false_claims(STUDIES), "cells: {over_cells} of {STUDIES}");
}
