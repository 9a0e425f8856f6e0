//! `ranklab query`: prints the result of an SQL statement that reads the runs database.

use clap::Args;

use crate::{
    database::with_store,
    folders::Folders,
    runtime::block_on,
    ui::{
        fitting::Fitting,
        query_result::{Format, print_query},
    },
};

/// Query the runs database in SQL, read-only.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab query \"select * from runs_summary\"
  ranklab query \"select * from leaderboard limit 10\"
  ranklab query \"select * from leaderboard\" --columns run,ranks,accuracy
  ranklab query \"select * from rank_comparison\" --format csv > ranks.csv
  ranklab query \"select name, sql from sqlite_master where type = 'view'\" --json

Views: runs_summary, trials_with_runs, test_sets, leaderboard, rank_comparison, layer_comparison, \
sweep_progress, trial_states, learning_curves, test_errors, patient_errors. docs/database.md describes the views and the tables.")]
pub(crate) struct QueryArgs {
    /// SQL statement that reads; it may begin with a comment.
    #[arg(allow_hyphen_values = true)]
    sql: String,
    /// Format of the result.
    #[arg(long, value_enum, default_value_t, conflicts_with = "json")]
    format: Format,
    /// Same as --format json.
    #[arg(long)]
    json: bool,
    /// Show all columns and whole values of a table, however wide the terminal is.
    #[arg(short, long)]
    wide: bool,
    /// Columns of the result to show, in this order, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    columns: Vec<String>,
}

/// Runs the statement and prints its result.
pub(crate) fn query(folders: &Folders, arguments: &QueryArgs) -> anyhow::Result<()> {
    let format = if arguments.json { Format::Json } else { arguments.format };
    let advice = "--wide shows all, --columns NAMES chooses, --json or --format csv is for programs";
    let fitting = if arguments.wide { Fitting::none() } else { Fitting::of_output(advice) };
    block_on(with_store(&folders.database(), async |store| {
        print_query(store, &arguments.sql, &arguments.columns, format, fitting.clone())
    }))
}
