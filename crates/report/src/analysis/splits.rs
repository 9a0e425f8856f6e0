//! Configurations that were run under a random split and under a split by patient.

use std::collections::BTreeMap;
use std::sync::Arc;

use ranklab_stats::{MeanDifference, ScoredCells, holm, unpaired_difference};
use serde::Serialize;

use crate::options::Options;

use super::cells::TestCells;
use super::configuration::Configuration;
use super::measured::Measured;

/// Names of the splits in the database.
const RANDOM: &str = "random";
const PATIENT: &str = "patient";
/// Settings that only say how cells were divided.
const SPLIT_SETTINGS: &str = "data.split.";

/// One configuration under both splits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SplitPair {
    /// Id of the configuration under the random split.
    pub random: usize,
    /// Id of the configuration under the split by patient.
    pub patient: usize,
    /// Whether either stands under its split more than once, with other folds or shares of test cells.
    pub is_one_of_several: bool,
    /// Accuracy under the random split less that under the split by patient.
    pub difference: MeanDifference,
    /// p after correction over all configurations under both splits.
    pub corrected_p: f64,
    /// Share of the random split's test cells whose patients also stand in training or validation.
    pub shared: f64,
}

/// A model and its settings without those of the split.
type Unsplit<'a> = (&'a str, Vec<(&'a String, &'a String)>);

/// All configurations that were run under both splits; empty also where the correction cannot be computed.
pub(crate) fn split_pairs(measured: &[Measured<'_>], options: &Options) -> Vec<SplitPair> {
    let (randoms, patients) = (of_split(measured, RANDOM), of_split(measured, PATIENT));
    // How often a configuration stands under each split: several have other folds or shares of test cells.
    let mut times: BTreeMap<&Unsplit<'_>, usize> = BTreeMap::new();
    randoms.iter().for_each(|(one, ..)| *times.entry(one).or_default() += 1);
    let mut by_patient: BTreeMap<&Unsplit<'_>, Vec<(&Configuration, &TestCells)>> = BTreeMap::new();
    for (one, configuration, cells) in &patients {
        by_patient.entry(one).or_default().push((*configuration, *cells));
    }
    let mut pairs = Vec::new();
    for (one, random, random_cells) in &randoms {
        let Some(counterparts) = by_patient.get(one) else { continue };
        for (patient, patient_cells) in counterparts {
            let Some(difference) = difference(random_cells, patient_cells, options.level()) else { continue };
            pairs.push(SplitPair {
                random: random.id,
                patient: patient.id,
                is_one_of_several: counterparts.len() > 1 || times[one] > 1,
                difference,
                corrected_p: 1.0,
                shared: random.shared_test_images as f64 / random.test_images.max(1) as f64,
            });
        }
    }
    let raw: Vec<f64> = pairs.iter().map(|pair| pair.difference.p).collect();
    let Ok(corrected) = holm(&raw) else { return Vec::new() };
    for (pair, p) in pairs.iter_mut().zip(corrected) {
        pair.corrected_p = p;
    }
    pairs
}

fn of_split<'m>(
    measured: &'m [Measured<'_>],
    split: &str,
) -> Vec<(Unsplit<'m>, &'m Configuration, &'m TestCells)> {
    let of_split = measured.iter().filter(|one| one.configuration.start.split == split);
    of_split
        .filter_map(|one| Some((unsplit(&one.configuration), &one.configuration, one.cells.as_ref()?)))
        .collect()
}

/// Everything that makes a configuration but the split.
fn unsplit(configuration: &Configuration) -> Unsplit<'_> {
    let settings = configuration.settings.iter().filter(|(path, _)| !path.starts_with(SPLIT_SETTINGS));
    (&configuration.start.model, settings.collect())
}

/// Over patients, and over seeds where both have several.
fn difference(random: &TestCells, patient: &TestCells, level: f64) -> Option<MeanDifference> {
    unpaired_difference(&scored(random), &scored(patient), level).ok()
}

fn scored(cells: &TestCells) -> ScoredCells<'_, Arc<str>> {
    ScoredCells { scores: &cells.correctness, patients: &cells.patients, seeds: &cells.accuracies }
}
