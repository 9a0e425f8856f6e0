//! How often comparisons and intervals claim something that is not so where hardly any patient differs or fails, and
//! equivalence in general, over simulated studies.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use ranklab_stats::{Compared, Family, Scores, clustered_wilson_interval, wilson_interval};

use crate::simulation::{
    ALPHA, CELLS, PATIENTS, STUDIES, Trained, correctness, layout, most_false_claims, patients, studies,
    with_baseline,
};

const MARGIN: f64 = 0.01;
/// Studies where each claim is held to patients that were not seen, which takes milliseconds.
const FEW: usize = 400;

/// Right on all cells but those that a few patients lose: each with this chance, so many of its cells.
fn losing(random: &mut ChaCha8Rng, patients: usize, chance: f64, lost: usize) -> Vec<f64> {
    let mut cells = Vec::with_capacity(patients * CELLS);
    for _ in 0..patients {
        let lost = if random.random_bool(chance) { lost } else { 0 };
        cells.extend((0..CELLS).map(|cell| f64::from(u8::from(cell >= lost))));
    }
    cells
}

/// Patients, the chance that one loses cells, and how many it loses: the margin of one point on average, or two.
const RARE_LOSSES: [(usize, f64, usize); 5] =
    [(20, 0.05, 4), (100, 0.01, 20), (200, 0.01, 20), (100, 0.02, 10), (200, 0.04, 10)];

/// Whether a claim is made that a configuration is equivalent, or not inferior, to the baseline.
fn claims(found: &Compared<'_>, margin: f64) -> [bool; 2] {
    let not_inferior = found.noninferiority(margin, ALPHA).unwrap().noninferior;
    // What is inferior is not equivalent, which takes no second test.
    [not_inferior && found.equivalence(margin, ALPHA).unwrap().equivalent, not_inferior]
}

#[test]
fn what_rare_patients_lose_is_seldom_called_equivalent() {
    for (place, (patients, chance, lost)) in RARE_LOSSES.into_iter().enumerate() {
        let layout = layout(&vec![CELLS; patients]);
        // All studies share the patients and so can be members of one family; one seed borrows nothing from others.
        let mut members = vec![Scores::new(&layout, &[vec![1.0; patients * CELLS]]).unwrap()];
        studies(1 + place as u64, FEW, |random| {
            members.push(Scores::new(&layout, &[losing(random, patients, chance, lost)]).unwrap());
            true
        });
        let family = Family::new(&layout, members.iter().collect()).unwrap();
        let mut counts = [0; 2];
        for study in 1..=FEW {
            let made = claims(&family.compare(0, study, 0.95).unwrap(), MARGIN);
            counts.iter_mut().zip(made).for_each(|(count, made)| *count += usize::from(made));
        }
        for (count, claim) in counts.into_iter().zip(["equivalent", "not inferior"]) {
            let what = format!("{patients} patients, {chance} lose {lost} cells: {count} of {FEW} {claim}");
            assert!(count <= most_false_claims(FEW), "{what}");
        }
    }
}

#[test]
fn nor_is_it_over_several_seeds_beside_ordinary_flips() {
    const PATIENTS: usize = 150;
    let layout = layout(&[CELLS; PATIENTS]);
    let mut not_inferior = 0;
    let equivalent = studies(11, FEW / 2, |random| {
        // All seeds of the second lose the same patients altogether; all networks err on one cell of a hundred.
        let lost = losing(random, PATIENTS, 0.01, CELLS);
        let mut seeds = |right: &[f64]| -> Vec<Vec<f64>> {
            let flip = |random: &mut ChaCha8Rng, right: &f64| {
                if random.random_bool(0.01) { 1.0 - right } else { *right }
            };
            (0..3).map(|_| right.iter().map(|right| flip(random, right)).collect()).collect()
        };
        let members = [seeds(&[1.0; PATIENTS * CELLS]), seeds(&lost)];
        let made = with_baseline(&layout, &members, |found| claims(found, MARGIN))[0];
        not_inferior += usize::from(made[1]);
        made[0]
    });
    let limit = most_false_claims(FEW / 2);
    assert!(equivalent <= limit, "{equivalent} of {} equivalent", FEW / 2);
    assert!(not_inferior <= limit, "{not_inferior} of {} not inferior", FEW / 2);
}

#[test]
fn nor_is_it_of_unequal_patients() {
    // A fifth of the patients with eight times the others' cells, and sizes that are nearly lognormal.
    let large = (0..100).map(|patient| if patient < 20 { 80 } else { 10 }).collect();
    let lognormal = (0..200).map(|patient| (6.0 / (1.0 - f64::from(patient) / 200.0)) as usize).collect();
    for (sizes, chance) in [(large, 0.05), (lognormal, 0.08)] {
        let sizes: Vec<usize> = sizes;
        let layout = layout(&sizes);
        let mut members = vec![Scores::new(&layout, &[vec![1.0; layout.cells()]]).unwrap()];
        studies(12, FEW, |random| {
            // Patients are lost altogether, whatever their size, so that the mean loss is the chance of one.
            let of_patient = |size: &usize| vec![f64::from(u8::from(!random.random_bool(chance))); *size];
            let cells: Vec<f64> = sizes.iter().flat_map(of_patient).collect();
            members.push(Scores::new(&layout, &[cells]).unwrap());
            true
        });
        let family = Family::new(&layout, members.iter().collect()).unwrap();
        let made = |study: &usize| claims(&family.compare(0, *study, 0.95).unwrap(), chance)[1];
        let found = (1..=FEW).filter(made).count();
        assert!(found <= most_false_claims(FEW), "{:?}: {found} of {FEW}", layout.concentration());
    }
}

