//! The two numbers in a database's header that order its states in time.

use sqlx::{ConnectOptions as _, Connection as _};

use super::driver::{Connection, Outcome, options};
use super::failure::primary_code;
use crate::location::Location;

/// The two numbers of a database's header that only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Changes of the schema.
    schema: i64,
    /// `user_version`.
    counter: i64,
}

impl Header {
    /// As the connection sees it, changes in the log included.
    pub(super) async fn read(connection: &mut Connection) -> Outcome<Self> {
        let (schema, counter) = sqlx::query_as(
            "SELECT (SELECT schema_version FROM pragma_schema_version), (SELECT user_version FROM pragma_user_version)",
        )
        .fetch_one(connection)
        .await?;
        Ok(Self { schema, counter })
    }

    /// As the file has it, without its log. `None` where the file is no database.
    pub(super) async fn in_file(location: &Location) -> Outcome<Option<Self>> {
        // Not by reading the file: closing it would give up this process's locks on it (fcntl(2)).
        let read = async {
            let mut connection = options(location).read_only(true).immutable(true).connect().await?;
            let header = Self::read(&mut connection).await;
            let _ = connection.close().await;
            header
        };
        match read.await {
            Ok(header) => Ok(Some(header)),
            Err(failure) if matches!(primary_code(&failure), Some(11 | 26)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Whether it was not opened for writing since it was copied.
    pub(super) fn is_of_a_backup(self) -> bool {
        self.counter == 0
    }

    /// Whether one of the numbers is lower than the other header's.
    pub(super) fn is_before(self, other: Self) -> bool {
        self.schema < other.schema || self.counter < other.counter
    }
}

/// Adds one to the counter, within a transaction that writes.
pub(crate) async fn count(connection: &mut Connection) -> Outcome<()> {
    let counter = Header::read(&mut *connection).await?.counter;
    let next = (counter + 1).min(i64::from(i32::MAX));
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA user_version = {next}"))).execute(connection).await?;
    Ok(())
}
