//! Prints what a sweep came to, also one that a signal ended: its counts, a table of its configurations, what is open, and
//! the next command.

use ranklab_report::{ReportData, ResultTable, Selection, load, result_tables};
use ranklab_store::Store;
use ranklab_sweep::SweepSummary;

use crate::{
    folders::Folders,
    runtime::block_on,
    ui::{
        convergence::ConvergenceWarnings,
        errors::error_line,
        outcome::{laid_out, open_text, tables_text},
        output::{log, print},
        terminal::output_columns,
    },
};

/// The command that follows a sweep.
const NEXT: &str = "next: ranklab report --open";
/// The command that follows a sweep with trials left.
const RESUME: &str = "next: ranklab sweep --resume";

/// Prints what a sweep came to. Its first line holds the counts, for scripts.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn print_outcome(
    folders: &Folders,
    summary: &SweepSummary,
    warnings: &ConvergenceWarnings,
) -> anyhow::Result<()> {
    print(&counts(summary))?;
    let has_results = print_results(folders, summary)?;
    warnings.log_summary();
    let next = match (summary.left, has_results) {
        (0, true) => NEXT,
        (0, false) => return Ok(()),
        _ => RESUME,
    };
    print(&format!("{}\n", laid_out(next, output_columns())))
}

/// Prints the counts and the tables, but no next command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn print_counts_and_results(folders: &Folders, summary: &SweepSummary) -> anyhow::Result<()> {
    print(&counts(summary))?;
    print_results(folders, summary).map(|_| ())
}

/// The counts, over several lines where the terminal is narrower.
fn counts(summary: &SweepSummary) -> String {
    laid_out(summary_line(summary).trim_end(), output_columns()) + "\n"
}

/// Prints the table of a sweep's configurations and what is open; whether any trial has a result.
fn print_results(folders: &Folders, summary: &SweepSummary) -> anyhow::Result<bool> {
    let (data, tables) = match results(folders, summary.sweep) {
        Ok(results) => results,
        // The sweep is complete without it.
        Err(problem) => {
            log(format_args!("note: the table of results could not be made: {}", error_line(&problem)));
            return Ok(false);
        }
    };
    let known: Vec<(String, String)> = summary.failed.iter().chain(&summary.diverged).cloned().collect();
    let most = output_columns();
    print(&(tables_text(&tables, most) + &open_text(&data.unfinished, &known, most)))?;
    Ok(!tables.is_empty())
}

/// The rows of a sweep and the tables of its configurations.
fn results(folders: &Folders, sweep: i64) -> anyhow::Result<(ReportData, Vec<ResultTable>)> {
    let database = folders.database();
    let data = block_on(async {
        let store = Store::open_read_only(&database).await?;
        let data = load(&store, Selection::Sweep(sweep)).await;
        store.close().await;
        anyhow::Ok(data?)
    })?;
    let tables = result_tables(&data)?;
    Ok((data, tables))
}

/// The counts of a sweep in one line.
pub(crate) fn summary_line(summary: &SweepSummary) -> String {
    let mut line = format!(
        "sweep {}: {} trained, {} finished before, {} failed",
        summary.sweep,
        summary.finished,
        summary.skipped,
        summary.failed.len()
    );
    if !summary.diverged.is_empty() {
        line += &format!(", {} diverged", summary.diverged.len());
    }
    if summary.left > 0 {
        line += &format!(", {} left", summary.left);
    }
    line + "\n"
}