#[test]
fn single_cells_of_few_patients_are_still_called_equivalent() {
    let layout = layout(&[CELLS; 400]);
    let mut members = Vec::new();
    studies(41, 200, |random| {
        members.push(Scores::new(&layout, &[losing(random, 400, 0.02, 1)]).unwrap());
        true
    });
    let family = Family::new(&layout, members.iter().collect()).unwrap();
    let made = |study: &usize| claims(&family.compare(0, *study, 0.95).unwrap(), MARGIN)[0];
    let found = (1..200).filter(made).count();
    assert!(found > 190, "only {found} of 199");
}

#[test]
fn a_difference_of_the_margin_is_seldom_called_equivalent_and_none_is_often() {
    let sizes = [CELLS; PATIENTS];
    let layout = layout(&sizes);
    let claimed = |seed: u64, margin: f64, accuracies: [f64; 2], seeds: usize, luck: f64| {
        studies(seed, FEW / 2, |random| {
            let members = accuracies
                .map(|accuracy| Trained { seeds, accuracy, luck, of_patient: 0.05 }.cells(random, &sizes));
            with_baseline(&layout, &members, |found| claims(found, margin))[0][0]
        })
    };
    let limit = most_false_claims(FEW / 2);
    for (accuracies, seeds, luck) in [([0.9, 0.8], 1, 0.0), ([0.8, 0.9], 3, 0.02), ([0.9, 0.8], 3, 0.02)] {
        let found = claimed(3, 0.1, accuracies, seeds, luck);
        assert!(found <= limit, "{found} of {} at {accuracies:?}, {seeds} seeds", FEW / 2);
    }
    let found = claimed(4, 0.15, [0.85; 2], 3, 0.01);
    assert!(found > FEW * 9 / 20, "only {found} of {} equals are called equivalent", FEW / 2);
}

/// Whether each cell is right, at this rate and intraclass correlation: Pólya's urn, which draws a beta-binomial
/// number for each patient.
fn correlated(random: &mut ChaCha8Rng, patients: usize, rate: f64, correlation: f64) -> Vec<f64> {
    let balls = (1.0 - correlation) / correlation;
    let mut cells = Vec::with_capacity(patients * CELLS);
    for _ in 0..patients {
        let mut right = 0.0;
        for drawn in 0..CELLS {
            let one =
                f64::from(u8::from(random.random_bool((rate * balls + right) / (balls + drawn as f64))));
            right += one;
            cells.push(one);
        }
    }
    cells
}

#[test]
fn wilson_intervals_over_patients_hold_high_rates() {
    let mut place = 50;
    for count in [30, 50, 100] {
        let clusters = patients(&vec![CELLS; count]);
        for (rate, correlation) in
            [(0.85, 0.2), (0.95, 0.1), (0.98, 0.2), (0.99, 0.05), (0.99, 0.2), (0.995, 0.2)]
        {
            place += 1;
            let mut width = 0.0;
            let held = studies(place, STUDIES, |random| {
                let right = correlated(random, count, rate, correlation);
                let found = clustered_wilson_interval(&right, &clusters, 0.95).unwrap();
                width += (found.upper - found.lower) / STUDIES as f64;
                found.contains(rate)
            });
            let what = format!("{count} patients, {rate}, {correlation}: {held} of {STUDIES}, {width}");
            assert!(STUDIES - held <= most_false_claims(STUDIES), "{what}");
            // Nor by being of no use: narrower than that of as many independent cells as there are patients.
            let independent = (rate * count as f64).round() as u64;
            let independent = wilson_interval(independent, count as u64, 0.95).unwrap();
            assert!(width < independent.upper - independent.lower, "{what}");
        }
    }
}

#[test]
fn members_that_lose_the_margin_are_seldom_called_good_enough() {
    let sizes = [CELLS; PATIENTS];
    let layout = layout(&sizes);
    let any = |seed: u64, accuracy: f64, margin: f64| {
        studies(seed, FEW / 2, |random| {
            let members = [0.9, accuracy, accuracy, accuracy]
                .map(|accuracy| vec![correctness(random, &sizes, accuracy)]);
            let p = with_baseline(&layout, &members, |found| found.noninferiority(margin, ALPHA).unwrap().p);
            ranklab_stats::holm(&p).unwrap().iter().any(|p| *p < ALPHA)
        })
    };
    let found = any(5, 0.8, 0.1);
    assert!(found <= most_false_claims(FEW / 2), "{found} of {}", FEW / 2);
    // And those that lose nothing often are.
    let found = any(6, 0.9, 0.12);
    assert!(found > FEW * 9 / 20, "only {found} of {}", FEW / 2);
}
