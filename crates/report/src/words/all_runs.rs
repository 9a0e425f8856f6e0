//! The table of all runs.

use crate::analysis::{Analysis, DETAILED, Run};

use super::format::{NONE, count, four, percent, seconds};
use super::run::configuration_name;
use super::table::{Cell, Column, Table};

/// All runs; `None` without any.
pub(crate) fn table(analysis: &Analysis) -> Option<Table> {
    let runs = &analysis.runs;
    let some = format!(
        " The {DETAILED} with the best validation figures on their test {} are shown in detail below; `ranklab report --runs` \
         followed by numbers of runs shows others.",
        analysis.nouns.image.many
    );
    let details = if runs.len() > DETAILED { some.as_str() } else { " Each is shown in detail below." };
    (!runs.is_empty()).then(|| Table {
        caption: format!("{}.{details}", count(runs.len(), "finished run")),
        columns: vec![
            Column::number("run"),
            Column::text("configuration"),
            Column::text("converged"),
            Column::number("seed"),
            Column::number("fold"),
            Column::number("accuracy, %"),
            Column::number("AUC"),
            Column::number("test loss"),
            Column::number("best epoch"),
            Column::number("training"),
        ],
        rows: runs.iter().map(|run| row(analysis, run)).collect(),
    })
}

fn row(analysis: &Analysis, run: &Run) -> Vec<Cell> {
    let number = |value: Option<f64>, show: fn(f64) -> String| match value.filter(|value| value.is_finite()) {
        Some(value) => Cell::ordered(show(value), value),
        None => NONE.into(),
    };
    let (start, result) = (&run.row.start, run.row.result.as_ref());
    vec![
        run.row.id.to_string().into(),
        configuration_name(analysis, run).into(),
        if run.signs.is_empty() { "yes" } else { "no" }.into(),
        start.seed.to_string().into(),
        start.fold.map_or_else(|| NONE.to_owned(), |fold| fold.to_string()).into(),
        number(result.map(|result| result.test_accuracy), percent),
        number(result.and_then(|result| result.auc), four),
        number(result.map(|result| result.test_loss), four),
        result.map_or_else(|| NONE.to_owned(), |result| result.best_epoch.to_string()).into(),
        number(result.map(|result| result.train_seconds), seconds),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::analyse;
    use crate::fixture;

    #[test]
    fn all_runs_are_listed() {
        let found = table(&analyse(&fixture::many(60)).unwrap()).unwrap();
        assert_eq!(found.rows.len(), 60);
        assert!(found.rows.iter().all(|row| row.len() == found.columns.len()));
        let few = analyse(&fixture::ranks()).unwrap();
        assert!(table(&few).unwrap().caption.ends_with("Each is shown in detail below."));
        assert_eq!(configuration_name(&few, &few.runs[1]), "model_5 · block5 · rank 1");
    }
}
