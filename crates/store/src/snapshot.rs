//! One state of the database for several statements.

use std::fmt;

use crate::backend;
use crate::error::Result;
use crate::store::Store;
use crate::value::Answer;

/// The database as it was at one moment. While it is kept, other processes go on writing and the log of changes grows.
pub struct Snapshot(backend::Snapshot);

impl Store {
    /// The database as of this moment, for several statements that read.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Ok(Snapshot(backend::snapshot(self.location())?))
    }
}

impl Snapshot {
    /// Runs one statement that reads and hands its rows on one by one, as [`Store::stream`] does.
    ///
    /// # Errors
    /// Those of [`Store::stream`].
    pub fn stream(&self, sql: &str, answer: &mut dyn Answer) -> Result<()> {
        self.0.stream(sql, answer)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Snapshot")
    }
}
