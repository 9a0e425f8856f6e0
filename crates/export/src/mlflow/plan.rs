//! Which runs are exported, and to which experiment.

use std::collections::{BTreeMap, HashMap};

use ranklab_store::{RunRow, RunStatus, Store};

use crate::error::{Error, Result};

use super::experiments::Sweep;

/// A run that ended, with all sweeps that planned it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Planned {
    pub(super) run: RunRow,
    /// By number: the first one's experiment gets the run.
    pub(super) sweeps: Vec<Sweep>,
}

/// Runs to export, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) planned: Vec<Planned>,
    /// Runs that have not ended.
    pub(super) unfinished: usize,
}

/// The runs that ended, or only the given one.
pub(super) async fn plan(store: &Store, only: Option<i64>) -> Result<Plan> {
    let runs = match only {
        Some(run) => store.runs(&[run]).await?,
        None => store.all_runs().await?,
    };
    let sweeps = sweeps_of_hashes(store).await?;
    let mut plan = Plan::default();
    for run in runs {
        if has_ended(run.status) {
            let sweeps = sweeps.get(&run.start.config_hash).cloned().unwrap_or_default();
            plan.planned.push(Planned { run, sweeps: sweeps.into_values().collect() });
        } else if only.is_some() {
            return Err(Error::NotEnded { run: run.id, status: run.status.name() });
        } else {
            plan.unfinished += 1;
        }
    }
    Ok(plan)
}

fn has_ended(status: RunStatus) -> bool {
    match status {
        RunStatus::Finished | RunStatus::Failed | RunStatus::Diverged => true,
        // An imported run has nothing that MLflow records.
        RunStatus::Running | RunStatus::Interrupted | RunStatus::Imported => false,
    }
}

/// The sweeps that planned each configuration, by number.
async fn sweeps_of_hashes(store: &Store) -> Result<HashMap<String, BTreeMap<i64, Sweep>>> {
    let mut of_hashes: HashMap<String, BTreeMap<i64, Sweep>> = HashMap::new();
    for sweep in store.sweeps().await? {
        for trial in store.trials(sweep.id).await? {
            let sweep = Sweep { id: sweep.id, name: sweep.name.clone() };
            of_hashes.entry(trial.config_hash).or_default().insert(sweep.id, sweep);
        }
    }
    Ok(of_hashes)
}
