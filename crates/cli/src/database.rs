//! The runs database for commands that only look: brought up to date first where that is needed and
//! possible.

use std::path::Path;

use ranklab_store::{Error, Store};
use ranklab_sweep::{carry_over, has_abandoned, mark_interrupted};

use crate::output::tell;

/// Opens the database for reading. One of an earlier schema is migrated, and runs whose process is gone are
/// marked as interrupted; where the file cannot be written, it is shown as it stands.
pub(crate) async fn open(database: &Path) -> anyhow::Result<Store> {
    let store = match Store::open_read_only(database).await {
        Err(older @ Error::OlderSchema { .. }) => {
            let Ok(migrated) = Store::open(database).await else { return Err(older.into()) };
            migrated.close().await;
            Store::open_read_only(database).await?
        }
        opened => opened?,
    };
    if has_abandoned(&store).await? {
        tell_interrupted(database).await;
    }
    if store.has_outdated_runs().await? {
        carry_runs_over(database).await;
    }
    Ok(store)
}

/// Runs of an earlier version get the configuration hashes of this one; a database that cannot be written is shown as
/// it stands.
async fn carry_runs_over(database: &Path) {
    let Ok(store) = Store::open(database).await else { return };
    if let Err(problem) = carry_over(&store).await {
        tell(format_args!("note: runs of an earlier version keep the hashes that they had: {problem}"));
    }
    store.close().await;
}

async fn tell_interrupted(database: &Path) {
    let Ok(store) = Store::open(database).await else { return };
    for run in mark_interrupted(&store).await.unwrap_or_default() {
        tell(format_args!(
            "note: run {run} was interrupted: its process is gone; `ranklab sweep --resume` continues it"
        ));
    }
    store.close().await;
}
