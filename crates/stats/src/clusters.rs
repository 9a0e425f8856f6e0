//! Which cells belong to the same patient, the unit that intervals and tests resample or sum over.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What an interval or a test took as independent of each other, and how many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resampled {
    /// Whole patients.
    Patients(usize),
    /// Single cells, because the patients are not known or there is only one: cells of one patient are
    /// alike, so that what follows is likely too narrow.
    Cells(usize),
}

impl Resampled {
    /// Number of patients or cells.
    pub fn count(self) -> usize {
        match self {
            Self::Patients(count) | Self::Cells(count) => count,
        }
    }
}

/// Cells grouped by patient, in the order of the predictions that they belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clusters {
    unit_of_cell: Vec<u32>,
    resampled: Resampled,
}

impl Clusters {
    /// Groups cells by their patient. Patients are numbered in their own order, so that a bootstrap does
    /// not depend on the order of the cells. With a single patient the cells stand for themselves.
    pub fn by_patient<Patient: Ord>(patients: &[Patient]) -> Self {
        let distinct: Vec<&Patient> = patients.iter().collect::<BTreeSet<_>>().into_iter().collect();
        if distinct.len() < 2 {
            return Self::by_cell(patients.len());
        }
        let unit = |patient: &Patient| distinct.partition_point(|other| *other < patient) as u32;
        Self {
            unit_of_cell: patients.iter().map(unit).collect(),
            resampled: Resampled::Patients(distinct.len()),
        }
    }

    /// Each cell for itself, where patients are not known.
    pub fn by_cell(cells: usize) -> Self {
        Self { unit_of_cell: (0..cells as u32).collect(), resampled: Resampled::Cells(cells) }
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.unit_of_cell.len()
    }

    /// What is taken as independent, and how many of them.
    pub fn resampled(&self) -> Resampled {
        self.resampled
    }

    /// Number of units, patients or cells.
    pub fn units(&self) -> usize {
        self.resampled.count()
    }

    /// The unit of each cell.
    pub fn unit_of_cell(&self) -> &[u32] {
        &self.unit_of_cell
    }

    /// Number of cells of each unit.
    pub(crate) fn sizes(&self) -> Vec<f64> {
        let mut sizes = vec![0.0; self.units()];
        self.unit_of_cell.iter().for_each(|unit| sizes[*unit as usize] += 1.0);
        sizes
    }

    /// The sum of the values of each unit's cells.
    pub(crate) fn sums(&self, values: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.units()];
        self.unit_of_cell.iter().zip(values).for_each(|(unit, value)| sums[*unit as usize] += value);
        sums
    }

    /// The clusters of some of the cells. Units without any of them do not count. One that is left alone stays one
    /// unit: its cells are not taken for themselves.
    pub(crate) fn of_cells(&self, kept: &[bool]) -> Self {
        let cells = || self.unit_of_cell.iter().zip(kept).filter(|(_, kept)| **kept).map(|(unit, _)| *unit);
        let distinct: Vec<u32> = cells().collect::<BTreeSet<_>>().into_iter().collect();
        let unit_of_cell =
            cells().map(|unit| distinct.partition_point(|other| *other < unit) as u32).collect();
        let resampled = match self.resampled {
            Resampled::Patients(_) => Resampled::Patients(distinct.len()),
            Resampled::Cells(_) => Resampled::Cells(distinct.len()),
        };
        Self { unit_of_cell, resampled }
    }

    /// The cells of each unit.
    pub(crate) fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.units()];
        for (cell, unit) in self.unit_of_cell.iter().enumerate() {
            members[*unit as usize].push(cell);
        }
        members
    }

    /// Checks that there are at least two units and as many cells as values.
    pub(crate) fn check(&self, cells: usize) -> Result<()> {
        if self.cells() != cells {
            return Err(Error::Clustered { clustered: self.cells(), cells });
        }
        if self.units() < 2 {
            return Err(Error::Units(self.units()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_are_numbered_in_their_own_order() {
        let clusters = Clusters::by_patient(&["C9", "C1", "C9", "C5"]);
        assert_eq!(clusters.unit_of_cell(), [2, 0, 2, 1]);
        assert_eq!(clusters.members(), [vec![1], vec![3], vec![0, 2]]);
        assert_eq!(clusters.resampled(), Resampled::Patients(3));
    }

    #[test]
    fn the_cells_of_one_patient_stand_for_themselves() {
        assert_eq!(Clusters::by_patient(&["C1"; 3]), Clusters::by_cell(3));
        assert_eq!(Clusters::by_cell(3).resampled(), Resampled::Cells(3));
        assert_eq!(Clusters::by_cell(3).check(2), Err(Error::Clustered { clustered: 3, cells: 2 }));
        assert_eq!(Clusters::by_cell(1).check(1), Err(Error::Units(1)));
    }
}
