//! What a sweep came to: a table of its configurations, and what is open.

use std::collections::BTreeMap;

use ranklab_report::{ResultRow, ResultTable, Unfinished};
use ranklab_store::{QueryResult, RunStatus, Value};

use super::{
    fitting::{ColumnFit, Fitting},
    layout::wrapped,
    printable::printable,
    table::table,
};

/// Rows of a table at most.
const ROWS: usize = 60;
/// Reasons of trials without a result at most.
const REASONS: usize = 3;
/// Columns of the terminal to which names are shortened before a column is left out.
const LEAST_NAME: usize = 20;
/// Columns that a name keeps on the narrowest terminal.
const NARROWEST_NAME: usize = 2;
/// What marks the best configuration.
const MARK: &str = "★";

/// The tables of all sets of test cells, in at most so many columns of a terminal; whole where `most` is `None`.
pub(crate) fn tables_text(tables: &[ResultTable], most: Option<usize>) -> String {
    let mut text = String::new();
    let marks = tables.iter().any(is_marked);
    for table in tables {
        if tables.len() > 1 {
            text += &format!("\n{}\n", laid_out(&printable(&table.cells), most));
        } else {
            text.push('\n');
        }
        text += &table_text(table, marks, most);
    }
    let unmarked = tables.iter().any(|table| table.rows.len() > 1 && table.best.is_none());
    if marks {
        let best = format!("{MARK} best by validation, as in the report; test figures choose nothing");
        text += &format!("{}\n", laid_out(&best, most));
    }
    if unmarked {
        let line = "no best is marked where runs of an earlier version stored no validation figures";
        text += &format!("{}\n", laid_out(line, most));
    }
    text
}

/// Whether the best of a table is marked: of several by validation.
fn is_marked(table: &ResultTable) -> bool {
    table.rows.len() > 1 && table.best.is_some()
}

