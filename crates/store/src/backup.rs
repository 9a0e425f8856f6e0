//! A copy of the database while others write to it.

use std::fs::{self, File};
use std::path::Path;

use crate::backend;
use crate::error::{Error, Result};
use crate::store::Store;

impl Store {
    /// The database's faults, one a line; none when it is sound.
    ///
    /// # Errors
    /// When it is too damaged to be asked.
    pub async fn problems(&self) -> Result<Vec<String>> {
        backend::problems(&self.pool).await.map_err(|failure| self.failed(failure))
    }

    /// Copies the database, as of this moment, to `target`: written aside, checked, synced and renamed.
    /// Other processes go on writing meanwhile. Returns the size of the copy in bytes.
    ///
    /// # Errors
    /// When there is something at `target`, it cannot be written, when the database or the copy turns out to be damaged,
    /// and when the database is on a server.
    pub async fn backup(&self, target: &Path) -> Result<u64> {
        if self.location().as_file().is_none() {
            let instead = "copy it with `pg_dump`, or with `ranklab database copy` into a file";
            return Err(Error::NoFileOnServer { location: self.location().clone(), instead });
        }
        let unwritten = |reason| Error::Backup { path: target.to_owned(), reason };
        if fs::symlink_metadata(target).is_ok() {
            return Err(unwritten("there is something already; give another name".to_owned()));
        }
        let mut part = target.as_os_str().to_owned();
        part.push(format!(".{}.part", std::process::id()));
        let part = Path::new(&part);
        let copied =
            self.copy(part).await.and_then(|()| finish(part, target).map_err(|e| unwritten(e.to_string())));
        if copied.is_err() {
            // Half a copy is of no use.
            let _ = fs::remove_file(part);
        }
        copied
    }

    async fn copy(&self, part: &Path) -> Result<()> {
        let unwritten = |reason: String| Error::Backup { path: part.to_owned(), reason };
        if let Some(folder) = part.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|reason| unwritten(reason.to_string()))?;
        }
        backend::copy(&self.pool, part).await.map_err(|failure| unwritten(failure.to_string()))?;
        backend::mark_backup(part).await.map_err(|failure| unwritten(failure.to_string()))?;
        match backend::damage(part).await.map_err(|failure| unwritten(failure.to_string()))? {
            None => Ok(()),
            Some(reason) => Err(Error::Damaged { location: self.location().clone(), reason }),
        }
    }
}

fn finish(part: &Path, target: &Path) -> std::io::Result<u64> {
    let file = File::open(part)?;
    file.sync_all()?;
    // Unlike a rename, this never replaces another file.
    fs::hard_link(part, target).or_else(|problem| match problem.kind() {
        std::io::ErrorKind::AlreadyExists => Err(problem),
        // Where the file system knows no hard links.
        _ => fs::rename(part, target),
    })?;
    let _ = fs::remove_file(part);
    if let Some(folder) = target.parent()
        && let Ok(folder) = File::open(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
    {
        folder.sync_all()?;
    }
    Ok(file.metadata()?.len())
}
