//! `ranklab logs`: the logs of the workers that trained a run.

use std::io::{Read as _, Seek as _, SeekFrom};

use anyhow::bail;
use clap::Args;
use ranklab_runs::SweepFolder;
use ranklab_store::{Store, Value};

use crate::{
    database::with_store,
    folders::Folders,
    runtime::block_on,
    ui::output::{log, print},
    worker_log::{LogPart, parts},
};

/// Lines that are shown unless all are asked for.
const LINES: usize = 40;
/// Bytes of a part that are read for its last lines.
const TAIL: u64 = 1 << 16;
/// Largest part of a log in bytes that is shown whole.
const LARGEST_PART: u64 = 1 << 28;

/// Print what the workers of a run logged while they trained it.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Workers keep their logs in the runs folder: those of `ranklab work`, and of Slurm jobs. The logs of \
other sweeps are where their standard error went."
)]
pub(crate) struct LogsArgs {
    /// Number of the run.
    run: i64,
    /// Print all lines instead of the last 40.
    #[arg(long)]
    all: bool,
}

/// Prints the log of a run.
///
/// # Errors
/// When there is no such run, it has no log, or the log cannot be read.
pub(crate) fn logs(folders: &Folders, LogsArgs { run, all }: &LogsArgs) -> anyhow::Result<()> {
    let found = block_on(with_store(&folders.database(), async |store| found(folders, store, *run).await))?;
    let mut text = String::new();
    for part in &found {
        log(format_args!("note: from {}", part.path.display()));
        text += &read(part, *all)?;
    }
    if *all {
        return print(&text);
    }
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    print(&last.iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// The parts of logs that belong to a run.
async fn found(folders: &Folders, store: &Store, run: i64) -> anyhow::Result<Vec<LogPart>> {
    let row = store.runs(&[run]).await?.remove(0);
    let sql = format!(
        "SELECT DISTINCT t.sweep_id FROM trials t JOIN runs r ON r.config_hash = t.config_hash WHERE r.id = {run} ORDER BY 1"
    );
    let mut found = Vec::new();
    for sweep in store.query(&sql).await?.rows.iter().flatten() {
        if let Value::Integer(sweep) = sweep {
            found.extend(parts(&SweepFolder::new(&folders.runs, store.id(), *sweep), run)?);
        }
    }
    if found.is_empty() {
        bail!(
            "run {run} has no log: process {} on {} trained it, and only workers (`ranklab work`) keep logs",
            row.start.process,
            row.start.host
        );
    }
    Ok(found)
}

/// The text of a part, or its end.
fn read(part: &LogPart, all: bool) -> anyhow::Result<String> {
    let (mut file, bytes) = part.open()?;
    let most = if all { LARGEST_PART } else { TAIL };
    let passed = bytes.saturating_sub(most);
    file.seek(SeekFrom::Start(part.from + passed))?;
    let mut text = Vec::new();
    file.take(bytes - passed).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    // The first line may be cut.
    Ok(match text.split_once('\n') {
        Some((_, rest)) if passed > 0 => rest.to_owned(),
        _ => text,
    })
}
