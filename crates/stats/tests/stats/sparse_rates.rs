//! How often comparisons and intervals claim something that is not so where hardly any patient differs or
//! fails, over many simulated studies. Seeds and limits as in `error_rates.rs`.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ranklab_stats::{
    Clusters, MeanDifference, PairedCells, Scored, ScoredCells, Units, clustered_wilson_interval, compare,
    unpaired_difference, wilson_interval,
};

const CELLS: usize = 20;
const STUDIES: usize = 2000;
const ALPHA: f64 = 0.05;
const MARGIN: f64 = 0.01;

/// `STUDIES` times `ALPHA` and three standard deviations.
fn most_false_claims() -> usize {
    let n = STUDIES as f64;
    (n * ALPHA + 3.0 * (n * ALPHA * (1.0 - ALPHA)).sqrt()) as usize
}

fn studies(seed: u64, mut study: impl FnMut(&mut ChaCha8Rng) -> bool) -> usize {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..STUDIES).filter(|_| study(&mut random)).count()
}

fn patient_of_cell(patients: usize) -> Vec<usize> {
    (0..patients * CELLS).map(|cell| cell / CELLS).collect()
}

/// Right on all cells but those that a few patients lose: each with this chance, so many of its cells.
fn losing(random: &mut ChaCha8Rng, patients: usize, chance: f64, lost: usize) -> Vec<f64> {
    let mut cells = Vec::with_capacity(patients * CELLS);
    for _ in 0..patients {
        let lost = if random.random_bool(chance) { lost } else { 0 };
        cells.extend((0..CELLS).map(|cell| f64::from(u8::from(cell >= lost))));
    }
    cells
}

/// Patients, the chance that one loses cells, and how many it loses: the margin of one point on average,
/// or two.
const RARE_LOSSES: [(usize, f64, usize); 5] =
    [(20, 0.05, 4), (40, 0.02, 10), (100, 0.01, 20), (100, 0.02, 10), (100, 0.04, 10)];

/// Counts studies in which a configuration that loses the margin counts as equivalent, or as not inferior.
fn false_claims(seed: u64, of: impl Fn(&mut ChaCha8Rng, usize, f64, usize) -> MeanDifference) {
    for (place, (patients, chance, lost)) in RARE_LOSSES.into_iter().enumerate() {
        let mut not_inferior = 0;
        let equivalent = studies(seed + place as u64, |random| {
            let found = of(random, patients, chance, lost);
            not_inferior += usize::from(found.noninferiority(MARGIN, ALPHA).unwrap().noninferior);
            found.equivalence(MARGIN, ALPHA).unwrap().equivalent
        });
        let what = format!("{patients} patients, {chance} lose {lost} of {CELLS} cells");
        assert!(equivalent <= most_false_claims(), "{what}: {equivalent} of {STUDIES} equivalent");
        assert!(not_inferior <= most_false_claims(), "{what}: {not_inferior} of {STUDIES} not inferior");
    }
}

#[test]
fn what_rare_patients_lose_is_seldom_called_equivalent() {
    false_claims(1, |random, patients, chance, lost| {
        let second = losing(random, patients, chance, lost);
        let clusters = Clusters::by_patient(&patient_of_cell(patients));
        let cells = PairedCells { first: &vec![1.0; second.len()], second: &second, clusters: &clusters };
        cells.difference(0.95).unwrap()
    });
}

