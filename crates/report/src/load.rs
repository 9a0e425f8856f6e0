//! Reading a report's rows from the runs database.

use std::collections::HashSet;

use ranklab_store::{RunRow, RunStatus, Store};

use crate::data::{ReportData, RunData, Unfinished};
use crate::error::{Error, Result};
use crate::options::Options;

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The sweep that was asked for last.
    LatestSweep,
    /// One sweep.
    Sweep(i64),
    /// Runs in this order; repeated ids count once.
    Runs(Vec<i64>),
}

/// Reads all rows of a report.
///
/// # Errors
/// When there is no sweep, when a sweep or run does not exist, when no runs are chosen, and when the
/// database cannot be read.
pub async fn load(store: &Store, selection: Selection) -> Result<ReportData> {
    match selection {
        Selection::LatestSweep => {
            let sweep = store.latest_sweep().await?.ok_or(Error::NoSweep)?;
            load_sweep(store, sweep.id).await
        }
        Selection::Sweep(sweep) => load_sweep(store, sweep).await,
        Selection::Runs(ids) => load_runs(store, &ids).await,
    }
}

async fn load_sweep(store: &Store, id: i64) -> Result<ReportData> {
    let sweep = store.sweep(id).await?;
    let mut data = ReportData {
        title: format!("Sweep {}: {}", sweep.id, sweep.name),
        sweep: Some(sweep),
        runs: Vec::new(),
        unfinished: Vec::new(),
        options: Options::default(),
    };
    let mut seen = HashSet::new();
    for (trial, run) in store.runs_of_sweep(id).await? {
        match run {
            // Two trials of one configuration share their run.
            Some(run) if seen.insert(run.id) => add(store, &mut data, run, &trial.label).await?,
            Some(_) => {}
            None => data.unfinished.push(Unfinished {
                label: trial.label,
                run: None,
                status: "planned".into(),
                reason: "has not started".into(),
            }),
        }
    }
    Ok(data)
}

async fn load_runs(store: &Store, ids: &[i64]) -> Result<ReportData> {
    let mut seen = HashSet::new();
    let ids: Vec<i64> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    if ids.is_empty() {
        return Err(Error::NoRuns);
    }
    let listed = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let title = format!("{} {listed}", if ids.len() == 1 { "Run" } else { "Runs" });
    let mut data = ReportData {
        title,
        sweep: None,
        runs: Vec::new(),
        unfinished: Vec::new(),
        options: Options::default(),
    };
    for run in store.runs(&ids).await? {
        let label = run.start.label.clone();
        add(store, &mut data, run, &label).await?;
    }
    Ok(data)
}

/// Puts a run where it belongs, a finished one with its metrics and predictions.
async fn add(store: &Store, data: &mut ReportData, run: RunRow, label: &str) -> Result<()> {
    if run.status == RunStatus::Finished && run.result.is_some() {
        let epochs = store.epoch_metrics(run.id).await?;
        let predictions = store.predictions(run.id).await?;
        let validation = store.validation_predictions(run.id).await?;
        data.runs.push(RunData { row: run, epochs, predictions, validation });
        return Ok(());
    }
    let ended = run.ended_at.as_deref().unwrap_or("an unknown time");
    data.unfinished.push(Unfinished {
        label: label.to_owned(),
        run: Some(run.id),
        status: run.status.name().to_owned(),
        reason: match run.status {
            RunStatus::Running => format!("has been running since {}", run.started_at),
            RunStatus::Interrupted => format!("its process was gone by {ended}"),
            RunStatus::Failed | RunStatus::Diverged | RunStatus::Finished => {
                run.failure.clone().unwrap_or_else(|| "left no reason".to_owned())
            }
        },
    });
    Ok(())
}
