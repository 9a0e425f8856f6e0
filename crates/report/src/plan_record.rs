//! The analysis plan of a report's sweep, what became of it, and finished runs that the report leaves out.

use std::collections::BTreeSet;

use ranklab_settings::AnalysisPlan;
use ranklab_store::{LookRow, NewLook, PlanChangeRow, RunRow, Store, SweepRow};
use serde::Serialize;
use serde_json::json;

use crate::error::{Error, Result};
use crate::options::Options;

/// A plan and its hash.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RegisteredPlan {
    /// The plan.
    pub plan: AnalysisPlan,
    /// SHA-256 of its canonical JSON.
    pub hash: String,
}

/// A request of the sweep with another plan than the request before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanChange {
    /// RFC 3339, UTC.
    pub changed_at: String,
    /// The requested plan; the sweep keeps its first one.
    pub to: RegisteredPlan,
}

/// A finished run on the same test cells that a report leaves out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Primary key.
    pub run: i64,
    /// RFC 3339, UTC.
    pub ended_at: Option<String>,
}

/// What was planned for a report before there were results, and what happened since.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlanRecord {
    /// The sweep's first plan; `None` of sweeps of earlier versions and of chosen runs.
    pub registered: Option<RegisteredPlan>,
    /// Its changes, oldest first.
    pub changes: Vec<PlanChange>,
    /// The finished runs of each earlier report of the sweep, ascending.
    pub looks: Vec<Vec<i64>>,
    /// Finished runs on the same test cells that the report leaves out, by id.
    pub left_out: Vec<LeftOut>,
}

impl PlanRecord {
    /// Reads the record of a report on these finished runs.
    ///
    /// # Errors
    /// When the database cannot be read, and when a recorded plan cannot.
    pub(crate) async fn read<'a>(
        store: &Store,
        sweep: Option<&SweepRow>,
        shown: impl Iterator<Item = &'a RunRow> + Clone,
    ) -> Result<Self> {
        let mut record = Self { left_out: left_out(store, shown).await?, ..Self::default() };
        let Some(sweep) = sweep else { return Ok(record) };
        let read = |text: &str, hash: &str| match AnalysisPlan::from_json(text) {
            Ok(plan) => Ok(RegisteredPlan { plan, hash: hash.to_owned() }),
            Err(problem) => Err(Error::Plan { sweep: sweep.id, reason: problem.to_string() }),
        };
        if let (Some(plan), Some(hash)) = (&sweep.analysis_plan, &sweep.analysis_plan_hash) {
            record.registered = Some(read(plan, hash)?);
        }
        for PlanChangeRow { changed_at, new_plan, new_plan_hash, .. } in store.plan_changes(sweep.id).await? {
            record.changes.push(PlanChange { changed_at, to: read(&new_plan, &new_plan_hash)? });
        }
        let runs = |look: LookRow| serde_json::from_str(&look.runs).unwrap_or_default();
        record.looks = store.looks(sweep.id).await?.into_iter().map(runs).collect();
        Ok(record)
    }

    /// The plan that the options of a report are taken from: the registered one, or the default.
    pub(crate) fn plan(&self) -> AnalysisPlan {
        self.registered.as_ref().map(|registered| registered.plan.clone()).unwrap_or_default()
    }
}

/// Finished runs on the test cells of `shown` that are not among them. Repetitions of a shown configuration are the same
/// result.
async fn left_out<'a>(
    store: &Store,
    shown: impl Iterator<Item = &'a RunRow> + Clone,
) -> Result<Vec<LeftOut>> {
    let cells: BTreeSet<(&str, &str)> =
        shown.clone().map(|run| (run.start.image_set_hash.as_str(), run.start.split_hash.as_str())).collect();
    if cells.is_empty() {
        return Ok(Vec::new());
    }
    let known: BTreeSet<&str> = shown.map(|run| run.start.config_hash.as_str()).collect();
    let others = store.finished_runs().await?.into_iter().filter(|run| {
        cells.contains(&(run.image_set_hash.as_str(), run.split_hash.as_str()))
            && !known.contains(run.config_hash.as_str())
    });
    Ok(others.map(|run| LeftOut { run: run.id, ended_at: run.ended_at }).collect())
}

/// A report of a sweep, to be recorded once it is written.
pub(crate) fn look(sweep: &SweepRow, mut runs: Vec<i64>, options: &Options, baseline: &str) -> NewLook {
    runs.sort_unstable();
    NewLook {
        finished: runs.len() as i64,
        trials: sweep.trials,
        runs: json!(runs).to_string(),
        options: json!({ "baseline": baseline, "options": options }).to_string(),
    }
}
