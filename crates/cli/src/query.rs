//! `ranklab query`: one reading statement to the runs database, its answer on standard output.

use std::path::Path;

use clap::Args;

use crate::answer::{Format, answer};

/// Ask the runs database in SQL. It is opened for reading only.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ranklab query \"select * from leaderboard limit 10\"
  ranklab query \"select * from rank_comparison\" --format csv > ranks.csv
  ranklab query \"select name, sql from sqlite_master where type = 'view'\" --json

Views for people: leaderboard, rank_comparison, layer_comparison, sweep_progress, trial_states,
learning_curves, test_errors, patient_errors. docs/database.md documents them and the tables.")]
pub(crate) struct QueryArgs {
    /// The statement; it may begin with a comment.
    #[arg(allow_hyphen_values = true)]
    pub(crate) sql: String,
    /// How the answer is shown.
    #[arg(long, value_enum, default_value_t, conflicts_with = "json")]
    pub(crate) format: Format,
    /// Short for --format json.
    #[arg(long)]
    pub(crate) json: bool,
}

impl QueryArgs {
    /// The format that the two options choose.
    pub(crate) fn chosen_format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// Runs the statement and prints its answer.
pub(crate) async fn query(database: &Path, sql: &str, format: Format) -> anyhow::Result<()> {
    let store = crate::database::open(database).await?;
    let answered = answer(&store, sql, format);
    store.close().await;
    answered
}
