//! Which runs are shown in detail, and the table of all of them where that is not every one.

use std::collections::HashMap;

use crate::comparison::Group;
use crate::convergence;
use crate::data::{ReportData, RunData};
use crate::format::{NONE, four, percent, seconds};
use crate::table::{Cell, Column, Table};

/// Most runs shown in detail: a page of a thousand would have 40 MB.
const DETAILED: usize = 48;

/// Runs of a report.
pub(crate) struct RunChoice<'a> {
    /// Those shown in detail, each with the name of its configuration.
    pub(crate) detailed: Vec<(&'a RunData, &'a str)>,
    /// All of them; `None` where all are shown in detail.
    pub(crate) table: Option<Table>,
}

/// All runs in detail, or of more than a page can hold those with the highest test accuracy, in the order
/// of the report.
pub(crate) fn choose<'a>(data: &'a ReportData, groups: &'a [Group]) -> RunChoice<'a> {
    let name_of: HashMap<i64, &str> =
        groups.iter().flat_map(|group| group.runs.iter().map(|run| (*run, group.name.as_str()))).collect();
    // A run that was superseded by a newer one of the same configuration is in no group.
    let named = |run: &'a RunData| (run, *name_of.get(&run.row.id).unwrap_or(&run.row.start.label.as_str()));
    let all: Vec<(&RunData, &str)> = data.runs.iter().map(named).collect();
    if all.len() <= DETAILED {
        return RunChoice { detailed: all, table: None };
    }
    let mut order = by_place(&all.iter().map(|(run, _)| *run).collect::<Vec<_>>());
    order.truncate(DETAILED);
    order.sort_unstable();
    RunChoice { table: Some(table(&all)), detailed: order.into_iter().map(|place| all[place]).collect() }
}

/// Places of the runs: first the most accurate of each set of test cells, then the second of each, and so on, since
/// accuracies on different cells do not compare.
fn by_place(runs: &[&RunData]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by(|one, other| accuracy(runs[*other]).total_cmp(&accuracy(runs[*one])));
    let mut tested: HashMap<(&str, &str), usize> = HashMap::new();
    let mut placed: Vec<(usize, usize)> = order
        .into_iter()
        .map(|run| {
            let start = &runs[run].row.start;
            let place = tested.entry((&start.image_set_hash, &start.split_hash)).or_default();
            *place += 1;
            (*place, run)
        })
        .collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, run)| run).collect()
}

/// A diverged run comes last.
fn accuracy(run: &RunData) -> f64 {
    let accuracy = run.row.result.as_ref().map(|result| result.test_accuracy);
    accuracy.filter(|accuracy| accuracy.is_finite()).unwrap_or(f64::NEG_INFINITY)
}

fn table(runs: &[(&RunData, &str)]) -> Table {
    let number = |value: Option<f64>, show: fn(f64) -> String| match value.filter(|value| value.is_finite()) {
        Some(value) => Cell::ordered(show(value), value),
        None => NONE.into(),
    };
    let row = |(run, name): &(&RunData, &str)| -> Vec<Cell> {
        let (start, result) = (&run.row.start, run.row.result.as_ref());
        vec![
            run.row.id.to_string().into(),
            (*name).into(),
            if convergence::reasons(run).is_empty() { "yes" } else { "no" }.into(),
            start.seed.to_string().into(),
            start.fold.map_or_else(|| NONE.to_owned(), |fold| fold.to_string()).into(),
            number(result.map(|result| result.test_accuracy), percent),
            number(result.and_then(|result| result.auc), four),
            number(result.map(|result| result.test_loss), four),
            result.map_or_else(|| NONE.to_owned(), |result| result.best_epoch.to_string()).into(),
            number(result.map(|result| result.train_seconds), seconds),
        ]
    };
    Table {
        caption: format!(
            "All {} runs. The {DETAILED} with the highest test accuracy on their test cells are shown in detail below; `ranklab report` \
             followed by numbers of runs shows others.",
            runs.len()
        ),
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
        rows: runs.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::compare;
    use crate::fixture;

    #[test]
    fn few_runs_are_all_shown_in_detail() {
        let data = fixture::ranks();
        let groups = compare(&data).unwrap();
        let choice = choose(&data, &groups);
        assert_eq!((choice.detailed.len(), choice.table), (4, None));
        assert_eq!(choice.detailed[1].1, "model_5 · block5 · rank 1");
    }

    #[test]
    fn of_many_the_best_are_shown_and_all_are_listed() {
        let data = fixture::many(60);
        let groups = compare(&data).unwrap();
        let choice = choose(&data, &groups);
        let table = choice.table.unwrap();
        assert_eq!((choice.detailed.len(), table.rows.len()), (DETAILED, 60));
        assert!(table.rows.iter().all(|row| row.len() == table.columns.len()));
        let mut data = data.clone();
        // The worse half was tested on other cells: both have the same part in what is shown.
        for run in &mut data.runs[30..] {
            run.row.start.split_hash = "another".into();
        }
        let of_each = choose(&data, &groups).detailed;
        assert_eq!(of_each.iter().filter(|(run, _)| run.row.id > 30).count(), DETAILED / 2);
        // Each run of the fixture makes as many errors as its number.
        let shown: Vec<i64> = choice.detailed.iter().map(|(run, _)| run.row.id).collect();
        assert_eq!(shown, (1..=DETAILED as i64).collect::<Vec<_>>());
    }
}
