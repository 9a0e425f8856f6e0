//! `ranklab runs list`: lists all runs.

use clap::Args;
use clap_complete::ArgValueCandidates;
use ranklab_store::{Location, QueryResult, Value};

use super::columns::{COLUMNS, Column, chosen};
use crate::{
    database::{show_presumed_interrupted, with_store},
    ui::{
        fitting::Fitting,
        query_result::{Format, print_result},
        terminal::output_columns,
    },
};

/// Columns of the terminal that a text keeps at least; a time has as many.
const LEAST_TEXT: usize = 19;

/// List all runs, the newest last.
#[derive(Args, Clone, Debug)]
pub(super) struct ListArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Show all columns, however wide the terminal is.
    #[arg(short, long)]
    wide: bool,
    /// Columns to show, separated by commas: run, status, model, layers, ranks, preset, split, seed, dataset, accuracy,
    /// auc, minutes, started, failure.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', add = ArgValueCandidates::new(candidates))]
    columns: Vec<String>,
}

/// The names of all columns, for shells.
fn candidates() -> Vec<clap_complete::CompletionCandidate> {
    COLUMNS.iter().map(|column| column.name.into()).collect()
}

/// Prints all runs, the newest last.
///
/// # Errors
/// When a column is unknown, the database cannot be read or standard output cannot be written.
pub(super) async fn list(database: &Location, arguments: &ListArgs) -> anyhow::Result<()> {
    let columns = chosen(&arguments.columns)?;
    let runs = with_store(database, async |store| {
        let expressions: Vec<String> =
            columns.iter().map(|column| format!("{} AS {}", column.sql, column.name)).collect();
        // The number and the status come first and are taken off again: a status may be presumed.
        let sql = format!("SELECT id, status, {} FROM runs ORDER BY id", expressions.join(", "));
        let mut runs = store.query(&sql).await?;
        for row in &mut runs.rows {
            show_presumed_interrupted(store, row);
            without_head(row, &columns);
        }
        runs.columns.drain(..2);
        Ok(runs)
    })
    .await?;
    let format = if arguments.json { Format::Json } else { Format::Table };
    let fitting = fitting(&runs, &columns, arguments.wide);
    print_result(runs, format, fitting)
}

/// Takes the number and the status off the head of a row, and puts that status where the list shows it.
fn without_head(row: &mut Vec<Value>, columns: &[Column]) {
    let status = row.drain(..2).nth(1);
    if let (Some(status), Some(at)) = (status, columns.iter().position(|column| column.name == "status")) {
        row[at] = status;
    }
}

/// How the list is fitted: columns without a value in any run are left out first, then those of high rank.
fn fitting(runs: &QueryResult, columns: &[Column], wide: bool) -> Fitting {
    let is_empty =
        |at: usize| runs.rows.iter().all(|row| row.get(at).is_none_or(|value| *value == Value::Null));
    let rank = |(at, column): (usize, &Column)| column.rank + if is_empty(at) { COLUMNS.len() } else { 0 };
    Fitting {
        least_text: LEAST_TEXT,
        advice: "--wide shows all, --columns run,accuracy chooses, --json is for programs",
        ..Fitting::ranked(output_columns().filter(|_| !wide), columns.iter().enumerate().map(rank))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::two_runs, *};
    use crate::ui::query_result::print_query;

    #[tokio::test]
    async fn the_list_and_a_query_need_a_database() {
        let folder = tempfile::tempdir().unwrap();
        let database = Location::file(folder.path().join("ranklab.db"));
        let arguments = ListArgs { json: true, wide: false, columns: Vec::new() };
        let missing = list(&database, &arguments).await.unwrap_err().to_string();
        assert!(missing.contains("run `ranklab sweep` first"), "{missing}");
        let (_folder, database) = two_runs().await;
        list(&database, &arguments).await.unwrap();
        with_store(&database, async |store| {
            print_query(store, "select count(*) from runs", &[], Format::Csv, Fitting::none())
        })
        .await
        .unwrap();
    }

    #[test]
    fn a_presumed_status_is_shown_in_any_order_of_columns() {
        let columns = chosen(&["accuracy".to_owned(), "status".to_owned()]).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let mut row = vec![Value::Integer(1), text("interrupted"), Value::Null, text("running")];
        without_head(&mut row, &columns);
        assert_eq!(row, [Value::Null, text("interrupted")]);
    }
}
