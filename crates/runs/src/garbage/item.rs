//! A file or folder that can be removed, and its removal.

use std::{
    fs::{self, File},
    path::PathBuf,
    time::SystemTime,
};

use ranklab_store::{RunStatus, Store};

use crate::{
    Error,
    entries::{modified, size},
};

/// Something to remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbage {
    /// A file, or a folder with all that is in it.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Why it is not needed.
    pub reason: String,
    /// When it was last written or used.
    pub(super) seen: SystemTime,
    pub(super) owner: Owner,
}

/// What shows that it is in use after all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The run whose folder it is in, and the run's state.
    Run(i64, Option<RunStatus>),
    /// The lock of its cache.
    Lock(PathBuf),
    /// Nothing but when it was written.
    None,
}

impl Garbage {
    /// Removes it. Says whether it did: what was changed or taken into use since it was found stays.
    ///
    /// # Errors
    /// When the database cannot be written, and when it cannot be removed.
    pub async fn remove(&self, store: &Store) -> Result<bool, Error> {
        match &self.owner {
            Owner::Run(run, status) => {
                // Nobody claims it until this is released.
                let held = store.hold(*run).await?;
                let removed =
                    if held.status() == *status { self.delete(self.was_written()) } else { Ok(false) };
                held.release().await?;
                removed
            }
            Owner::Lock(path) => {
                let lock = File::open(path).ok();
                if lock.as_ref().is_some_and(|lock| lock.try_lock().is_err()) {
                    return Ok(false);
                }
                self.delete(modified(&self.path).max(modified(path)) > self.seen)
            }
            Owner::None => self.delete(self.was_written()),
        }
    }

    /// Whether it was written since it was found, also by a clock that was set back meanwhile.
    fn was_written(&self) -> bool {
        modified(&self.path) != self.seen
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

/// A file or a folder as it was seen.
pub(super) struct Seen {
    pub(super) path: PathBuf,
    bytes: u64,
    pub(super) modified: SystemTime,
}

impl Seen {
    pub(super) fn at(path: PathBuf) -> Result<Self, Error> {
        // Whatever is written after this is newer.
        let modified = modified(&path);
        Ok(Self { bytes: size(&path)?, modified, path })
    }

    pub(super) fn garbage(self, reason: &str, owner: Owner) -> Garbage {
        let Self { path, bytes, modified } = self;
        Garbage { path, bytes, reason: reason.to_owned(), seen: modified, owner }
    }
}
