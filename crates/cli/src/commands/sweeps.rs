//! `ranklab sweeps`: lists sweeps with the states of their trials and of their Slurm jobs.

use std::collections::BTreeMap;

use clap::Args;
use ranklab_runs::SweepFolder;
use ranklab_store::{QueryResult, Store, Value};

use crate::{
    database::with_store,
    folders::Folders,
    runtime::block_on,
    slurm::{
        job::Jobs,
        queue::{self, Tasks},
    },
    ui::{
        errors::error_line,
        fitting::Fitting,
        output::log,
        query_result::{Format, print_result},
    },
};

/// Sweeps with the states of their trials, the oldest first.
const SWEEPS: &str = "SELECT s.id AS sweep, s.name AS name, COUNT(t.position) AS trials,
    SUM(CASE WHEN t.status = 'finished' THEN 1 ELSE 0 END) AS finished,
    SUM(CASE WHEN t.status = 'running' THEN 1 ELSE 0 END) AS running,
    SUM(CASE WHEN t.status IN ('failed', 'diverged') THEN 1 ELSE 0 END) AS failed,
    SUM(CASE WHEN t.status NOT IN ('finished', 'running', 'failed', 'diverged') THEN 1 ELSE 0 END) AS \"left\"
    FROM sweeps s LEFT JOIN trial_states t ON t.sweep = s.id
    GROUP BY s.id, s.name ORDER BY s.id";
/// Advice below a table that has no room for everything.
const ADVICE: &str = "--json is for programs";

/// List sweeps with the states of their trials and of their Slurm jobs, the newest last.
#[derive(Args, Clone, Debug)]
pub(crate) struct SweepsArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Prints all sweeps.
///
/// # Errors
/// When the database cannot be read or standard output cannot be written.
pub(crate) fn sweeps(folders: &Folders, arguments: &SweepsArgs) -> anyhow::Result<()> {
    let listed = block_on(with_store(&folders.database(), async |store| {
        let mut listed = store.query(SWEEPS).await?;
        add_queue(folders, store, &mut listed);
        Ok(listed)
    }))?;
    let format = if arguments.json { Format::Json } else { Format::Table };
    print_result(listed, format, Fitting::of_output(ADVICE))
}

/// Adds a column with the tasks in Slurm's queue if any sweep has a job. Where the queue cannot be asked, a note says so.
fn add_queue(folders: &Folders, store: &Store, listed: &mut QueryResult) {
    let jobs_of = |row: &Vec<Value>| {
        let Some(Value::Integer(sweep)) = row.first() else { return Vec::new() };
        let read = Jobs::read(&SweepFolder::new(&folders.runs, store.id(), *sweep));
        read.map(|jobs| jobs.ids()).unwrap_or_else(|problem| {
            log(format_args!("note: {}", error_line(&problem)));
            Vec::new()
        })
    };
    let jobs: Vec<Vec<u64>> = listed.rows.iter().map(jobs_of).collect();
    let all: Vec<u64> = jobs.iter().flatten().copied().collect();
    if all.is_empty() {
        return;
    }
    let tasks = queue::tasks(&all).unwrap_or_else(|problem| {
        log(format_args!("note: the states of Slurm jobs are unknown: {problem}"));
        BTreeMap::new()
    });
    listed.columns.push("queue".to_owned());
    for (row, ids) in listed.rows.iter_mut().zip(jobs) {
        let found = ids.iter().filter_map(|id| tasks.get(id).copied());
        row.push(Value::Text(found.fold(Tasks::default(), Tasks::and).describe()));
    }
}
