//! Putting a copy in the database's place.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::file_system;
use crate::sqlite::{self, beside};
use crate::store::Store;
use crate::waiting::user;

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Runs in the database now.
    pub runs: usize,
    /// Where the replaced database is kept, if there was one.
    pub replaced: Option<PathBuf>,
}

/// Puts the database in the file `copy` in the place of the one at `path`: checked, brought up to date, written
/// aside, synced and renamed. The replaced database is kept beside it, with its log if it has one. `copy` stays
/// as it is.
///
/// # Errors
/// When `copy` is damaged, no database of ranklab's or one of a later version, when any process has the database
/// at `path` open, and when the folder cannot be written. The database is as it was then.
pub async fn restore(copy: &Path, path: &Path) -> Result<Restored> {
    let refused = |reason: String| Error::Restore { path: copy.to_owned(), reason };
    let is_file = fs::metadata(copy).map_err(|problem| refused(problem.to_string()))?.is_file();
    if !is_file {
        return Err(refused("it is no file; give a copy made by `ranklab runs backup`".to_owned()));
    }
    if let (Ok(copy), Ok(path)) = (fs::canonicalize(copy), fs::canonicalize(path))
        && copy == path
    {
        return Err(refused("it is the runs database itself; give a copy of it".to_owned()));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|reason| Error::Folder { path: folder.to_owned(), reason })?;
    if let Some(kind) = file_system::network(path) {
        return Err(Error::NetworkFileSystem { path: path.to_owned(), kind });
    }
    let part = beside(path, &format!(".{}.part", std::process::id()));
    let restored = match prepare(copy, &part).await {
        Ok(runs) => exchange(&part, path, folder).await.map(|replaced| Restored { runs, replaced }),
        Err(problem) => Err(problem),
    };
    if restored.is_err() {
        // What is half-written is of no use.
        for ending in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(beside(&part, ending));
        }
    }
    restored
}

/// Copies and checks a database, and counts its runs.
async fn prepare(copy: &Path, part: &Path) -> Result<usize> {
    let refused = |reason: String| Error::Restore { path: copy.to_owned(), reason };
    sqlite::copy_file(copy, part).await?;
    let store = Store::open(part).await?;
    let runs = store.all_runs().await.map(|runs| runs.len());
    store.close().await;
    let runs = runs?;
    if fs::metadata(beside(part, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(refused("its copy could not be closed".to_owned()));
    }
    File::open(part).and_then(|part| part.sync_all()).map_err(|problem| refused(problem.to_string()))?;
    Ok(runs)
}

/// Gives `part` the name `path` while no other process has the database open. Returns where the former one is.
async fn exchange(part: &Path, path: &Path, folder: &Path) -> Result<Option<PathBuf>> {
    let failed =
        |problem: std::io::Error| Error::NotWritable { path: path.to_owned(), reason: problem.to_string() };
    let seized = match path.exists() {
        true => sqlite::seize(path).await?,
        false => None,
    };
    if seized.is_none()
        && let Some(holder) = user(path)
    {
        return Err(Error::InUse { path: path.to_owned(), holder: Some(holder) });
    }
    let aside = aside(path);
    let mut moved = Vec::new();
    let mut exchange = || {
        // A log stays with its database, also where that is gone.
        for ending in ["", "-wal", "-shm", "-journal"] {
            let (from, to) = (beside(path, ending), beside(&aside, ending));
            if from.exists() {
                fs::rename(&from, &to)?;
                moved.push((from, to));
            }
        }
        fs::rename(part, path)
    };
    if let Err(problem) = exchange() {
        for (from, to) in moved.iter().rev() {
            let _ = fs::rename(to, from);
        }
        return Err(failed(problem));
    }
    if let Ok(folder) = File::open(folder) {
        folder.sync_all().map_err(failed)?;
    }
    drop(seized);
    Ok(moved.iter().any(|(from, _)| from == path).then_some(aside))
}

/// A name beside the database that nothing has.
fn aside(path: &Path) -> PathBuf {
    let mut number = 1;
    loop {
        let name = beside(path, &format!(".replaced-{number}"));
        if !["", "-wal", "-shm", "-journal"].iter().any(|ending| beside(&name, ending).exists()) {
            return name;
        }
        number += 1;
    }
}
