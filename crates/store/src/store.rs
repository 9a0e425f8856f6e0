//! A handle to the runs database: opening it, closing it and naming what went wrong.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::file_system;
use crate::lease::new_owner;
use crate::sqlite::{self, Pool};

/// A handle to the runs database. Any number of handles, in any number of processes, may read and
/// write at once.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: Pool,
    /// For what must be on the disk when the call returns.
    pub(crate) durable: Pool,
    path: PathBuf,
    pub(crate) read_only: bool,
    /// Stands in the runs that this handle and its clones write.
    pub(crate) owner: String,
}

impl Store {
    /// Opens the database for reading and writing, makes its folder and file where there are none,
    /// and brings its schema up to date.
    ///
    /// # Errors
    /// When the folder or the file cannot be written, when it lies on a network file system, when the
    /// file is something else, when a later ranklab wrote it, and when another process keeps it locked
    /// for five minutes.
    pub async fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|reason| Error::Folder { path: folder.to_owned(), reason })?;
        }
        if let Some(kind) = file_system::network(path) {
            return Err(Error::NetworkFileSystem { path: path.to_owned(), kind });
        }
        Ok(Self {
            pool: sqlite::open(path).await?,
            durable: sqlite::durable(path),
            path: path.to_owned(),
            read_only: false,
            owner: new_owner(),
        })
    }

    /// Opens the database for reading only. Makes neither a folder nor a database and never migrates.
    ///
    /// # Errors
    /// When there is no database yet, when the file is something else, and when its schema is not
    /// this ranklab's.
    pub async fn open_read_only(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::Missing { path: path.to_owned() });
        }
        let pool = sqlite::open_read_only(path).await?;
        Ok(Self { durable: pool.clone(), pool, path: path.to_owned(), read_only: true, owner: new_owner() })
    }

    /// Closes all connections and folds the log into the database file. Dropping the last handle does
    /// so as well, a little later.
    pub async fn close(self) {
        self.durable.close().await;
        self.pool.close().await;
    }

    /// Connections that are not back in the pool.
    pub fn connections_in_use(&self) -> usize {
        (self.pool.size() as usize).saturating_sub(self.pool.num_idle())
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Turns a driver's error into one of ours.
    pub(crate) fn failed(&self, error: sqlx::Error) -> Error {
        if self.read_only && sqlite::is_refused_write(&error) {
            return Error::ReadOnly { path: self.path.clone() };
        }
        sqlite::classify(error, &self.path)
    }

    /// The same for a record of a run, which may have been deleted or break a rule.
    pub(crate) fn refused(&self, error: sqlx::Error, run: i64, record: &str) -> Error {
        if sqlite::lacks_parent(&error) {
            return Error::UnknownRun { run };
        }
        match sqlite::broken_rule(&error) {
            Some(reason) => Error::Refused { record: format!("run {run} ({record})"), reason },
            None => self.failed(error),
        }
    }
}
