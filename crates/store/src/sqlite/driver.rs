//! The driver's types and how connections are set up.

use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ColumnIndex, Decode, Row as _, Type};

use crate::location::Location;

/// The driver.
pub(super) type Database = sqlx::Sqlite;
/// A pool of connections.
pub(crate) type Pool = sqlx::Pool<Database>;
/// A connection.
pub(crate) type Connection = sqlx::SqliteConnection;
/// A transaction.
pub(crate) type Transaction = sqlx::Transaction<'static, Database>;
/// What the driver reports when something goes wrong.
pub(crate) type Failure = sqlx::Error;
/// The outcome of a call of the driver.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// How long a statement waits for another process's lock; a caller that waits longer tries again.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Rows that the driver's thread reads ahead of ours. With its default of 50 the two wait for each other
/// all the time.
const ROWS_AHEAD: usize = 2000;

/// One row of an answer.
pub(crate) struct Row(pub(super) sqlx::sqlite::SqliteRow);

/// A type that a column can be read as.
pub(crate) trait Field<'r>: Decode<'r, Database> + Type<Database> {}

impl<'r, T: Decode<'r, Database> + Type<Database>> Field<'r> for T {}

/// The name or the position of a column.
pub(crate) trait Index: ColumnIndex<sqlx::sqlite::SqliteRow> {}

impl<T: ColumnIndex<sqlx::sqlite::SqliteRow>> Index for T {}

impl Row {
    /// The value of a column, by its name or its position.
    pub(crate) fn get<'r, T: Field<'r>>(&'r self, column: impl Index) -> Outcome<T> {
        self.0.try_get(column)
    }
}

/// How connections to a database are made.
pub(super) fn options(location: &Location) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(location.path())
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD)
}
