//! The runs database of commands that only read: migrated first if that is needed and possible at once. These
//! commands wait for no writer.

use ranklab_runs::{abandoned, carry_over, mark_interrupted};
use ranklab_store::{Error, Location, RunStatus, Store, Value};

use crate::ui::output::log;

/// Opens the database for reading, runs `read` on it and closes it.
///
/// # Errors
/// When the database cannot be opened, and those of `read`.
pub(crate) async fn with_store<T>(
    database: &Location,
    read: impl AsyncFnOnce(&Store) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let store = open(database).await?;
    let result = read(&store).await;
    store.close().await;
    result
}

/// Opens the database for reading. A database of an earlier schema is migrated, and runs whose process is gone are
/// marked as interrupted. If the database cannot be written at once, these runs are only shown as interrupted.
pub(crate) async fn open(database: &Location) -> anyhow::Result<Store> {
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
        && let Err(problem) = update_hashes(database).await
    {
        log(format_args!("note: runs of an earlier version keep their configuration hashes: {problem}"));
    }
    let gone = abandoned(&store).await?;
    if gone.is_empty() {
        return Ok(store);
    }
    match mark(database).await {
        Ok(()) => Ok(store),
        Err(problem) => {
            for run in &gone {
                log(format_args!(
                    "note: run {run} was interrupted: its process is gone; the database still records it as running: {problem}"
                ));
            }
            Ok(store.presuming_interrupted(&gone))
        }
    }
}

/// Changes the status of a row to interrupted if the process of its run is gone but the database could not record
/// that. The first two columns are the run's number and its status.
pub(crate) fn show_presumed_interrupted(store: &Store, row: &mut [Value]) {
    if let [Value::Integer(run), Value::Text(status), ..] = row
        && store.is_presumed_interrupted(*run)
    {
        *status = RunStatus::Interrupted.name().to_owned();
    }
}

/// Gives runs of an earlier version the configuration hashes of this version.
async fn update_hashes(database: &Location) -> anyhow::Result<()> {
    let store = Store::open_if_free(database).await?;
    let updated = carry_over(&store).await;
    store.close().await;
    updated?;
    Ok(())
}

/// Marks runs whose process is gone as interrupted.
async fn mark(database: &Location) -> anyhow::Result<()> {
    let store = Store::open_if_free(database).await?;
    let marked = mark_interrupted(&store).await;
    store.close().await;
    for run in marked? {
        log(format_args!(
            "note: run {run} was interrupted: its process is gone; `ranklab sweep --resume` resumes it"
        ));
    }
    Ok(())
}
