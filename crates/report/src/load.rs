//! Reading a report's rows from the runs database.

use std::collections::HashSet;

use ranklab_settings::Baseline;
use ranklab_store::{EvaluationRow, RunRow, RunStatus, Store, SweepRow};

use crate::data::{ExternalImages, ReportData, RunData, Unfinished, UnfinishedRun};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::pictures::CellPictures;
use crate::plan_record::PlanRecord;

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

/// Reads all rows of a report. Its options are those of the sweep's analysis plan, or the defaults.
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
    let mut data = empty(format!("Sweep {}: {}", sweep.id, sweep.name), Some(sweep));
    let mut seen = HashSet::new();
    let mut finished = Vec::new();
    for (trial, run) in store.runs_of_sweep(id).await? {
        match run {
            // Two trials of one configuration share their run.
            Some(run) if seen.insert(run.id) => sort(&mut data, &mut finished, run, &trial.label),
            Some(_) => {}
            None => data.unfinished.push(Unfinished { label: trial.label, run: None }),
        }
    }
    complete(data, store, finished).await
}

async fn load_runs(store: &Store, ids: &[i64]) -> Result<ReportData> {
    let mut seen = HashSet::new();
    let ids: Vec<i64> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    if ids.is_empty() {
        return Err(Error::NoRuns);
    }
    let listed = ids.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let title = format!("{} {listed}", if ids.len() == 1 { "Run" } else { "Runs" });
    let mut data = empty(title, None);
    let mut finished = Vec::new();
    for run in store.runs(&ids).await? {
        let label = run.start.label.clone();
        sort(&mut data, &mut finished, run, &label);
    }
    complete(data, store, finished).await
}

/// A report without runs.
fn empty(title: String, sweep: Option<SweepRow>) -> ReportData {
    ReportData {
        title,
        sweep,
        runs: Vec::new(),
        unfinished: Vec::new(),
        options: Options::default(),
        baseline: Baseline::default(),
        tune: Vec::new(),
        plan: PlanRecord::default(),
        pictures: CellPictures::default(),
    }
}

/// Adds finished runs with their records, and the plan, which settles how they are compared.
async fn complete(mut data: ReportData, store: &Store, finished: Vec<RunRow>) -> Result<ReportData> {
    data.plan = PlanRecord::read(store, data.sweep.as_ref(), finished.iter()).await?;
    let plan = data.plan.plan();
    (data.options, data.baseline, data.tune) = (Options::planned(&plan), plan.baseline, plan.tune);
    data.runs = with_records(store, finished).await?;
    Ok(data)
}

/// Finished runs with their metrics and predictions.
async fn with_records(store: &Store, finished: Vec<RunRow>) -> Result<Vec<RunData>> {
    let ids: Vec<i64> = finished.iter().map(|run| run.id).collect();
    let predictions = store.predictions_of(&ids).await?;
    let validation = store.validation_predictions_of(&ids).await?;
    let mut evaluations = store.evaluations_of(&ids).await?;
    let mut runs = Vec::with_capacity(finished.len());
    for ((row, predictions), validation) in finished.into_iter().zip(predictions).zip(validation) {
        let epochs = store.epoch_metrics(row.id).await?;
        let evaluations =
            with_predictions(store, evaluations.extract_if(.., |one| one.run == row.id).collect()).await?;
        runs.push(RunData { row, epochs, predictions, validation, evaluations });
    }
    Ok(runs)
}

/// Evaluations with their predictions.
async fn with_predictions(store: &Store, rows: Vec<EvaluationRow>) -> Result<Vec<ExternalImages>> {
    let mut evaluations = Vec::with_capacity(rows.len());
    for row in rows {
        let predictions = store.evaluation_predictions(row.id).await?;
        evaluations.push(ExternalImages { row, predictions });
    }
    Ok(evaluations)
}

/// Puts a run where it belongs.
fn sort(data: &mut ReportData, finished: &mut Vec<RunRow>, run: RunRow, label: &str) {
    if run.status == RunStatus::Finished && run.result.is_some() {
        finished.push(run);
        return;
    }
    data.unfinished.push(Unfinished {
        label: label.to_owned(),
        run: Some(UnfinishedRun {
            id: run.id,
            status: run.status,
            started_at: run.started_at,
            ended_at: run.ended_at,
            failure: run.failure,
        }),
    });
}
