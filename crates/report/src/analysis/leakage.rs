//! Whether patients stand on both sides of the split.

use std::collections::BTreeSet;

use ranklab_store::PredictionRow;
use serde::Serialize;

use crate::data::ReportData;

/// Patients and cells of a division's test part that also stand in training or validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SharedPatients {
    /// Test patients that also stand in training or validation.
    pub patients: i64,
    /// All test patients.
    pub test_patients: i64,
    /// Their test cells.
    pub cells: i64,
    /// All test cells.
    pub test_cells: i64,
}

impl SharedPatients {
    /// Share of test cells whose patients also stand in training or validation.
    pub fn share(&self) -> f64 {
        self.cells as f64 / self.test_cells.max(1) as f64
    }

    /// Whether no patient stands on both sides.
    pub fn is_none(&self) -> bool {
        self.patients == 0 && self.cells == 0
    }
}

/// Test images whose names hold no patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownPatients {
    /// Different test images without a patient.
    pub images: usize,
    /// All different test images.
    pub of: usize,
}

/// What the finished runs say of leakage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leakage {
    /// Test images whose names hold no patient; `None` where all do.
    pub unknown: Option<UnknownPatients>,
    /// Whether the patient of any test image is known.
    pub is_any_patient_known: bool,
    /// The different counts that runs have.
    pub counts: Vec<SharedPatients>,
}

/// Whether an image's name holds its patient. Where it does not, `ranklab-data` takes the image's name as the patient.
pub(crate) fn is_patient_known(row: &PredictionRow) -> bool {
    row.patient != row.image
}

/// What the finished runs of a report say of leakage.
pub(crate) fn leakage(data: &ReportData) -> Leakage {
    let rows = || data.runs.iter().flat_map(|run| &run.predictions);
    let unknown: BTreeSet<_> = rows().filter(|row| !is_patient_known(row)).map(|row| &row.image).collect();
    let counts: BTreeSet<SharedPatients> = data
        .runs
        .iter()
        .map(|run| {
            let start = &run.row.start;
            SharedPatients {
                patients: start.shared_patients,
                test_patients: start.test_patients,
                cells: start.shared_test_images,
                test_cells: start.test_images,
            }
        })
        .collect();
    let all = || rows().map(|row| &row.image).collect::<BTreeSet<_>>().len();
    Leakage {
        unknown: (!unknown.is_empty()).then(|| UnknownPatients { images: unknown.len(), of: all() }),
        is_any_patient_known: rows().any(is_patient_known),
        counts: counts.into_iter().collect(),
    }
}
