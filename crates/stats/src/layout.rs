//! The cells of a comparison: which patient and which fold each belongs to.

use serde::{Deserialize, Serialize};

use crate::clusters::{Clusters, Resampled};
use crate::error::{Error, Result};

/// The fewest patients, weighed by their cells, that carry a claim.
const EFFECTIVE: f64 = 5.0;

/// Cells with their patients and, where each fold's cells were called by networks of their own, their folds.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    patients: Clusters,
    folds: Option<Clusters>,
    patient_sizes: Vec<f64>,
    fold_sizes: Vec<f64>,
}

/// How evenly the cells come from the patients.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Concentration {
    /// What was taken as independent, and how many of them.
    pub resampled: Resampled,
    /// The number of patients with equally many cells that a mean over all cells would be as sure with,
    /// `n² / Σⱼ nⱼ²` (Kish 1965).
    pub effective: f64,
    /// The share of all cells that the largest patient has.
    pub largest_share: f64,
}

impl Concentration {
    /// Whether the cells come from enough patients for a claim about others. With fewer than five, weighed by their
    /// cells, one patient decides, and no interval knows how unlike the others it is.
    pub fn carries_claims(&self) -> bool {
        self.effective >= EFFECTIVE
    }
}

impl Layout {
    /// Cells with their patients, and the folds. A single fold, whose cells stand for themselves in [`Clusters`], is none.
    ///
    /// # Errors
    /// When the numbers of cells differ or there are fewer than 2 patients.
    pub fn new(patients: Clusters, folds: Option<Clusters>) -> Result<Self> {
        patients.check(patients.cells())?;
        if let Some(folds) = &folds {
            folds.check(patients.cells())?;
        }
        let folds = folds.filter(|folds| matches!(folds.resampled(), Resampled::Patients(_)));
        let fold_sizes = folds.as_ref().map(Clusters::sizes).unwrap_or_default();
        Ok(Self { patient_sizes: patients.sizes(), fold_sizes, patients, folds })
    }

    /// The layout of some of the cells, say of those of one class. Patients and folds without any of them do not count.
    ///
    /// # Errors
    /// When the numbers of cells differ or there are fewer than 2 patients left.
    pub fn of_cells(&self, kept: &[bool]) -> Result<Self> {
        if kept.len() != self.cells() {
            return Err(Error::Clustered { clustered: self.cells(), cells: kept.len() });
        }
        let folds = self.folds.as_ref().map(|folds| folds.of_cells(kept));
        Self::new(self.patients.of_cells(kept), folds.filter(|folds| folds.units() > 1))
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.patients.cells()
    }

    /// The cells by patient.
    pub fn patients(&self) -> &Clusters {
        &self.patients
    }

    /// The cells by fold.
    pub fn folds(&self) -> Option<&Clusters> {
        self.folds.as_ref()
    }

    /// How evenly the cells come from the patients.
    pub fn concentration(&self) -> Concentration {
        let cells = self.cells() as f64;
        let squares: f64 = self.patient_sizes.iter().map(|size| size * size).sum();
        Concentration {
            resampled: self.patients.resampled(),
            effective: cells * cells / squares,
            largest_share: self.patient_sizes.iter().copied().fold(0.0, f64::max) / cells,
        }
    }

    /// Cells of each patient.
    pub(crate) fn patient_sizes(&self) -> &[f64] {
        &self.patient_sizes
    }

    /// Cells of each fold; none without folds.
    pub(crate) fn fold_sizes(&self) -> &[f64] {
        &self.fold_sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_patient_makes_few_effective_ones() {
        let even = Layout::new(Clusters::by_patient(&[1, 1, 2, 2, 3, 3]), None).unwrap().concentration();
        assert!((even.effective - 3.0).abs() < 1e-12 && (even.largest_share - 1.0 / 3.0).abs() < 1e-12);
        let mut patients = vec![0; 60];
        patients.extend(1..=40);
        let found = Layout::new(Clusters::by_patient(&patients), None).unwrap().concentration();
        assert!((found.effective - 10_000.0 / 3640.0).abs() < 1e-12);
        assert!(!found.carries_claims() && found.largest_share == 0.6);
    }

    #[test]
    fn a_single_fold_is_none() {
        let of = |folds: [u8; 4]| {
            Layout::new(Clusters::by_patient(&[1, 1, 2, 2]), Some(Clusters::by_patient(&folds))).unwrap()
        };
        assert!(of([7; 4]).folds().is_none() && of([7; 4]).fold_sizes().is_empty());
        assert_eq!(of([7, 7, 7, 8]).fold_sizes(), [3.0, 1.0]);
    }

    #[test]
    fn cells_of_one_class_have_their_own_patients_and_folds() {
        let layout = Layout::new(
            Clusters::by_patient(&["a", "a", "b", "c", "c"]),
            Some(Clusters::by_patient(&[0, 0, 0, 1, 1])),
        )
        .unwrap();
        let found = layout.of_cells(&[true, false, true, false, false]).unwrap();
        assert_eq!((found.cells(), found.patients().units(), found.folds()), (2, 2, None));
        assert_eq!(layout.of_cells(&[true, true, false, false, false]), Err(Error::Units(1)));
        assert_eq!(layout.of_cells(&[true]), Err(Error::Clustered { clustered: 5, cells: 1 }));
    }
}
