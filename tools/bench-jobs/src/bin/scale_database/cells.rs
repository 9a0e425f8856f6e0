//! Generated test cells and what a trial predicts of them: some cells and patients are hard for all, so that
//! runs err together, as trained ones do.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ranklab_store::{EpochMetric, PredictionRow};

use crate::plan::{FOLDS, Trial};

const PATIENTS: usize = 200;

struct Cell {
    image: String,
    patient: String,
    label: i64,
    /// How hard it is, in logits, its patient's share included.
    difficulty: f64,
}

/// All cells: as many in each fold as a run tests.
pub(crate) struct Cells {
    of_fold: Vec<Vec<Cell>>,
}

/// What a trial leaves behind.
pub(crate) struct Outcome {
    pub(crate) predictions: Vec<PredictionRow>,
    pub(crate) curve: Vec<EpochMetric>,
}

impl Cells {
    /// `tested` cells in each of the folds, each patient in one fold.
    pub(crate) fn new(tested: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(0);
        let hardness: Vec<f64> = (0..PATIENTS).map(|_| 0.9 * normal(&mut random)).collect();
        let mut cell = |fold: usize, place: usize| {
            let patient = fold + FOLDS * (place % (PATIENTS / FOLDS));
            let label = i64::from(random.random_range(0..2u32));
            let class = if label == 1 { "Parasitized" } else { "Uninfected" };
            Cell {
                image: format!("{class}/C{patient}P{fold}ThinF_IMG_2015_cell_{place}.png"),
                patient: format!("C{patient}"),
                label,
                difficulty: hardness[patient] + 1.8 * normal(&mut random),
            }
        };
        Self {
            of_fold: (0..FOLDS).map(|fold| (0..tested).map(|place| cell(fold, place)).collect()).collect(),
        }
    }

    /// Cells that a run tests.
    pub(crate) fn tested(&self) -> usize {
        self.of_fold[0].len()
    }

    /// Predictions of a trial on the cells that it tests, and its learning curve.
    pub(crate) fn predict(&self, trial: &Trial, epochs: usize) -> Outcome {
        let mut random = ChaCha8Rng::seed_from_u64(trial.stream);
        let skill = trial.skill + 0.1 * normal(&mut random);
        let cells = self.of_fold[trial.run.fold.map_or(0, |fold| fold as usize)].iter();
        let predictions = cells.map(|cell| {
            let logit = skill - cell.difficulty + 0.8 * normal(&mut random);
            let signed = if cell.label == 1 { logit } else { -logit };
            PredictionRow {
                image: cell.image.as_str().into(),
                patient: cell.patient.as_str().into(),
                label: cell.label,
                probability: 1.0 / (1.0 + (-signed).exp()),
            }
        });
        let predictions = predictions.collect();
        let curve = (1..=epochs).flat_map(|epoch| of_epoch(epoch, &mut random)).collect();
        Outcome { predictions, curve }
    }
}

fn of_epoch(epoch: usize, random: &mut ChaCha8Rng) -> Vec<EpochMetric> {
    let left = 0.4 / epoch as f64;
    let metrics = [
        ("train_loss", 0.1 + left),
        ("train_accuracy", 0.97 - left / 2.0),
        ("validation_loss", 0.14 + left + 0.01 * random.random::<f64>()),
        ("validation_accuracy", 0.95 - left / 2.0 + 0.01 * random.random::<f64>()),
        ("seconds", 2.4),
        ("images_per_second", 900.0),
    ];
    let row =
        |(metric, value): (&str, f64)| EpochMetric { epoch: epoch as i64, metric: metric.into(), value };
    metrics.into_iter().map(row).collect()
}

/// A standard normal number, by Box and Muller.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (one, other) = (1.0 - random.random::<f64>(), random.random::<f64>());
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}
