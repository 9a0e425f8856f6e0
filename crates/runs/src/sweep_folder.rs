//! The folder of a sweep in the runs folder: logs of its workers, its job script, and requests to cancel it.

use std::{
    fmt::Display,
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    path::{Path, PathBuf},
};

use ranklab_files::{create_folder, replace};

use crate::{Error, host::host, locations::SWEEPS, run_folder};

/// Name of the file that asks all workers of a sweep to stop.
const CANCELLED: &str = "cancelled";
/// Name of the folder of logs.
const LOGS: &str = "logs";

/// The folder of one sweep, SWEEPS/NUMBER. Like the folder of a run it belongs to one database.
#[derive(Clone, Debug)]
pub struct SweepFolder {
    path: PathBuf,
    database: String,
}

impl SweepFolder {
    /// The folder of a sweep, named by its number, of the database with the id `database`.
    pub fn new(runs_folder: &Path, database: &str, sweep: impl Display) -> Self {
        Self { path: runs_folder.join(SWEEPS).join(sweep.to_string()), database: database.to_owned() }
    }

    /// Path of a file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Path of the folder of logs.
    pub fn logs(&self) -> PathBuf {
        self.path.join(LOGS)
    }

    /// Whether the folder exists and belongs to this database.
    pub fn exists(&self) -> bool {
        self.path.is_dir() && !run_folder::is_of_another_database(&self.path, &self.database)
    }

    /// Creates the folder and that of its logs.
    ///
    /// # Errors
    /// When the folder belongs to another database or cannot be written.
    pub fn create(&self) -> Result<(), Error> {
        run_folder::enter(&self.path, &self.database)?;
        let path = self.logs();
        create_folder(&path).map_err(|reason| Error::Io { action: "creating", path, reason })
    }

    /// Replaces a file in the folder, which is created if it is absent.
    ///
    /// # Errors
    /// When the folder belongs to another database or the file cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.create()?;
        let path = self.file(name);
        replace(&path, bytes).map_err(|reason| Error::Io { action: "writing", path, reason })
    }

    /// Asks all workers of the sweep to stop. Each request differs from earlier ones.
    ///
    /// # Errors
    /// When the folder belongs to another database or cannot be written.
    pub fn cancel(&self) -> Result<(), Error> {
        let random = RandomState::new().build_hasher().finish();
        self.write(CANCELLED, format!("{random:016x} {} {}\n", host(), std::process::id()).as_bytes())
    }

    /// The present request to stop; `None` without one.
    pub fn cancellation(&self) -> Option<String> {
        let request = fs::read_to_string(self.file(CANCELLED)).ok()?;
        (!run_folder::is_of_another_database(&self.path, &self.database)).then_some(request)
    }

    /// Withdraws a request to stop.
    ///
    /// # Errors
    /// When the request cannot be removed.
    pub fn withdraw_cancellation(&self) -> Result<(), Error> {
        if self.cancellation().is_none() {
            return Ok(());
        }
        let path = self.file(CANCELLED);
        match fs::remove_file(&path) {
            Err(reason) if reason.kind() != io::ErrorKind::NotFound => {
                Err(Error::Io { action: "removing", path, reason })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancellation_is_seen_by_workers_of_its_database_until_it_is_withdrawn() {
        let runs = tempfile::tempdir().unwrap();
        let folder = SweepFolder::new(runs.path(), "one", 7);
        assert!(folder.cancellation().is_none() && !folder.exists());
        folder.withdraw_cancellation().unwrap();
        folder.cancel().unwrap();
        let first = folder.cancellation().unwrap();
        folder.cancel().unwrap();
        assert_ne!(folder.cancellation().unwrap(), first);
        let other = SweepFolder::new(runs.path(), "two", 7);
        assert!(other.cancellation().is_none() && !other.exists());
        other.withdraw_cancellation().unwrap();
        assert!(other.cancel().unwrap_err().to_string().contains("belongs to another database"));
        assert!(folder.exists() && folder.logs().is_dir());
        folder.withdraw_cancellation().unwrap();
        assert!(folder.cancellation().is_none());
    }
}
