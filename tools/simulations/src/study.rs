//! Simulated studies: which cells each network of each configuration calls right.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution, StandardNormal};
use ranklab_stats::{Clusters, Layout};

use crate::design::Design;
use crate::error::{Error, Result};

/// Shares of cells that no network gets right, but for lucky ones, and that each gets right by chance.
const HOPELESS: f64 = 0.10;
const CONTESTED: f64 = 0.06;
const EASY: f64 = 1.0 - HOPELESS - CONTESTED;
/// The accuracy of a configuration that loses nothing.
const ACCURACY: f64 = EASY + CONTESTED / 2.0;
/// How alike patients are in their share of hopeless and contested cells: a beta distribution's sum of parameters.
const ALIKE: f64 = 10.0;
/// Standard deviations of what a patient does to the accuracy of a configuration, and to that of a single network. With
/// 0.3 points of seed luck, 200 patients and 3 seeds, intervals of differences are as wide as those of real sweeps.
const PATIENT_BY_CONFIGURATION: f64 = 0.008;
const PATIENT_BY_NETWORK: f64 = 0.008;
/// The share of patients that are lost altogether where there are disasters.
const DISASTER: f64 = 0.01;
const FOLDS: usize = 5;

/// What is so: how much accuracy each configuration loses, as a fraction; the baseline, the first, nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Loss of each configuration.
    pub losses: Vec<f64>,
}

/// A simulated study.
#[derive(Clone, Debug)]
pub struct Study {
    /// Patients and folds of the cells.
    pub layout: Layout,
    /// The patient of each cell.
    pub patients: Vec<usize>,
    /// The fold of each cell, where there are folds.
    pub folds: Option<Vec<usize>>,
    /// Of each configuration, of each seed, 1 for each cell that is called right and 0 for the others.
    pub members: Vec<Vec<Vec<f64>>>,
}

/// A cell, and what happens to it in all networks alike.
struct Cell {
    patient: usize,
    kind: Kind,
    /// Where it lies between 0, the first to change with the luck of a network, and 1.
    place: f64,
}

#[derive(Clone, Copy)]
enum Kind {
    Easy,
    Hopeless,
    /// With the chance to be called right.
    Contested(f64),
}

impl Truth {
    /// All configurations are as accurate as the baseline.
    pub fn equal(configurations: usize) -> Self {
        Self { losses: vec![0.0; configurations] }
    }

    /// The first candidate loses so much accuracy, the others nothing.
    pub fn one_loses(configurations: usize, loss: f64) -> Self {
        let mut truth = Self::equal(configurations);
        truth.losses[1] = loss;
        truth
    }

    /// The first configuration that loses anything.
    pub(crate) fn loser(&self) -> Option<usize> {
        self.losses.iter().position(|loss| *loss > 0.0)
    }
}

impl Study {
    /// Draws a study.
    ///
    /// A network is right on easy cells, wrong on hopeless ones, and right on a contested one with a chance that is the
    /// cell's own, so that two networks differ on 2 % of the cells. Its accuracy with a patient is raised or lowered by
    /// the luck of its seed, of its fold, of the configuration with the patient and of the network with the patient, all
    /// normally distributed, and by what the configuration loses: luck makes hopeless cells right, ill luck easy ones
    /// wrong. The sum without the loss is cut at ±10 points. It is symmetric, so that the expected accuracy of a
    /// configuration is 87 % less its loss exactly, whatever the sizes of the patients.
    ///
    /// With disasters a configuration that loses something loses one patient in a hundred altogether, and the rest of
    /// its loss as the others do. Where none loses anything, each loses patients of its own.
    ///
    /// # Errors
    /// When no study can have the design.
    pub fn new(design: &Design, truth: &Truth, seed: u64, number: u64) -> Result<Self> {
        design.check()?;
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number);
        let sizes = design.sizes.draw(design.patients, &mut random)?;
        let cells = cells(&sizes, &mut random)?;
        let fold_of_patient = design.folds.map(|_| deal(&sizes, &mut random));
        let nobody_loses = truth.loser().is_none();
        let members = truth
            .losses
            .iter()
            .map(|loss| {
                let disasters = design.disasters && (nobody_loses || *loss > 0.0);
                let drawn = Drawn { design, cells: &cells, folds: fold_of_patient.as_deref() };
                drawn.member(*loss, disasters, nobody_loses, &mut random)
            })
            .collect();
        let patients: Vec<usize> = cells.iter().map(|cell| cell.patient).collect();
        let folds = fold_of_patient
            .map(|folds| patients.iter().map(|patient| folds[*patient]).collect::<Vec<usize>>());
        let layout =
            Layout::new(Clusters::by_patient(&patients), folds.as_deref().map(Clusters::by_patient))?;
        Ok(Self { layout, patients, folds, members })
    }
}

/// What all configurations of a study have in common.
struct Drawn<'a> {
    design: &'a Design,
    cells: &'a [Cell],
    folds: Option<&'a [usize]>,
}

