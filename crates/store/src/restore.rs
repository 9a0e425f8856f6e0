//! Restoring the database from a copy.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::backend;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::store::Store;

/// The outcome of a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Runs in the database now.
    pub runs: usize,
    /// Where the replaced database is kept, if there was one.
    pub replaced: Option<PathBuf>,
}

/// Replaces the database at `location` by the one in the file `copy`: checked, brought up to date, written
/// aside, synced and renamed. The replaced database is kept beside it, with its log if it has one. `copy` stays
/// as it is.
///
/// # Errors
/// When `copy` is damaged, no database of ranklab's or one of a later version, when any process has the database
/// at `location` open, and when the folder cannot be written. The database is as it was then.
pub async fn restore(copy: &Path, location: impl Into<Location>) -> Result<Restored> {
    let location = &location.into();
    if location.as_file().is_none() {
        let instead = "fill an empty database with `pg_restore`, or from a file with `ranklab database copy`";
        return Err(Error::NoFileOnServer { location: location.clone(), instead });
    }
    let refused = |reason: String| Error::Restore { path: copy.to_owned(), reason };
    let is_file = fs::metadata(copy).map_err(|problem| refused(problem.to_string()))?.is_file();
    if !is_file {
        return Err(refused("it is no file; give a copy made by `ranklab runs backup`".to_owned()));
    }
    if let (Ok(copy), Ok(path)) = (fs::canonicalize(copy), fs::canonicalize(location.path()))
        && copy == path
    {
        return Err(refused("it is the runs database itself; give a copy of it".to_owned()));
    }
    backend::prepare_folder(location)?;
    let part = Location::file(location.beside(&format!(".{}.part", std::process::id())));
    let restored = match prepare(copy, &part).await {
        Ok(runs) => backend::exchange(&part, location).await.map(|replaced| Restored { runs, replaced }),
        Err(problem) => Err(problem),
    };
    if restored.is_err() {
        // A half-written copy is of no use.
        backend::remove_files(&part);
    }
    restored
}

/// Copies and checks a database, and counts its runs.
async fn prepare(copy: &Path, part: &Location) -> Result<usize> {
    let refused = |reason: String| Error::Restore { path: copy.to_owned(), reason };
    backend::copy_file(&copy.into(), part.path()).await?;
    let store = Store::open(part).await?;
    let runs = store.all_runs().await.map(|runs| runs.len());
    store.close().await;
    let runs = runs?;
    if fs::metadata(backend::log_of(part)).is_ok_and(|log| log.len() > 0) {
        return Err(refused("its copy could not be closed".to_owned()));
    }
    File::open(part.path())
        .and_then(|part| part.sync_all())
        .map_err(|problem| refused(problem.to_string()))?;
    Ok(runs)
}
