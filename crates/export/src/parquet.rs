//! The database as Parquet files: one for each table and view, all of one moment.

mod column;
mod file;

use std::fs;
use std::path::{Path, PathBuf};

use ranklab_files::{create_folder, obstacle};
use ranklab_store::{Store, catalog};

use crate::error::{Error, Result};
use crate::foreign::check_parquet;

pub use self::file::ParquetFile;

use self::file::WholePart;

/// Writes each table and view as `NAME.parquet` into `folder`, all of one moment; others may write to the database
/// meanwhile. All files are written aside first: after an error the folder is as it was. Other files in it stay.
///
/// # Errors
/// When the database cannot be read, a file cannot be written, and when a file of such a name is none of an export.
pub fn export(store: &Store, folder: &Path) -> Result<Vec<ParquetFile>> {
    check_targets(folder)?;
    let snapshot = store.snapshot()?;
    let is_new = !folder.exists();
    create_folder(folder).map_err(Error::unwritten(folder))?;
    let parts: Result<Vec<WholePart>> = catalog::relations()
        .map(|relation| file::write_aside(&snapshot, relation, &target(folder, relation.name), folder))
        .collect();
    if parts.is_err() && is_new {
        // It is empty: part files vanish with their handles.
        let _ = fs::remove_dir(folder);
    }
    parts?.into_iter().map(WholePart::persist).collect()
}

/// Refuses targets that cannot be replaced, before anything is written.
fn check_targets(folder: &Path) -> Result<()> {
    if folder.exists() && !folder.is_dir() {
        return Err(Error::InTheWay { path: folder.to_owned(), is: obstacle(folder).unwrap_or("a file") });
    }
    let mut paths = catalog::relations().map(|relation| target(folder, relation.name));
    if let Some((is, path)) = paths.find_map(|path| Some((obstacle(&path)?, path))) {
        return Err(Error::InTheWay { path, is });
    }
    catalog::relations().try_for_each(|relation| check_parquet(&target(folder, relation.name), relation))
}

fn target(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.parquet"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_among_the_files_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(folder.path().join("mine"), folder.path().join("runs.parquet")).unwrap();
        let error = check_targets(folder.path()).unwrap_err().to_string();
        assert!(error.contains("runs.parquet: there is a link of that name; choose another path"), "{error}");
    }
}