#[test]
fn nor_is_it_over_several_seeds_or_folds() {
    false_claims(11, |random, patients, chance, lost| {
        // Every seed loses the same patients' cells, each a few more or fewer.
        let lost_by_all = losing(random, patients, chance, lost);
        let runs: Vec<Vec<f64>> = (0..3)
            .map(|seed| {
                let also = |(cell, right): (usize, &f64)| match cell % CELLS {
                    // One more in the first seed, one fewer in the second.
                    place if place == lost % CELLS && seed == 0 => lost_by_all[cell - cell % CELLS],
                    place if place + 1 == lost && seed == 1 => 1.0,
                    _ => *right,
                };
                lost_by_all.iter().enumerate().map(also).collect()
            })
            .collect();
        let mean = |run: &Vec<f64>| run.iter().sum::<f64>() / run.len() as f64;
        let second: Vec<f64> =
            (0..lost_by_all.len()).map(|cell| runs.iter().map(|run| run[cell]).sum::<f64>() / 3.0).collect();
        let shares: Vec<f64> = runs.iter().map(mean).collect();
        let first = vec![1.0; second.len()];
        let patients = Clusters::by_patient(&patient_of_cell(patients));
        let units = Units { patients: &patients, folds: None };
        let first = Scored { cells: &first, runs: &[1.0; 3] };
        compare(&first, &Scored { cells: &second, runs: &shares }, &units, 0.95).unwrap()
    });
    false_claims(21, |random, patients, chance, lost| {
        let second = losing(random, patients, chance, lost);
        let of_cell = patient_of_cell(patients);
        let folds = Clusters::by_patient(&of_cell.iter().map(|patient| patient % 5).collect::<Vec<_>>());
        let patients = Clusters::by_patient(&of_cell);
        let units = Units { patients: &patients, folds: Some(&folds) };
        let first = Scored { cells: &vec![1.0; second.len()], runs: &[1.0] };
        compare(&first, &Scored { cells: &second, runs: &[0.99] }, &units, 0.95).unwrap()
    });
}

#[test]
fn nor_is_it_on_other_cells() {
    false_claims(31, |random, patients, chance, lost| {
        let second = losing(random, patients, chance, lost);
        let (first, of_cell) = (vec![1.0; second.len()], patient_of_cell(patients));
        let others: Vec<usize> = of_cell.iter().map(|patient| patient + patients).collect();
        let first = ScoredCells { scores: &first, patients: &of_cell };
        unpaired_difference(&first, &ScoredCells { scores: &second, patients: &others }, 0.95).unwrap()
    });
}

#[test]
fn single_cells_of_few_patients_are_still_called_equivalent() {
    let clusters = Clusters::by_patient(&patient_of_cell(200));
    let found = studies(41, |random| {
        let (first, second) = (losing(random, 200, 0.02, 1), losing(random, 200, 0.02, 1));
        let cells = PairedCells { first: &first, second: &second, clusters: &clusters };
        cells.difference(0.95).unwrap().equivalence(MARGIN, ALPHA).unwrap().equivalent
    });
    assert!(found > STUDIES * 95 / 100, "only {found} of {STUDIES}");
}

/// Whether each cell is right, at this rate and intraclass correlation: Pólya's urn, which draws a beta-binomial
/// number for each patient.
fn correlated(random: &mut ChaCha8Rng, patients: usize, rate: f64, correlation: f64) -> Vec<bool> {
    let balls = (1.0 - correlation) / correlation;
    let mut cells = Vec::with_capacity(patients * CELLS);
    for _ in 0..patients {
        let mut right = 0.0;
        for drawn in 0..CELLS {
            let one = random.random_bool((rate * balls + right) / (balls + drawn as f64));
            right += f64::from(u8::from(one));
            cells.push(one);
        }
    }
    cells
}

#[test]
fn wilson_intervals_over_patients_hold_high_rates() {
    let mut place = 50;
    for patients in [30, 50, 100] {
        let clusters = Clusters::by_patient(&patient_of_cell(patients));
        for (rate, correlation) in
            [(0.85, 0.2), (0.95, 0.1), (0.98, 0.2), (0.99, 0.05), (0.99, 0.2), (0.995, 0.2)]
        {
            place += 1;
            let mut width = 0.0;
            let held = studies(place, |random| {
                let right = correlated(random, patients, rate, correlation);
                let found = clustered_wilson_interval(&right, &clusters, 0.95).unwrap();
                width += (found.upper - found.lower) / STUDIES as f64;
                found.contains(rate)
            });
            let what = format!("{patients} patients, {rate}, {correlation}: {held} of {STUDIES}, {width}");
            assert!(STUDIES - held <= most_false_claims(), "{what}");
            // Nor by being of no use: narrower than that of as many independent cells as there are patients.
            let independent = (rate * patients as f64).round() as u64;
            let independent = wilson_interval(independent, patients as u64, 0.95).unwrap();
            assert!(width < independent.upper - independent.lower, "{what}");
        }
    }
}
