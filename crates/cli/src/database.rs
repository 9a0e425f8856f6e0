//! The runs database for commands that only read: brought up to date first where that is needed and possible at
//! once. They wait for no writer.

use std::path::Path;

use ranklab_runs::{abandoned, carry_over, mark_interrupted};
use ranklab_store::{Error, Store};

use crate::output::tell;

/// Opens the database for reading. One of an earlier schema is migrated, and runs whose process is gone are
/// marked as interrupted; where that cannot be written at once, they are only shown as interrupted.
pub(crate) async fn open(database: &Path) -> anyhow::Result<Store> {
    let store = match Store::open_read_only(database).await {
        Err(older @ Error::OlderSchema { .. }) => {
            match Store::open_if_free(database).await {
                Ok(migrated) => migrated.close().await,
                Err(locked @ Error::Locked { .. }) => return Err(locked.into()),
                Err(_) => return Err(older.into()),
            }
            Store::open_read_only(database).await?
        }
        opened => opened?,
    };
    if store.has_outdated_runs().await?
        && let Err(problem) = carry_runs_over(database).await
    {
        tell(format_args!("note: runs of an earlier version keep the hashes that they had: {problem}"));
    }
    let gone = abandoned(&store).await?;
    if gone.is_empty() {
        return Ok(store);
    }
    match mark(database).await {
        Ok(()) => Ok(store),
        Err(problem) => {
            for run in &gone {
                tell(format_args!(
                    "note: run {run} was interrupted: its process is gone; it is recorded as running still, because {problem}"
                ));
            }
            Ok(store.presuming_interrupted(&gone))
        }
    }
}

/// Runs of an earlier version get the configuration hashes of this one, if that can be written at once; otherwise the
/// database is shown as it stands.
async fn carry_runs_over(database: &Path) -> anyhow::Result<()> {
    let store = Store::open_if_free(database).await?;
    let carried = carry_over(&store).await;
    store.close().await;
    carried?;
    Ok(())
}

/// Marks runs whose process is gone, if that can be written at once.
async fn mark(database: &Path) -> anyhow::Result<()> {
    let store = Store::open_if_free(database).await?;
    let marked = mark_interrupted(&store).await;
    store.close().await;
    for run in marked? {
        tell(format_args!(
            "note: run {run} was interrupted: its process is gone; `ranklab sweep --resume` continues it"
        ));
    }
    Ok(())
}
