//! Configurations with their measures, without intervals and comparisons: what follows from the rows at once.

use ranklab_settings::Nouns;

use crate::data::ReportData;
use crate::error::Result;

use super::configuration::Configuration;
use super::examined::examine;
use super::measured::gather;
use super::nouns;
use super::test_sets::{TestSet, sets_of_cells, test_sets};

/// The configurations of a report and their sets of test cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Summarized {
    /// The configurations without intervals and operating points; an id is an index.
    pub configurations: Vec<Configuration>,
    /// Words for groups and images.
    pub nouns: Nouns,
    /// Configurations that were tested on the same cells, in the order of the report.
    pub test_sets: Vec<TestSet>,
}

/// Summarizes the rows of a report. The measures and the references are those of [`super::analyse`], which resamples as
/// well and takes far longer.
///
/// # Errors
/// When the runs cannot be grouped.
pub fn summarize(data: &ReportData) -> Result<Summarized> {
    let measured = gather(data, &examine(data))?;
    let test_sets = test_sets(&measured, &sets_of_cells(&measured), &data.baseline);
    Ok(Summarized {
        test_sets,
        nouns: nouns::of_runs(data.runs.iter().map(|run| &run.row)),
        configurations: measured.into_iter().map(|one| one.configuration).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn measures_and_references_are_those_of_the_report() {
        for data in [fixture::ranks(), fixture::seeds(), fixture::folds(), fixture::both_splits(40, 400)] {
            let (found, report) = (summarize(&data).unwrap(), analyse(&data).unwrap());
            assert_eq!(found.test_sets, report.test_sets);
            for (one, other) in found.configurations.iter().zip(&report.configurations) {
                assert_eq!((one.id, &one.name, &one.runs), (other.id, &other.name, &other.runs));
                assert_eq!((one.measures, one.validation), (other.measures, other.validation));
            }
            assert_eq!(found.configurations.len(), report.configurations.len());
        }
    }
}
