//! Configurations while they are analysed: with the predictions that their results come from.

use rayon::prelude::*;

use crate::data::{ReportData, RunData};
use crate::error::Result;

use super::cells::TestCells;
use super::configuration::Configuration;
use super::examined::ExaminedRun;
use super::grouping::{Group, group};
use super::seed_measures::measure_seeds;
use super::tuning::tune;
use super::validation::Validation;

/// A configuration with the rows and predictions of its runs.
pub(crate) struct Measured<'a> {
    /// What is known of it so far.
    pub(crate) configuration: Configuration,
    /// Its test cells; `None` where its runs have none that can be put together.
    pub(crate) cells: Option<TestCells>,
    /// Its runs, in the order of the report.
    pub(crate) runs: Vec<&'a RunData>,
}

/// The configurations of a report with their test cells, in the order of their ids.
///
/// # Errors
/// When the runs cannot be grouped.
pub(crate) fn gather<'a>(data: &ReportData, runs: &[ExaminedRun<'a>]) -> Result<Vec<Measured<'a>>> {
    let with_cells = |Group { mut configuration, runs }: Group<'a>| {
        let cells = TestCells::gather(&runs);
        configuration.validation = Validation::of_runs(&runs);
        if let Ok(cells) = &cells {
            measure_seeds(&mut configuration.measures, cells);
        }
        configuration.tested = cells.as_ref().map(TestCells::numbers).map_err(|reason| *reason);
        Measured { configuration, cells: cells.ok(), runs }
    };
    let runs = tune(runs.to_vec(), &data.tune);
    Ok(group(&data.title, &runs)?.into_par_iter().map(with_cells).collect())
}

/// The configurations alone.
pub(crate) fn configurations<'m>(
    measured: &'m [Measured<'_>],
) -> impl Iterator<Item = &'m Configuration> + Clone {
    measured.iter().map(|one| &one.configuration)
}
