//! Runs of the database that did not converge, for commands that show runs.

use ranklab_store::Store;

use crate::analysis::signs;
use crate::data::RunData;
use crate::error::Result;
use crate::words::convergence::reasons;

/// A run that did not converge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotConverged {
    /// The run.
    pub run: i64,
    /// One sentence per sign, with its numbers and what to do, without a full stop.
    pub reasons: Vec<String>,
}

impl NotConverged {
    /// The warning of the run, a line for each reason, without a full stop.
    pub fn lines(&self) -> impl Iterator<Item = String> + use<'_> {
        self.reasons.iter().map(|reason| format!("run {} has NOT CONVERGED: {reason}", self.run))
    }
}

/// Those of the given runs that did not converge, in their order. Runs that have not finished are passed over.
///
/// # Errors
/// When a run does not exist and when the database cannot be read.
pub async fn not_converged(store: &Store, runs: &[i64]) -> Result<Vec<NotConverged>> {
    let mut found = Vec::new();
    for row in store.runs(runs).await? {
        if row.result.is_none() {
            continue;
        }
        let validation = store.validation_predictions(row.id).await?;
        let predictions = match validation.is_empty() {
            true => store.predictions(row.id).await?,
            false => Vec::new(),
        };
        let epochs = store.epoch_metrics(row.id).await?;
        let run = RunData { row, epochs, predictions, validation, evaluations: Vec::new() };
        let reasons = reasons(&signs(&run));
        if !reasons.is_empty() {
            found.push(NotConverged { run: run.row.id, reasons });
        }
    }
    Ok(found)
}
