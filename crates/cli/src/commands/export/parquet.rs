//! `ranklab export --to parquet`: each table and view as a file.

use std::path::Path;

use ranklab_export::parquet;

use crate::{
    database::with_store,
    folders::Folders,
    runtime::block_on,
    ui::{output::print, printable::printable},
};

/// Writes the files and prints how many there are.
pub(super) fn export(folders: &Folders, folder: &Path) -> anyhow::Result<()> {
    let files = block_on(with_store(&folders.database(), async |store| Ok(parquet::export(store, folder)?)))?;
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let folder = printable(&folder.to_string_lossy());
    print(&format!("exported {} tables and views with {rows} rows to {folder}\n", files.len()))
}
