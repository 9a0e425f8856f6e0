//! Simulated studies: 50 patients of 20 cells unless a test says otherwise, whose configurations find some patients
//! easier than others, so that cells of a patient are right and wrong together.
//!
//! All studies are seeded. A limit is the nominal rate and three standard deviations of its count.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ranklab_stats::{Clusters, Compared, Family, Layout, MeanDifference, Scores};

pub(crate) const PATIENTS: usize = 50;
pub(crate) const CELLS: usize = 20;
pub(crate) const STUDIES: usize = 2000;
pub(crate) const ALPHA: f64 = 0.05;

/// `studies` times [`ALPHA`] and three standard deviations.
pub(crate) fn most_false_claims(studies: usize) -> usize {
    let n = studies as f64;
    (n * ALPHA + 3.0 * (n * ALPHA * (1.0 - ALPHA)).sqrt()) as usize
}

/// Counts studies of which something is so.
pub(crate) fn studies(seed: u64, count: usize, mut study: impl FnMut(&mut ChaCha8Rng) -> bool) -> usize {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).filter(|_| study(&mut random)).count()
}

/// The patient of each cell, of patients with so many cells each.
pub(crate) fn patient_of_cell(sizes: &[usize]) -> Vec<usize> {
    sizes.iter().enumerate().flat_map(|(patient, size)| vec![patient; *size]).collect()
}

pub(crate) fn patients(sizes: &[usize]) -> Clusters {
    Clusters::by_patient(&patient_of_cell(sizes))
}

pub(crate) fn layout(sizes: &[usize]) -> Layout {
    Layout::new(patients(sizes), None).unwrap()
}

/// Whether each cell is right, for a network that has this accuracy over all patients and is a tenth better or worse on
/// each of them.
pub(crate) fn correctness(random: &mut ChaCha8Rng, sizes: &[usize], accuracy: f64) -> Vec<f64> {
    let mut cells = Vec::new();
    for size in sizes {
        let chance = if random.random_bool(0.5) { accuracy + 0.1 } else { accuracy - 0.1 };
        cells.extend((0..*size).map(|_| f64::from(u8::from(random.random_bool(chance.clamp(0.0, 1.0))))));
    }
    cells
}

/// Networks of one configuration, one for each seed.
#[derive(Clone, Copy)]
pub(crate) struct Trained {
    pub(crate) seeds: usize,
    pub(crate) accuracy: f64,
    /// Standard deviation of the seeds' accuracies.
    pub(crate) luck: f64,
    /// How much better or worse than that all seeds are on a patient.
    pub(crate) of_patient: f64,
}

impl Trained {
    /// Whether each cell is right, a list for each seed. Each seed is also better or worse on single patients, by 0.07.
    pub(crate) fn cells(&self, random: &mut ChaCha8Rng, sizes: &[usize]) -> Vec<Vec<f64>> {
        let either = |random: &mut ChaCha8Rng, size: f64| if random.random_bool(0.5) { size } else { -size };
        let shared: Vec<f64> = sizes.iter().map(|_| either(random, self.of_patient)).collect();
        let mut seed = || {
            let accuracy = self.accuracy + self.luck * normal(random);
            let mut cells = Vec::new();
            for (shared, size) in shared.iter().zip(sizes) {
                let chance = (accuracy + shared + either(random, 0.07)).clamp(0.0, 1.0);
                cells.extend((0..*size).map(|_| f64::from(u8::from(random.random_bool(chance)))));
            }
            cells
        };
        (0..self.seeds).map(|_| seed()).collect()
    }
}

/// Box and Muller's.
pub(crate) fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (radius, angle) = (1.0 - random.random::<f64>(), random.random::<f64>());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

/// Hands the comparison of the first configuration with each other one, of several seeds each, to a function.
pub(crate) fn with_baseline<T>(
    layout: &Layout,
    configurations: &[Vec<Vec<f64>>],
    mut of: impl FnMut(&Compared<'_>) -> T,
) -> Vec<T> {
    let members: Vec<Scores> =
        configurations.iter().map(|seeds| Scores::new(layout, seeds).unwrap()).collect();
    let family = Family::new(layout, members.iter().collect()).unwrap();
    (1..members.len()).map(|other| of(&family.compare(0, other, 0.95).unwrap())).collect()
}

/// The difference of two configurations.
pub(crate) fn difference(layout: &Layout, first: Vec<Vec<f64>>, second: Vec<Vec<f64>>) -> MeanDifference {
    with_baseline(layout, &[first, second], |found| found.difference)[0]
}
