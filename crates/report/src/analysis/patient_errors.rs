//! Errors of a configuration by patient.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cells::TestCells;
use super::measured::Measured;

/// A configuration's share of wrong calls of each patient, averaged over repeats.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PatientErrors {
    /// Id of the configuration.
    pub configuration: usize,
    /// The share by patient.
    pub shares: BTreeMap<String, f64>,
    /// Test cells by patient.
    pub cells: BTreeMap<String, usize>,
}

/// The errors of the configurations that have predictions.
pub(crate) fn patient_errors(leading: &[&Measured<'_>]) -> Vec<PatientErrors> {
    let of = |one: &&Measured<'_>| {
        let cells = one.cells.as_ref()?;
        Some(PatientErrors {
            configuration: one.configuration.id,
            shares: shares(cells),
            cells: counts(cells),
        })
    };
    leading.iter().filter_map(of).collect()
}

fn counts(cells: &TestCells) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for patient in &cells.patients {
        *counts.entry(patient.to_string()).or_default() += 1;
    }
    counts
}

fn shares(cells: &TestCells) -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (patient, right) in cells.patients.iter().zip(&cells.correctness) {
        let (wrong, all) = sums.entry(patient).or_default();
        *wrong += 1.0 - right;
        *all += 1.0;
    }
    sums.into_iter().map(|(patient, (wrong, all))| (patient.to_owned(), wrong / all)).collect()
}