/// A column of figures: its title, its rank and its values.
type Figures = (&'static str, usize, fn(&ResultRow) -> &String);

/// The figures of a configuration. Accuracy is never left out.
const FIGURES: [Figures; 6] = [
    ("runs", 3, |row| &row.runs),
    ("seeds", 4, |row| &row.seeds),
    ("accuracy, %", 0, |row| &row.accuracy),
    ("AUC", 2, |row| &row.auc),
    ("trained parameters", 5, |row| &row.trained_parameters),
    ("minutes", 6, |row| &row.minutes),
];
/// The rank of the names, which are shortened and never left out.
const NAME_RANK: usize = 1;

fn table_text(table_of: &ResultTable, marks: bool, most: Option<usize>) -> String {
    let best = table_of.best.filter(|_| is_marked(table_of));
    // The best is shown wherever it stands.
    let shown = |row: usize| row < ROWS || Some(row) == best;
    let rows: Vec<(usize, &ResultRow)> =
        table_of.rows.iter().enumerate().filter(|(row, _)| shown(*row)).collect();
    let name = |row: usize, one: &ResultRow| match (marks, best == Some(row)) {
        (false, _) => one.name.clone(),
        (true, true) => format!("{MARK} {}", one.name),
        (true, false) => format!("  {}", one.name),
    };
    let has_seeds = rows.iter().any(|(_, row)| row.seeds != row.runs);
    let figures = || FIGURES.iter().filter(|(title, ..)| has_seeds || *title != "seeds");
    let title = if marks { "  configuration" } else { "configuration" };
    let columns = [title].into_iter().chain(figures().map(|(title, ..)| *title)).map(str::to_owned);
    let cells = |(row, one): &(usize, &ResultRow)| -> Vec<Value> {
        let texts = [name(*row, one)].into_iter().chain(figures().map(|(.., of)| of(one).clone()));
        texts.map(Value::Text).collect()
    };
    let name_fit = ColumnFit {
        rank: NAME_RANK,
        floor: Some(NARROWEST_NAME),
        loses_middle: true,
        ..ColumnFit::default()
    };
    let of_figures =
        figures().map(|(_, rank, _)| ColumnFit { rank: *rank, is_number: true, ..ColumnFit::default() });
    let fitting = Fitting {
        width: most,
        columns: [name_fit].into_iter().chain(of_figures).collect(),
        least_text: LEAST_NAME,
        advice: "the report shows everything",
    };
    let result = QueryResult { columns: columns.collect(), rows: rows.iter().map(cells).collect() };
    let mut text = table(&result, fitting);
    if table_of.rows.len() > rows.len() {
        text += &format!("  and {} more in the report\n", table_of.rows.len() - rows.len());
    }
    text
}

/// The trials without a result: how many of each kind, and the first reasons. `known` are labels and reasons of trials
/// that ended without a run. Empty where all trials have one.
pub(crate) fn open_text(
    unfinished: &[Unfinished],
    known: &[(String, String)],
    most: Option<usize>,
) -> String {
    let mut counts: BTreeMap<usize, (&str, usize)> = BTreeMap::new();
    let mut reasons: Vec<String> = Vec::new();
    for trial in unfinished {
        let known = known.iter().find(|(label, _)| *label == trial.label).map(|(_, reason)| reason);
        let (order, kind) = match trial.run.as_ref().map(|run| run.status) {
            Some(RunStatus::Diverged) => (1, "diverged"),
            Some(RunStatus::Interrupted) => (2, "interrupted"),
            Some(RunStatus::Running | RunStatus::Finished) => (3, "running"),
            None if known.is_none() => (4, "not begun"),
            Some(RunStatus::Imported) => (5, "imported"),
            Some(RunStatus::Failed) | None => (0, "failed"),
        };
        counts.entry(order).or_insert((kind, 0)).1 += 1;
        let failure = trial.run.as_ref().and_then(|run| run.failure.as_ref());
        reasons.extend(failure.or(known).map(|reason| format!("  {}: {reason}", trial.label)));
    }
    if counts.is_empty() {
        return String::new();
    }
    let counts: Vec<String> = counts.values().map(|(kind, count)| format!("{count} {kind}")).collect();
    let more = reasons.len().saturating_sub(REASONS);
    reasons.truncate(REASONS);
    reasons.extend((more > 0).then(|| format!("  and {more} more")));
    let lines = [format!("open: {}", counts.join(", "))].into_iter().chain(reasons);
    lines.map(|line| laid_out(&printable(&line), most) + "\n").collect()
}

/// A line in as many lines as the terminal needs.
pub(crate) fn laid_out(line: &str, most: Option<usize>) -> String {
    most.map_or_else(|| line.to_owned(), |most| wrapped(line, most, false))
}

#[cfg(test)]
mod tests {
    use ranklab_report::UnfinishedRun;

    use super::*;
    use crate::ui::layout::columns;

    fn row(name: &str, accuracy: &str, seeds: &str) -> ResultRow {
        ResultRow {
            name: name.into(),
            runs: "3".into(),
            seeds: seeds.into(),
            accuracy: accuracy.into(),
            auc: "0.9912 ± 0.0012".into(),
            trained_parameters: "1,259,266".into(),
            minutes: "12.3".into(),
        }
    }

    fn tables() -> Vec<ResultTable> {
        let rows =
            vec![row("model_4", "97.00 ± 0.50", "3"), row("model_5 · block5 · rank 16", "96.00 ± 0.25", "3")];
        vec![ResultTable { cells: "random split, 60 cells".into(), rows, best: Some(1) }]
    }

    #[test]
    fn the_best_by_validation_is_marked_whatever_the_test_figures_are() {
        let text = tables_text(&tables(), None);
        assert!(
            text.contains("\n ★ model_5 · block5 · rank 16 ") && text.contains("\n   model_4 "),
            "{text}"
        );
        assert!(text.contains("★ best by validation, as in the report"), "{text}");
        assert!(!text.contains("seeds") && !text.contains("random split"), "{text}");
        let mut unknown = tables();
        unknown[0].best = None;
        let text = tables_text(&unknown, None);
        assert!(!text.contains('★') && text.contains("no best is marked"), "{text}");
        let alone =
            ResultTable { rows: vec![row("model_4", "97.00", "1")], best: Some(0), ..unknown.remove(0) };
        let text = tables_text(&[alone], None);
        assert!(!text.contains('★') && !text.contains("best") && text.contains("seeds"), "{text}");
    }

    #[test]
    fn sets_of_cells_have_headings_and_many_rows_are_counted() {
        let mut two = tables();
        let rows = (0..100).map(|rank| row(&format!("rank {rank}"), "95.00", "3")).collect();
        two.push(ResultTable { cells: "patient split, 70 cells".into(), rows, best: Some(99) });
        let text = tables_text(&two, None);
        assert!(
            text.contains("\nrandom split, 60 cells\n") && text.contains("\npatient split, 70 cells\n"),
            "{text}"
        );
        assert!(text.contains("★ rank 99") && text.contains("and 39 more in the report"), "{text}");
    }

    #[test]
    fn tables_and_open_trials_fit_any_terminal() {
        let run = |status, failure: Option<&str>| {
            let started_at = "2026-01-01T00:00:00Z".to_owned();
            Some(UnfinishedRun {
                id: 7,
                status,
                started_at,
                ended_at: None,
                failure: failure.map(str::to_owned),
            })
        };
        let trial = |rank: usize, run| Unfinished { label: format!("model_5 · block5 · rank {rank}"), run };
        let unfinished = [
            trial(1, run(RunStatus::Failed, Some("no memory"))),
            trial(2, run(RunStatus::Diverged, Some("loss is NaN at /a/long/path/to/a/checkpoint/of/run/7"))),
            trial(3, run(RunStatus::Interrupted, None)),
            trial(4, None),
            trial(5, None),
        ];
        let known = [("model_5 · block5 · rank 5".to_owned(), "run 9 was removed".to_owned())];
        let text = open_text(&unfinished, &known, None);
        let expected = "open: 2 failed, 1 diverged, 1 interrupted, 1 not begun\n  model_5 · block5 · rank 1: no memory\n";
        assert!(text.starts_with(expected) && text.ends_with("rank 5: run 9 was removed\n"), "{text}");
        assert_eq!(open_text(&[], &known, None), "");
        for most in 19..150 {
            let text = tables_text(&tables(), Some(most)) + &open_text(&unfinished, &known, Some(most));
            assert!(text.lines().all(|line| columns(line) <= most), "{most}:\n{text}");
            assert!(text.contains("97.00 ± 0.50"), "{most}:\n{text}");
        }
    }
}
