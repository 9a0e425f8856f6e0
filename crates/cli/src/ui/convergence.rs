//! Warnings of runs that did not converge, at the end of each run and of a sweep.

use ranklab_report::{NotConverged, not_converged};
use ranklab_store::{Location, Store};
use ranklab_sweep::SweepEvent;
use serde_json::{Value, json};

use super::{errors::error_line, output::log, printable::printable};
use crate::{folders::Folders, runtime::block_on};

/// Runs that the summary of a sweep names at most.
const NAMED_RUNS: usize = 12;

/// The runs of a sweep that did not converge.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConvergenceWarnings {
    /// Label and reasons of each run that did not converge.
    found: Vec<(String, NotConverged)>,
    /// Runs that were checked.
    checked: usize,
}

impl ConvergenceWarnings {
    /// Checks the run that an event reports as finished. Returns the warnings of a run that was just trained.
    pub(crate) fn observe(&mut self, folders: &Folders, event: &SweepEvent) -> Vec<String> {
        let (label, run, trained) = match event {
            SweepEvent::TrialFinished { label, run, .. } => (label, *run, true),
            SweepEvent::TrialSkipped { label, run, .. } => (label, *run, false),
            _ => return Vec::new(),
        };
        let found = match check(&folders.database(), run) {
            Ok(found) => found,
            // A missing warning is no reason to stop the sweep.
            Err(problem) => {
                let problem = error_line(&problem);
                return vec![format!("note: run {run} could not be checked for convergence: {problem}")];
            }
        };
        self.checked += 1;
        let lines = found.iter().flat_map(warning_lines).filter(|_| trained).collect();
        self.found.extend(found.into_iter().map(|found| (label.clone(), found)));
        lines
    }

    /// Writes the warnings at the end of a sweep to standard error; nothing where all runs converged.
    pub(crate) fn log_summary(&self) {
        let Some((_, first)) = self.found.first() else { return };
        let (number, all) = (self.found.len(), self.checked);
        let have = if number == 1 { "has" } else { "have" };
        log(format_args!(
            "WARNING: {number} of {all} runs {have} NOT CONVERGED; further training can change their figures:"
        ));
        for (label, found) in self.found.iter().take(NAMED_RUNS) {
            log(format_args!("  run {}, {}: {}", found.run, printable(label), found.reasons.join("; ")));
        }
        if number > NAMED_RUNS {
            log(format_args!("  and {} more", number - NAMED_RUNS));
        }
        log(format_args!(
            "`ranklab runs show {}` repeats the reasons; the verdicts of a report name these runs",
            first.run
        ));
    }

    /// The runs that did not converge as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let one = |(label, found): &(String, NotConverged)| json!({ "label": label, "run": found.run, "reasons": found.reasons });
        self.found.iter().map(one).collect()
    }
}

/// The warnings of a run, one line per reason.
pub(crate) fn warning_lines(found: &NotConverged) -> Vec<String> {
    found.lines().map(|line| format!("WARNING: {line}")).collect()
}

/// Why a run did not converge; `None` where it did.
fn check(database: &Location, run: i64) -> anyhow::Result<Option<NotConverged>> {
    block_on(async {
        let store = Store::open_read_only(database).await?;
        let found = not_converged(&store, &[run]).await;
        store.close().await;
        Ok(found?.pop())
    })
}
