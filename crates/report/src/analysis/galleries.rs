//! Cells to look at: those that every run gets wrong, and those on which runs disagree.

use serde::Serialize;

use super::cells::TestCells;
use super::measured::Measured;
use super::test_sets::sets_of_cells;
use super::validation::Validation;

/// Cells in one gallery.
pub(crate) const CELLS: usize = 24;
/// Configurations whose probabilities stand with a cell.
const CONFIGURATIONS: usize = 6;

/// What a configuration predicts of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CellProbability {
    /// Id of the configuration.
    pub configuration: usize,
    /// Probability of the positive class, averaged over repeats.
    pub probability: f64,
}

/// A cell of a gallery.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GalleryCell {
    /// Image name.
    pub image: String,
    /// Its patient.
    pub patient: String,
    /// Whether it is of the positive class.
    pub is_positive: bool,
    /// Repeats that call it wrongly.
    pub wrong: usize,
    /// Predictions of the configurations with the best validation figures, the best first.
    pub probabilities: Vec<CellProbability>,
}

/// Cells of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gallery {
    /// How many there are.
    pub all: usize,
    /// The first of them.
    pub cells: Vec<GalleryCell>,
}

/// The galleries of the configurations that share their test cells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Galleries {
    /// Ids of the configurations, the largest set of the report.
    pub set: Vec<usize>,
    /// Id of the one with the best validation figures.
    pub best: usize,
    /// Repeats of all of them: folds of a seed count as one.
    pub repeats: usize,
    /// Their test cells.
    pub cells: usize,
    /// Cells that every repeat gets wrong, the surest mistakes first.
    pub wrong: Gallery,
    /// Cells that some get right and some wrong, the most even first.
    pub disagreed: Gallery,
}

/// Chooses the cells; `None` without predictions. Of several sets of cells the one that most
/// configurations were tested on counts, of equals the first.
pub(crate) fn galleries(measured: &[Measured<'_>]) -> Option<Galleries> {
    let sets = sets_of_cells(measured);
    let set = sets.into_iter().reduce(|most, next| if next.len() > most.len() { next } else { most })?;
    let of_set: Vec<(usize, &TestCells)> =
        set.iter().filter_map(|id| Some((*id, measured[*id].cells.as_ref()?))).collect();
    let first = of_set.first()?.1;
    let mut by_validation = of_set.clone();
    let validation = |id: usize| measured[id].configuration.validation.as_ref();
    // Of equals the first stays first.
    by_validation.sort_by(|one, other| Validation::order(validation(one.0), validation(other.0)));
    let repeats: usize = of_set.iter().map(|(_, one)| one.repeats.len()).sum();
    let (mut wrong, mut disagreed) = (Vec::new(), Vec::new());
    for cell in 0..first.labels.len() {
        let right = |one: &TestCells| one.correctness[cell] * one.repeats.len() as f64;
        let right = of_set.iter().map(|(_, one)| right(one)).sum::<f64>().round() as usize;
        if right < repeats {
            if right == 0 { &mut wrong } else { &mut disagreed }.push((cell, repeats - right));
        }
    }
    let probability = |one: &TestCells, cell: usize| {
        one.repeats.iter().map(|repeat| repeat[cell]).sum::<f64>() / one.repeats.len() as f64
    };
    let is_positive = |cell: usize| first.labels[cell] == 1;
    // Probability of the wrong class, averaged over configurations.
    let sureness = |cell: usize| {
        let mean = of_set.iter().map(|(_, one)| probability(one, cell)).sum::<f64>() / of_set.len() as f64;
        if is_positive(cell) { 1.0 - mean } else { mean }
    };
    // Cells are in the order of their names, and sorting keeps it among equals.
    wrong.sort_by(|one, other| sureness(other.0).total_cmp(&sureness(one.0)));
    let unevenness = |wrong: usize| (2 * wrong).abs_diff(repeats);
    disagreed.sort_by(|one, other| {
        unevenness(one.1).cmp(&unevenness(other.1)).then(sureness(other.0).total_cmp(&sureness(one.0)))
    });
    let gallery = |chosen: Vec<(usize, usize)>| Gallery {
        all: chosen.len(),
        cells: chosen
            .into_iter()
            .take(CELLS)
            .map(|(cell, wrong)| GalleryCell {
                image: first.images[cell].to_string(),
                patient: first.patients[cell].to_string(),
                is_positive: is_positive(cell),
                wrong,
                probabilities: by_validation
                    .iter()
                    .take(CONFIGURATIONS)
                    .map(|(id, one)| CellProbability {
                        configuration: *id,
                        probability: probability(one, cell),
                    })
                    .collect(),
            })
            .collect(),
    };
    Some(Galleries {
        best: by_validation.first()?.0,
        repeats,
        cells: first.labels.len(),
        wrong: gallery(wrong),
        disagreed: gallery(disagreed),
        set,
    })
}
