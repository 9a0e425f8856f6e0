//! Warnings of runs that did not converge, when a run ends and when a sweep does.

use std::path::Path;

use ranklab_report::{NotConverged, not_converged};
use ranklab_runs::DATABASE;
use ranklab_store::Store;
use ranklab_sweep::SweepEvent;
use serde_json::{Value, json};

use crate::{Folders, output::tell, printable::printable};

/// Runs that the last lines of a sweep name.
const NAMED: usize = 12;

/// Runs of a sweep that did not converge, with their labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Warnings {
    found: Vec<(String, NotConverged)>,
    /// Runs that were looked at.
    seen: usize,
}

impl Warnings {
    /// Looks at the run that an event ends or finds finished, and gives the lines to show at once: those of a run that
    /// was trained now.
    pub(crate) fn note(&mut self, folders: &Folders, event: &SweepEvent) -> Vec<String> {
        let (label, run, trained) = match event {
            SweepEvent::TrialFinished { label, run, .. } => (label, *run, true),
            SweepEvent::TrialSkipped { label, run, .. } => (label, *run, false),
            _ => return Vec::new(),
        };
        let found = match look(&folders.runs.join(DATABASE), run) {
            Ok(found) => found,
            // Nothing is lost by it, so the sweep goes on.
            Err(problem) => {
                return vec![format!("note: whether run {run} converged is not known: {problem:#}")];
            }
        };
        self.seen += 1;
        let lines = found.iter().flat_map(lines).filter(|_| trained).collect();
        self.found.extend(found.into_iter().map(|found| (label.clone(), found)));
        lines
    }

    /// The end of a sweep's summary, on standard error; nothing where all runs converged.
    pub(crate) fn tell(&self) {
        let Some((_, first)) = self.found.first() else { return };
        let (number, all) = (self.found.len(), self.seen);
        let have = if number == 1 { "has" } else { "have" };
        tell(format_args!(
            "WARNING: {number} of {all} runs {have} NOT CONVERGED; their figures can change with the training:"
        ));
        for (label, found) in self.found.iter().take(NAMED) {
            tell(format_args!("  run {}, {}: {}", found.run, printable(label), found.reasons.join("; ")));
        }
        if number > NAMED {
            tell(format_args!("  and {} more", number - NAMED));
        }
        tell(format_args!(
            "`ranklab runs show {}` shows the reasons again, and reports name such runs in their verdicts",
            first.run
        ));
    }

    /// As JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let one = |(label, found): &(String, NotConverged)| json!({ "label": label, "run": found.run, "reasons": found.reasons });
        self.found.iter().map(one).collect()
    }
}

/// One line per reason.
pub(crate) fn lines(found: &NotConverged) -> Vec<String> {
    found
        .reasons
        .iter()
        .map(|reason| format!("WARNING: run {} has NOT CONVERGED: {reason}", found.run))
        .collect()
}

fn look(database: &Path, run: i64) -> anyhow::Result<Option<NotConverged>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::open_read_only(database).await?;
        let found = not_converged(&store, &[run]).await;
        store.close().await;
        Ok(found?.pop())
    })
}