impl Drawn<'_> {
    /// The networks of a configuration.
    fn member(
        &self,
        loss: f64,
        disasters: bool,
        nobody_loses: bool,
        random: &mut ChaCha8Rng,
    ) -> Vec<Vec<f64>> {
        let Design { patients, seeds, seed_luck, folds, .. } = *self.design;
        let by_fold = normal(FOLDS, folds.unwrap_or(0.0), random);
        let by_patient = normal(patients, PATIENT_BY_CONFIGURATION, random);
        let lost: Vec<bool> = (0..patients).map(|_| random.random_bool(DISASTER) && disasters).collect();
        // What is lost with whole patients is not lost again.
        let spread =
            if disasters && !nobody_loses { ACCURACY - (ACCURACY - loss) / (1.0 - DISASTER) } else { loss };
        let fold = |patient: usize| self.folds.map_or(0, |folds| folds[patient]);
        let network = |_| {
            let of_network = normal(FOLDS, seed_luck, random);
            let with_patient = normal(patients, PATIENT_BY_NETWORK, random);
            let shift: Vec<f64> = (0..patients)
                .map(|patient| {
                    let luck = of_network[fold(patient)]
                        + by_fold[fold(patient)]
                        + by_patient[patient]
                        + with_patient[patient];
                    luck.clamp(-HOPELESS, HOPELESS) - spread
                })
                .collect();
            let right = |cell: &Cell, random: &mut ChaCha8Rng| match cell.kind {
                Kind::Contested(chance) => random.random_bool(chance),
                Kind::Easy => cell.place >= -shift[cell.patient] / EASY,
                Kind::Hopeless => cell.place < shift[cell.patient] / HOPELESS,
            };
            self.cells
                .iter()
                .map(|cell| f64::from(u8::from(right(cell, random) && !lost[cell.patient])))
                .collect()
        };
        (0..seeds).map(network).collect()
    }
}

fn normal(count: usize, deviation: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
    let one = |_| deviation * <StandardNormal as Distribution<f64>>::sample(&StandardNormal, random);
    (0..count).map(one).collect()
}

fn cells(sizes: &[usize], random: &mut ChaCha8Rng) -> Result<Vec<Cell>> {
    let hard = HOPELESS + CONTESTED;
    let law = Beta::new(ALIKE * hard, ALIKE * (1.0 - hard))
        .map_err(|error| Error::Distribution(error.to_string()))?;
    let mut cells = Vec::new();
    for (patient, size) in sizes.iter().enumerate() {
        let hard_here: f64 = law.sample(random);
        for _ in 0..*size {
            let drawn: f64 = random.random();
            let kind = if drawn >= hard_here {
                Kind::Easy
            } else if drawn < hard_here * HOPELESS / hard {
                Kind::Hopeless
            } else {
                Kind::Contested(random.random())
            };
            cells.push(Cell { patient, kind, place: random.random() });
        }
    }
    Ok(cells)
}

/// The fold of each patient: from the largest to the smallest, each to the fold with the fewest cells.
fn deal(sizes: &[usize], random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<(usize, u32, usize)> =
        sizes.iter().enumerate().map(|(patient, size)| (*size, random.random(), patient)).collect();
    order.sort_unstable_by(|one, other| other.cmp(one));
    let (mut filled, mut folds) = ([0; FOLDS], vec![0; sizes.len()]);
    for (size, _, patient) in order {
        let fold = (0..FOLDS).min_by_key(|fold| filled[*fold]).unwrap_or(0);
        filled[fold] += size;
        folds[patient] = fold;
    }
    folds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(design: &Design, truth: &Truth, studies: u64) -> Vec<f64> {
        let mut sums = vec![0.0; truth.losses.len()];
        for number in 0..studies {
            let study = Study::new(design, truth, 9, number).unwrap();
            for (sum, seeds) in sums.iter_mut().zip(&study.members) {
                let right: f64 = seeds.iter().flatten().sum();
                *sum += right / (seeds.len() * study.patients.len()) as f64 / studies as f64;
            }
        }
        sums
    }

    #[test]
    fn accuracies_are_what_the_truth_says() {
        let noisy = Design { configurations: 2, seed_luck: 0.02, folds: Some(0.01), ..Design::default() };
        let truth = Truth::one_loses(2, 0.03);
        for design in [noisy, Design { disasters: true, folds: None, ..noisy }] {
            let found = means(&design, &truth, 600);
            // Of a study the luck of three networks, 1.2 points, and patients; less over 600.
            assert!((found[0] - ACCURACY).abs() < 0.002, "{found:?}");
            assert!((found[0] - found[1] - 0.03).abs() < 0.003, "{found:?}");
        }
    }

    #[test]
    fn intervals_are_as_wide_as_those_of_real_sweeps() {
        let mut half_widths = Vec::new();
        for number in 0..40 {
            let study = Study::new(&Design::default(), &Truth::equal(8), 2, number).unwrap();
            let scores: Vec<_> = study
                .members
                .iter()
                .map(|seeds| ranklab_stats::Scores::new(&study.layout, seeds).unwrap())
                .collect();
            let family = ranklab_stats::Family::new(&study.layout, scores.iter().collect()).unwrap();
            let found = family.compare(0, 1, 0.95).unwrap().difference.interval;
            half_widths.push((found.upper - found.lower) / 2.0);
        }
        half_widths.sort_by(f64::total_cmp);
        // 0.68 points.
        assert!((0.006..0.008).contains(&half_widths[20]), "{half_widths:?}");
    }

    #[test]
    fn two_networks_flip_a_few_cells() {
        let design = Design { seed_luck: 0.0, seeds: 2, ..Design::default() };
        let study = Study::new(&design, &Truth::equal(8), 1, 1).unwrap();
        let flips = |one: &[f64], other: &[f64]| {
            one.iter().zip(other).filter(|(one, other)| one != other).count() as f64 / one.len() as f64
        };
        let between_seeds = flips(&study.members[0][0], &study.members[0][1]);
        let between_configurations = flips(&study.members[0][0], &study.members[5][0]);
        assert!((0.02..0.04).contains(&between_seeds), "{between_seeds}");
        assert!((0.02..0.04).contains(&between_configurations), "{between_configurations}");
    }

    #[test]
    fn a_number_gives_the_same_study_again() {
        let design = Design { patients: 12, ..Design::default() };
        let of = |number| Study::new(&design, &Truth::equal(8), 1, number).unwrap().members;
        assert_eq!(of(3), of(3));
        assert_ne!(of(3), of(4));
    }
}
