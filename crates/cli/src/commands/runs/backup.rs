//! `ranklab runs backup`: copies the database.

use std::path::PathBuf;

use clap::Args;
use indicatif::HumanBytes;

use crate::{
    database::with_store,
    folders::Folders,
    ui::{output::print, printable::printable},
};

/// Copy the database, also while runs are in training.
#[derive(Args, Clone, Debug)]
pub(super) struct BackupArgs {
    /// File to write; it must not exist.
    path: PathBuf,
}

/// Copies the database and prints the size of the copy.
pub(super) async fn backup(folders: &Folders, BackupArgs { path }: &BackupArgs) -> anyhow::Result<()> {
    let bytes = with_store(&folders.database(), async |store| Ok(store.backup(path).await?)).await?;
    print(&format!(
        "backed up the database as {} ({}); trained models stay in {}\n",
        printable(&path.to_string_lossy()),
        HumanBytes(bytes),
        printable(&folders.runs.to_string_lossy())
    ))
}
