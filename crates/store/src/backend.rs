//! The database behind the crate: the only file that the rest of it imports for connections, rows and failures.
//!
//! Today that is SQLite. A second database is another file beside `sqlite.rs` with the items listed here; the types
//! become enums of both then, and the other files of the crate stay as they are.

use crate::sqlite;
pub(crate) use crate::sqlite::{
    Connection, Failure, Field, Loss, Outcome, Pool, Row, Snapshot, Standing, Transaction, begin_write,
    broken_rule, classify, copy, copy_file, count, damage, durable, empty_log, exchange, fold_log,
    is_refused_write, lacks_parent, log_of, mark_backup, open, open_read_only, predictions, prepare_folder,
    problems, query, remove_files, snapshot, start_runs_above, stream, undecodable,
};
pub(crate) use crate::statement::{Parameter, Statement, placeholders};

/// Where a statement runs.
pub(crate) enum Target<'a> {
    /// On whichever connection of the pool is free.
    Pool(&'a Pool),
    /// On this connection, or within its transaction.
    Connection(&'a mut Connection),
}

impl<'a> From<&'a Pool> for Target<'a> {
    fn from(pool: &'a Pool) -> Self {
        Self::Pool(pool)
    }
}

impl<'a> From<&'a mut Connection> for Target<'a> {
    fn from(connection: &'a mut Connection) -> Self {
        Self::Connection(connection)
    }
}

impl<'a> From<&'a mut Transaction> for Target<'a> {
    fn from(transaction: &'a mut Transaction) -> Self {
        Self::Connection(transaction)
    }
}

impl Statement {
    /// All rows of the answer.
    pub(crate) async fn all<'a>(self, on: impl Into<Target<'a>>) -> Outcome<Vec<Row>> {
        match on.into() {
            Target::Pool(pool) => sqlite::all(self, pool).await,
            Target::Connection(connection) => sqlite::all(self, connection).await,
        }
    }

    /// The first row of the answer, if there is one.
    pub(crate) async fn optional<'a>(self, on: impl Into<Target<'a>>) -> Outcome<Option<Row>> {
        match on.into() {
            Target::Pool(pool) => sqlite::optional(self, pool).await,
            Target::Connection(connection) => sqlite::optional(self, connection).await,
        }
    }

    /// The first row of an answer that has one.
    pub(crate) async fn one<'a>(self, on: impl Into<Target<'a>>) -> Outcome<Row> {
        let row = self.optional(on).await?;
        row.ok_or_else(|| undecodable("the answer has no row".to_owned()))
    }

    /// The first column of all rows.
    pub(crate) async fn values<'a, T: for<'r> Field<'r>>(self, on: impl Into<Target<'a>>) -> Outcome<Vec<T>> {
        self.all(on).await?.iter().map(|row| row.get(0)).collect()
    }

    /// The first column of the first row, if there is one.
    pub(crate) async fn value<'a, T: for<'r> Field<'r>>(
        self,
        on: impl Into<Target<'a>>,
    ) -> Outcome<Option<T>> {
        self.optional(on).await?.map(|row| row.get(0)).transpose()
    }

    /// Runs the statement; how many rows it changed.
    pub(crate) async fn execute<'a>(self, on: impl Into<Target<'a>>) -> Outcome<u64> {
        match on.into() {
            Target::Pool(pool) => sqlite::execute(self, pool).await,
            Target::Connection(connection) => sqlite::execute(self, connection).await,
        }
    }
}
