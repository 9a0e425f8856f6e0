//! A configuration: the repeats of one choice of settings, with everything that was measured of them.

use std::collections::BTreeMap;

use ranklab_stats::{Bootstrap, Concentration, Interval, Resampled, Summary};
use ranklab_store::NewRun;
use serde::Serialize;

use super::operating_points::AimPoint;
use super::tuned_setting::TunedSetting;
use super::validation::Validation;

/// A setting in which a configuration differs from others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingValue {
    /// Its name, as short as it can be without being another setting's.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Which images and which division of them a run used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Division {
    /// Hash of the image set.
    pub image_set_hash: String,
    /// Hash of the division into training, validation and test cells.
    pub split_hash: String,
}

/// Mean and spread of the measured values over the runs of a configuration; `None` where no run has the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Measures {
    /// Seconds of training.
    pub train_seconds: Option<Summary>,
    /// Training images per second.
    pub images_per_second: Option<Summary>,
    /// Most memory in use, in bytes.
    pub peak_memory: Option<Summary>,
    /// Share of test cells that are called right.
    pub accuracy: Option<Summary>,
    /// Share of positive test cells that are called so.
    pub sensitivity: Option<Summary>,
    /// Share of negative test cells that are called so.
    pub specificity: Option<Summary>,
    /// F1 of the positive class.
    pub f1: Option<Summary>,
    /// Area under the ROC curve.
    pub auc: Option<Summary>,
}

/// Why the predictions of a configuration's runs cannot be put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoCells {
    /// A run stored no predictions.
    NoPredictions,
    /// One seed has two predictions of one cell.
    RepeatedCell,
    /// No run has finished.
    NoRun,
    /// Its repeats were tested on different cells.
    DifferentCells,
    /// A prediction is no probability.
    NoProbabilities,
}

/// The test cells of a configuration in numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tested {
    /// Test cells.
    pub cells: usize,
    /// Cells whose patient is not known.
    pub unknown_patients: usize,
    /// Seeds that were trained with and differ in their predictions.
    pub seeds: usize,
    /// Seeds besides them whose predictions are all those of another one: they count once.
    pub identical_seeds: usize,
    /// Splits that each seed was trained on.
    pub splits: usize,
    /// Folds that make up one repeat.
    pub folds: usize,
    /// Share of right calls, averaged over the repeats.
    pub accuracy: f64,
    /// Accuracy of each seed.
    pub accuracies: Vec<f64>,
    /// What intervals take as independent.
    pub resampled: Resampled,
    /// How evenly the cells come from the patients; `None` of too few to say.
    pub concentration: Option<Concentration>,
}

/// A value with its interval over patients and, where there are several, over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The value.
    pub estimate: f64,
    /// Its interval.
    pub interval: Interval,
    /// What the interval takes as independent.
    pub resampled: Resampled,
}

/// The repeats of one configuration and their results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Configuration {
    /// Its index in [`super::Analysis::configurations`].
    pub id: usize,
    /// Its name, which no other configuration has: `model_5 · block5 · rank 5`.
    pub name: String,
    /// The name without the rank: configurations that differ in rank and in nothing else share it.
    pub without_rank: String,
    /// The name without the layers: configurations that differ in layers and in nothing else share it.
    pub without_layers: String,
    /// The name without rank and layers.
    pub without_rank_and_layers: String,
    /// The settings in which it differs from configurations of the same model and preset.
    pub differing: Vec<SettingValue>,
    /// All its settings but seeds and fold, by their paths.
    pub settings: BTreeMap<String, String>,
    /// Its first run as it was started, for what all its runs share.
    pub start: NewRun,
    /// Ids of its runs, in the order of the report.
    pub runs: Vec<i64>,
    /// Those of them that did not converge.
    pub not_converged: Vec<i64>,
    /// Divisions into training and test cells that its runs used.
    pub divisions: Vec<Division>,
    /// Settings that it chose for itself on validation images, in each seed and fold.
    pub tuned: Vec<TunedSetting>,
    /// Figures on validation images, averaged over its runs; `None` where a run has none.
    pub validation: Option<Validation>,
    /// Mean and spread: of quality over its seeds, where predictions are stored, and of cost over its runs.
    pub measures: Measures,
    /// Test accuracy of each run that has one.
    pub accuracies: Vec<f64>,
    /// Test cells of all runs whose patients also stand in training or validation.
    pub shared_test_images: i64,
    /// Test cells of all runs.
    pub test_images: i64,
    /// Its test cells, or why there are none to compare.
    pub tested: Result<Tested, NoCells>,
    /// Accuracy on all cells, averaged over seeds, with its interval.
    pub accuracy_interval: Option<Estimate>,
    /// Area under the ROC curve, within folds and averaged over them and over seeds, with its interval.
    pub area_interval: Option<Bootstrap>,
    /// Thresholds chosen on validation images; `None` where a run has no validation predictions.
    pub operating_points: Option<Vec<AimPoint>>,
}

impl Configuration {
    /// Mean test accuracy.
    pub fn accuracy(&self) -> Option<f64> {
        self.measures.accuracy.map(|summary| summary.mean)
    }

    /// Its test cells, where there are any to compare.
    pub fn tested(&self) -> Option<&Tested> {
        self.tested.as_ref().ok()
    }

    /// The number of its test cells: of all folds where predictions are stored, else of its first run.
    pub(crate) fn number_of_cells(&self) -> i64 {
        let known = self.tested().and_then(|tested| i64::try_from(tested.cells).ok());
        known.unwrap_or(self.start.test_images)
    }
}

/// The interval, unless all resamples are equal: a sample without spread says nothing of others.
pub(crate) fn spread(found: Option<Bootstrap>) -> Option<Interval> {
    found.map(|found| found.interval).filter(|interval| interval.lower < interval.upper)
}
