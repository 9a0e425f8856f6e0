//! The cells whose pictures a report wants.

use std::sync::Arc;

use crate::data::{ReportData, RunData};
use crate::error::{Error, Result};

use super::examined::examine;
use super::galleries::galleries;
use super::measured::gather;

/// Cells of which pictures are wanted, each explained by a run that tested it.
#[derive(Clone, Debug, PartialEq)]
pub struct WantedCells {
    /// The run.
    pub run: i64,
    /// Its cells: image names and stored probabilities of the positive class.
    pub cells: Vec<(Arc<str>, f64)>,
}

/// The pictures that the galleries want: of each cell from the run `explain`, or from the first run of the
/// configuration with the best validation figures that tested it. A run that did not test a cell may have trained on it and
/// explains nothing of it.
///
/// # Errors
/// When `explain` is no finished run of this report, and when the runs cannot be grouped.
pub fn wanted_pictures(data: &ReportData, explain: Option<i64>) -> Result<Vec<WantedCells>> {
    if let Some(run) = explain.filter(|run| data.runs.iter().all(|known| known.row.id != *run)) {
        return Err(Error::NotShown { run });
    }
    let measured = gather(data, &examine(data))?;
    let Some(galleries) = galleries(&measured) else { return Ok(Vec::new()) };
    let is_of = |id: usize, run: &RunData| measured[id].configuration.runs.contains(&run.row.id);
    let explaining = |run: &&RunData| match explain {
        Some(chosen) => run.row.id == chosen,
        None => is_of(galleries.best, run),
    };
    let mut runs: Vec<&RunData> = data.runs.iter().filter(explaining).collect();
    // Cells that the chosen run did not test are shown all the same, if not by it.
    runs.extend(data.runs.iter().filter(|run| galleries.set.iter().any(|id| is_of(*id, run))));
    let mut wanted: Vec<WantedCells> = Vec::new();
    for cell in galleries.wrong.cells.iter().chain(&galleries.disagreed.cells) {
        let tested = runs.iter().find_map(|run| {
            let row = run.predictions.iter().find(|row| *row.image == *cell.image)?;
            Some((run.row.id, (Arc::clone(&row.image), row.probability)))
        });
        let Some((run, one)) = tested else { continue };
        match wanted.iter_mut().find(|wanted| wanted.run == run) {
            Some(wanted) => wanted.cells.push(one),
            None => wanted.push(WantedCells { run, cells: vec![one] }),
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn the_best_configuration_explains_and_another_run_where_it_is_chosen() {
        let data = fixture::ranks();
        let wanted = wanted_pictures(&data, None).unwrap();
        // Rank 5 is run 3; four cells are wrong everywhere, and four more in some runs.
        assert_eq!((wanted.len(), wanted[0].run, wanted[0].cells.len()), (1, 3, 8));
        assert_eq!(wanted_pictures(&data, Some(1)).unwrap()[0].run, 1);
        let error = wanted_pictures(&data, Some(9)).unwrap_err().to_string();
        assert!(error.starts_with("run 9 is not among the finished runs of this report"), "{error}");
    }

    #[test]
    fn a_cell_is_explained_by_the_fold_that_tested_it() {
        let data = fixture::folds();
        let wanted = wanted_pictures(&data, None).unwrap();
        assert!(wanted.len() > 1, "{wanted:?}");
        for one in &wanted {
            let run = data.runs.iter().find(|run| run.row.id == one.run).unwrap();
            assert_eq!(run.row.start.model, "model_5");
            for (image, probability) in &one.cells {
                assert!(
                    run.predictions.iter().any(|row| row.image == *image && row.probability == *probability)
                );
            }
        }
    }
}
