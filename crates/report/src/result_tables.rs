//! The results of a sweep in short, for commands that show them: one table for each set of test cells.

use crate::analysis::{Configuration, References, TestSet, summarize};
use crate::data::ReportData;
use crate::error::Result;
use crate::words::format::{NONE, four, percent, spread, thousands};
use crate::words::test_sets::names_of;

/// Configurations that were tested on the same cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultTable {
    /// The name of their test cells: `random split, 1,532 cells`.
    pub cells: String,
    /// The configurations, in the order of the report.
    pub rows: Vec<ResultRow>,
    /// Index of the row with the best validation figures, as the report chooses it; `None` where a run stored none.
    pub best: Option<usize>,
}

/// A configuration, written as in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultRow {
    /// Its name: `model_5 · block5 · rank 5`.
    pub name: String,
    /// Finished runs.
    pub runs: String,
    /// Seeds that differ in their predictions.
    pub seeds: String,
    /// Test accuracy in percent: mean and standard deviation over seeds.
    pub accuracy: String,
    /// Area under the ROC curve: mean and standard deviation over seeds.
    pub auc: String,
    /// Trained parameters.
    pub trained_parameters: String,
    /// Minutes of training, as the mean over runs.
    pub minutes: String,
}

/// The result tables of a report's rows. The figures are those of the report, which adds intervals and comparisons.
///
/// # Errors
/// When the runs cannot be grouped.
pub fn result_tables(data: &ReportData) -> Result<Vec<ResultTable>> {
    let found = summarize(data)?;
    let names = names_of(&found.configurations, &found.test_sets, &found.nouns);
    let table = |(set, cells): (&TestSet, String)| {
        let References { best, by_validation, .. } = set.references;
        ResultTable {
            cells,
            rows: set.configurations.iter().map(|id| row(&found.configurations[*id])).collect(),
            best: set.configurations.iter().position(|id| *id == best).filter(|_| by_validation),
        }
    };
    Ok(found.test_sets.iter().zip(names).map(table).collect())
}

fn row(one: &Configuration) -> ResultRow {
    let measures = &one.measures;
    let minutes = measures.train_seconds.map(|seconds| format!("{:.1}", seconds.mean / 60.0));
    ResultRow {
        name: one.name.clone(),
        runs: one.runs.len().to_string(),
        seeds: one.tested().map_or_else(|| NONE.to_owned(), |tested| tested.seeds.to_string()),
        accuracy: spread(measures.accuracy, percent),
        auc: spread(measures.auc, four),
        trained_parameters: thousands(one.start.trainable_parameters),
        minutes: minutes.unwrap_or_else(|| NONE.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn a_table_shows_the_figures_of_the_report_and_the_best_by_validation() {
        let [table] = &result_tables(&fixture::ranks()).unwrap()[..] else { panic!("one set of cells") };
        let accuracies: Vec<&str> = table.rows.iter().map(|row| row.accuracy.as_str()).collect();
        assert_eq!(accuracies, ["97.00", "96.00", "98.00", "97.50"]);
        // Rank 5 has the fewest errors on validation images.
        assert_eq!(table.rows[table.best.unwrap()].name, "model_5 · block5 · rank 5");
        let mut data = fixture::ranks();
        data.runs.iter_mut().for_each(|run| (run.validation, run.epochs) = (Vec::new(), Vec::new()));
        assert_eq!(result_tables(&data).unwrap()[0].best, None);
    }

    #[test]
    fn other_test_cells_are_another_table() {
        let tables = result_tables(&fixture::both_splits(40, 400)).unwrap();
        assert_eq!(tables.len(), 2);
        assert_ne!(tables[0].cells, tables[1].cells);
    }

    #[test]
    fn seeds_have_a_spread() {
        let tables = result_tables(&fixture::seeds()).unwrap();
        assert!(tables[0].rows.iter().all(|row| row.accuracy.contains(" ± ")), "{tables:?}");
    }
}
