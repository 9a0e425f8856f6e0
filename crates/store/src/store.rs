//! A handle to the runs database: opening it, closing it and naming what went wrong.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::error::{Error, Result};
use crate::file_system;
use crate::lease::new_owner;
use crate::record::RunStatus;
use crate::sqlite::{self, Pool, Standing, Transaction};
use crate::waiting::{BRIEF, LONGEST};

/// A handle to the runs database. Any number of handles, in any number of processes, may read and
/// write at once.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: Pool,
    /// For what must be on the disk when the call returns.
    pub(crate) durable: Pool,
    path: PathBuf,
    id: Arc<str>,
    pub(crate) read_only: bool,
    /// Stands in the runs that this handle and its clones write.
    pub(crate) owner: String,
    /// The longest wait for a lock.
    longest: Duration,
    /// What a handle that writes watches; none of one that reads.
    pub(crate) watched: Option<Arc<Watched>>,
    /// Runs that are read as interrupted, though that is not recorded yet.
    interrupted: BTreeSet<i64>,
}

/// The files of an open database.
#[derive(Debug)]
pub(crate) struct Watched {
    pub(crate) standing: Standing,
    /// What happened to them and where their content is, once they are lost.
    pub(crate) lost: OnceCell<[String; 2]>,
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
        Self::open_within(path, LONGEST).await
    }

    /// Opens the database for reading and writing, as [`Store::open`] does, without waiting for others.
    ///
    /// # Errors
    /// Those of [`Store::open`], and at once when another process has the database locked.
    pub async fn open_if_free(path: &Path) -> Result<Self> {
        Self::open_within(path, BRIEF).await
    }

    async fn open_within(path: &Path, longest: Duration) -> Result<Self> {
        refuse_other_than_files(path)?;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .map_err(|reason| Error::Folder { path: folder.to_owned(), reason })?;
        }
        if let Some(kind) = file_system::network(path) {
            return Err(Error::NetworkFileSystem { path: path.to_owned(), kind });
        }
        let (pool, standing) = sqlite::open(path, longest).await?;
        Ok(Self {
            pool,
            durable: sqlite::durable(path),
            path: path.to_owned(),
            id: standing.id().into(),
            read_only: false,
            owner: new_owner(),
            longest,
            watched: Some(Arc::new(Watched { standing, lost: OnceCell::new() })),
            interrupted: BTreeSet::new(),
        })
    }

    /// Opens the database for reading only. Makes neither a folder nor a database and never migrates.
    ///
    /// # Errors
    /// When there is no database yet, when the file is something else, when its schema is not
    /// this ranklab's, and when another process keeps it from being read for two seconds.
    pub async fn open_read_only(path: &Path) -> Result<Self> {
        if !path.exists() && !path.is_symlink() {
            return Err(Error::Missing { path: path.to_owned() });
        }
        refuse_other_than_files(path)?;
        let (pool, id) = sqlite::open_read_only(path).await?;
        Ok(Self {
            durable: pool.clone(),
            pool,
            path: path.to_owned(),
            id: id.into(),
            read_only: true,
            owner: new_owner(),
            longest: BRIEF,
            watched: None,
            interrupted: BTreeSet::new(),
        })
    }

    /// Reads these runs as interrupted where they are recorded as running: their processes are gone, and that
    /// could not be recorded.
    #[must_use]
    pub fn presuming_interrupted(self, runs: &[i64]) -> Self {
        Self { interrupted: runs.iter().copied().collect(), ..self }
    }

    /// Whether a run is read as interrupted though it is recorded as running.
    pub fn is_presumed_interrupted(&self, run: i64) -> bool {
        self.interrupted.contains(&run)
    }

    /// The state of a run that is recorded in this one.
    pub(crate) fn presumed(&self, run: i64, recorded: RunStatus) -> RunStatus {
        match recorded {
            RunStatus::Running if self.interrupted.contains(&run) => RunStatus::Interrupted,
            recorded => recorded,
        }
    }

    /// The database's own name, which copies of it keep: 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Gives runs that start from now on numbers above `number`: the folder of that number is taken.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn start_runs_above(&self, number: i64) -> Result<()> {
        let failed = |error| self.failed(error);
        let mut transaction = self.begin(&self.pool).await?;
        sqlite::start_runs_above(&mut transaction, number).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }

    /// Begins to write: no other process writes until the transaction ends.
    ///
    /// # Errors
    /// When the file at the database's path is not the one that is open, or was overwritten, when another
    /// process keeps it locked, and when it cannot be written.
    pub(crate) async fn begin(&self, pool: &Pool) -> Result<Transaction> {
        let failed = |error| self.failed(error);
        let begin = || sqlite::begin_write(pool, &self.path, self.longest, failed);
        let Some(watched) = &self.watched else { return begin().await };
        self.check_lost(watched.standing.look().await.map_err(failed)?).await?;
        let mut transaction = begin().await?;
        match watched.standing.look_within(&mut transaction).await.map_err(failed)? {
            None => Ok(transaction),
            loss => {
                transaction.rollback().await.map_err(failed)?;
                self.check_lost(loss).await?;
                begin().await
            }
        }
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

/// Refuses what would be waited for or written into nowhere: a folder, a pipe, a link that leads to no file.
fn refuse_other_than_files(path: &Path) -> Result<()> {
    let is = match (std::fs::metadata(path), path.is_symlink()) {
        (Ok(file), _) if file.is_dir() => "a folder",
        (Ok(file), _) if !file.is_file() => "no regular file",
        (Err(_), true) => "a link that leads to no file",
        _ => return Ok(()),
    };
    Err(Error::NoFile { path: path.to_owned(), is })
}
