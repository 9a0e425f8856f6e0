//! `ranklab export --to datasette`: a description of the database.

use std::path::Path;

use anyhow::bail;
use ranklab_export::datasette;

use crate::{
    folders::Folders,
    ui::{output::print, printable::printable},
};

/// Writes the description and prints the command that uses it.
pub(super) fn export(folders: &Folders, file: &Path) -> anyhow::Result<()> {
    let location = folders.database();
    let Some(database) = location.as_file() else {
        bail!(
            "the runs database {location} is on a server; copy it into a file with `ranklab database copy` first"
        );
    };
    datasette::export(database, file)?;
    let [database, file] = [database, file].map(|path| printable(&path.to_string_lossy()));
    print(&format!("{file}\ndatasette {database} --metadata {file}\n"))
}
