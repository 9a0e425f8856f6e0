//! What to do about a run whose model file is gone or changed.

use ranklab_store::{RunRow, RunStatus};

/// What to do, in words that follow what is wrong with the file.
pub(crate) fn advice(run: &RunRow) -> String {
    match run.status {
        RunStatus::Imported => format!(
            "put it back from a copy, or import its adapter again from {} with the same settings",
            run.start.dataset
        ),
        _ => format!(
            "put it back from a copy, or delete the run (`ranklab runs rm {} --yes`) and repeat its sweep",
            run.id
        ),
    }
}
