//! The runs database for commands that only look: brought up to date first where that is needed and
//! possible.

use std::path::Path;

use ranklab_store::{Error, Store};
use ranklab_sweep::{has_abandoned, mark_interrupted};

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
    Ok(store)
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
