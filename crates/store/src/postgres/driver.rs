//! The driver's types, and how connections to a server are made.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ColumnIndex, ConnectOptions as _, Decode, Row as _, Type};

use crate::location::Location;

/// The driver.
pub(super) type Database = sqlx::Postgres;
/// A connection.
pub(crate) type Connection = sqlx::PgConnection;
/// What the driver reports when something goes wrong.
pub(crate) type Failure = sqlx::Error;
/// The outcome of a call of the driver.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// How long a connection may take to be made.
pub(super) const CONNECTING: Duration = Duration::from_secs(10);

/// Connections to a database of a server, and how long its statements wait for a server that is away.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(super) pool: sqlx::Pool<Database>,
    pub(super) location: Location,
    pub(super) longest: Duration,
}

impl Pool {
    /// All connections.
    pub(crate) fn size(&self) -> u32 {
        self.pool.size()
    }

    /// Connections that nothing uses.
    pub(crate) fn num_idle(&self) -> usize {
        self.pool.num_idle()
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// One row of an answer.
pub(crate) struct Row(pub(super) PgRow);

/// A type that a column can be read as.
pub(crate) trait Field<'r>: Decode<'r, Database> + Type<Database> {}

impl<'r, T: Decode<'r, Database> + Type<Database>> Field<'r> for T {}

/// The name or the position of a column.
pub(crate) trait Index: ColumnIndex<PgRow> {}

impl<T: ColumnIndex<PgRow>> Index for T {}

impl Row {
    /// The value of a column, by its name or its position.
    pub(crate) fn get<'r, T: Field<'r>>(&'r self, column: impl Index) -> Outcome<T> {
        self.0.try_get(column)
    }
}

/// How connections to a database are made: by its URL, and by the environment variables and password file that every
/// PostgreSQL program reads (<https://www.postgresql.org/docs/current/libpq-envars.html>).
pub(super) fn options(location: &Location) -> Outcome<PgConnectOptions> {
    let options = PgConnectOptions::from_str(location.url().unwrap_or_default())?;
    Ok(options.application_name(&super::naming::name()))
}

/// Makes one connection.
pub(super) async fn connect(location: &Location) -> Outcome<Connection> {
    let options = options(location)?;
    match tokio::time::timeout(CONNECTING, options.connect()).await {
        Ok(connected) => connected,
        Err(_) => {
            let reason = format!("no answer within {} s", CONNECTING.as_secs());
            Err(Failure::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, reason)))
        }
    }
}
