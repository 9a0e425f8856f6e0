//! A finished run as a user names it, for commands that use its network.

use ranklab_runs::{FinishedRun, RunReference, SourceEvent};
use ranklab_store::Store;

use crate::ui::output::log;

/// The run that `name` stands for. Unless `quiet`, a line says why it is this one.
///
/// # Errors
/// When no finished run answers to the name, or it cannot be read.
pub(crate) async fn named_run(store: &Store, name: &str, quiet: bool) -> anyhow::Result<FinishedRun> {
    let Ok(reference) = name.parse::<RunReference>();
    let named = reference.find(store).await?;
    if let Some(reason) = named.reason.filter(|_| !quiet) {
        log(format_args!("note: {reason}"));
    }
    Ok(FinishedRun::read(store, named.run).await?)
}

/// Logs a notice of opened images or weights.
pub(crate) fn log_notice(event: SourceEvent) {
    if let SourceEvent::Notice(text) = event {
        log(format_args!("note: {text}"));
    }
}
