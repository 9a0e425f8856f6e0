//! A file or folder that can be removed, and its removal.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::SystemTime,
};

use ranklab_store::{RunStatus, Store};

use crate::{
    Error,
    entries::{modified, size},
};

/// A removable file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbage {
    /// Path of the file, or of the folder with all its contents.
    pub path: PathBuf,
    /// Size in bytes.
    pub bytes: u64,
    /// Reason for the removal.
    pub reason: String,
    /// Time of the last write or use when it was found.
    pub(super) last_used: SystemTime,
    pub(super) owner: Owner,
}

/// The owner, which shows whether a file is in use after all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// A run with its status: the file is in its folder.
    Run(i64, Option<RunStatus>),
    /// The lock file of a cache, or a locked file.
    Lock(PathBuf),
    /// No owner; only its modification time shows use.
    None,
}

impl Garbage {
    /// Removes the file or folder unless it was changed or used since it was found. Returns whether it was removed.
    ///
    /// # Errors
    /// When the database cannot be written, and when the file cannot be removed.
    pub async fn remove(&self, store: &Store) -> Result<bool, Error> {
        match &self.owner {
            Owner::Run(run, status) => {
                // No process can claim the run until this is released.
                let held = store.hold(*run).await?;
                let removed =
                    if held.status() == *status { self.delete(self.was_written()) } else { Ok(false) };
                held.release().await?;
                removed
            }
            Owner::Lock(path) => {
                // Held until the file is removed.
                let lock = lock_file(path);
                if lock.as_ref().is_some_and(|lock| lock.try_lock().is_err()) {
                    return Ok(false);
                }
                self.delete(modified(&self.path).max(modified(path)) > self.last_used)
            }
            Owner::None => self.delete(self.was_written()),
        }
    }

    /// Whether the file was written since it was found, even by a clock that was set back.
    fn was_written(&self) -> bool {
        modified(&self.path) != self.last_used
    }

    fn delete(&self, is_changed: bool) -> Result<bool, Error> {
        let removed = match fs::symlink_metadata(&self.path) {
            Ok(_) if is_changed => return Ok(false),
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&self.path),
            Ok(_) => fs::remove_file(&self.path),
            Err(problem) => Err(problem),
        };
        match removed {
            Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { action: "removing", path: self.path.clone(), reason: problem })
            }
            _ => Ok(true),
        }
    }
}

/// Opens a lock file. NFS locks only files that are open for writing.
fn lock_file(path: &Path) -> Option<File> {
    File::options().read(true).write(true).open(path).or_else(|_| File::open(path)).ok()
}

/// Whether another process holds the lock of a file. Where nothing can be locked, every file counts as locked.
pub(super) fn is_locked(path: &Path) -> bool {
    lock_file(path).is_some_and(|lock| lock.try_lock().is_err())
}

/// A file or folder as it was found.
pub(super) struct FoundFile {
    pub(super) path: PathBuf,
    bytes: u64,
    pub(super) modified: SystemTime,
}

impl FoundFile {
    pub(super) fn at(path: PathBuf) -> Result<Self, Error> {
        // Later writes are newer than this.
        let modified = modified(&path);
        Ok(Self { bytes: size(&path)?, modified, path })
    }

    pub(super) fn garbage(self, reason: &str, owner: Owner) -> Garbage {
        let Self { path, bytes, modified } = self;
        Garbage { path, bytes, reason: reason.to_owned(), last_used: modified, owner }
    }
}
