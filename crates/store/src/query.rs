//! Queries that people type: one statement, answered as columns and rows of values.

use crate::backend;
use crate::error::Result;
use crate::store::Store;
use crate::value::{Answer, QueryResult};

impl Store {
    /// Runs one statement that reads, as it is typed, and hands its rows on one by one, so that no more than one is
    /// held in memory. It changes nothing and writes no file, whatever this handle may do: the database itself
    /// refuses a statement that does more than read.
    ///
    /// # Errors
    /// When the statement is faulty, when it would do anything but read, when it is more than one statement, and when
    /// it needs too much memory. Rows may have been handed on by then.
    pub fn stream(&self, sql: &str, answer: &mut dyn Answer) -> Result<()> {
        backend::stream(self.location(), sql, answer)
    }

    /// Runs one statement as it is typed. On a handle from [`Store::open_read_only`] it may only read, as with
    /// [`Store::stream`]; on one that writes it may write as well.
    ///
    /// # Errors
    /// When the statement is faulty, when it would do anything but read on a handle for reading, and when it is more
    /// than one statement.
    pub async fn query(&self, sql: &str) -> Result<QueryResult> {
        if !self.read_only {
            return backend::query(self.location(), sql);
        }
        let mut answer = QueryResult::default();
        self.stream(sql, &mut answer)?;
        Ok(answer)
    }
}
