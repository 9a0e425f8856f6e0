//! `ranklab runs backup`: copies the database.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::HumanBytes;

use crate::{
    database::with_store,
    ui::{output::print, printable::printable},
};

/// Copy the database, also while runs are in training.
#[derive(Args, Clone, Debug)]
pub(super) struct BackupArgs {
    /// File to write; it must not exist.
    path: PathBuf,
}

/// Copies the database and prints the size of the copy.
pub(super) async fn backup(database: &Path, BackupArgs { path }: &BackupArgs) -> anyhow::Result<()> {
    let bytes = with_store(database, async |store| Ok(store.backup(path).await?)).await?;
    print(&format!(
        "backed up the database as {} ({}); trained models stay in {}\n",
        printable(&path.to_string_lossy()),
        HumanBytes(bytes),
        printable(&database.parent().unwrap_or(Path::new("")).to_string_lossy())
    ))
}
