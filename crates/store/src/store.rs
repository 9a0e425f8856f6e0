//! A handle to the runs database: opening it, closing it and naming its errors.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::backend::{self, Failure, Pool, Standing};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::owner::new_owner;
use crate::record::RunStatus;
use crate::waiting::{BRIEF, longest};

/// A handle to the runs database. Any number of handles, in any number of processes, may read and
/// write at once.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) pool: Pool,
    /// For records that must be on the disk when the call returns.
    pub(crate) durable: Pool,
    location: Location,
    id: Arc<str>,
    pub(crate) read_only: bool,
    /// The name that this handle and its clones write into their runs.
    pub(crate) owner: String,
    /// The longest wait for a lock.
    pub(crate) longest: Duration,
    /// The files that a handle that writes watches; one that reads watches none.
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
    /// for five minutes, or as long as [`crate::wait_at_most`] says.
    pub async fn open(location: impl Into<Location>) -> Result<Self> {
        Self::open_within(location.into(), longest()).await
    }

    /// Opens the database for reading and writing, as [`Store::open`] does, without waiting for others.
    ///
    /// # Errors
    /// Those of [`Store::open`], and at once when another process has the database locked.
    pub async fn open_if_free(location: impl Into<Location>) -> Result<Self> {
        Self::open_within(location.into(), BRIEF).await
    }

    async fn open_within(location: Location, longest: Duration) -> Result<Self> {
        let (pool, standing) = backend::open(&location, longest).await?;
        Ok(Self {
            durable: backend::durable(&pool, &location),
            pool,
            location,
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
    pub async fn open_read_only(location: impl Into<Location>) -> Result<Self> {
        let location = location.into();
        let (pool, id) = backend::open_read_only(&location, BRIEF).await?;
        Ok(Self {
            durable: pool.clone(),
            pool,
            location,
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

    /// The database's random name, which copies of it keep: 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Closes all connections and folds the log into the database file. Dropping the last handle does
    /// so as well, a little later.
    pub async fn close(self) {
        self.durable.close().await;
        self.pool.close().await;
    }

    /// Connections that are not back in the pool.
    pub fn connections_in_use(&self) -> usize {
        self.pool.in_use()
    }

    /// The database's location.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Turns a driver's error into one of ours.
    pub(crate) fn failed(&self, failure: Failure) -> Error {
        if self.read_only && backend::is_refused_write(&failure) {
            return Error::ReadOnly { location: self.location.clone() };
        }
        backend::classify(failure, &self.location)
    }

    /// Turns a driver's error about a record of a run, which may have been deleted or break a rule, into one of ours.
    pub(crate) fn refused(&self, failure: Failure, run: i64, record: &str) -> Error {
        if backend::lacks_parent(&failure) {
            return Error::UnknownRun { run };
        }
        match backend::broken_rule(&failure) {
            Some(reason) => Error::Refused { record: format!("run {run} ({record})"), reason },
            None => self.failed(failure),
        }
    }
}
