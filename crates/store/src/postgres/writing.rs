//! Transactions that write, the server's clock, and the numbers of rows.
//!
//! A write that looks at several runs keeps all other writes out, as SQLite does: it takes one advisory lock alone.
//! Records of a run take that lock together with those of other runs, and the run's row alone.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr as _};

use super::driver::{Connection, Database, Failure, Outcome, Pool, connect};
use super::failure::{is_away, is_locked, unknown};
use super::locks::{WRITING, holder};
use super::running::{PAUSE, acquire};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::waiting::Wait;

/// The server's clock as RFC 3339 in UTC.
const NOW: &str = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";

/// A transaction that writes.
#[derive(Debug)]
pub(crate) struct Transaction {
    inner: sqlx::Transaction<'static, Database>,
    /// Its number, by which the server says later whether it was committed. A transaction that reads has none.
    number: Option<String>,
    /// The database's id, as it stands in the database at its begin.
    id: String,
    location: Location,
    longest: Duration,
}

impl Transaction {
    /// The connection, within the transaction.
    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.inner
    }

    /// The database's id at the begin.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Ends it without a change.
    pub(crate) async fn rollback(self) -> Outcome<()> {
        self.inner.rollback().await
    }

    /// Makes the changes permanent. Where the answer is lost, the server is asked what became of the transaction, for
    /// at most as long as a write waits.
    pub(crate) async fn commit(self) -> Outcome<()> {
        let Self { inner, number, location, longest, .. } = self;
        let failure = match inner.commit().await {
            Err(failure) if is_away(&failure) => failure,
            outcome => return outcome,
        };
        let Some(number) = number else { return Err(failure) };
        let mut wait = Wait::new(&location, longest, |_| None);
        loop {
            match status(&location, &number).await {
                Ok(Some(status)) if status == "committed" => return Ok(()),
                Ok(Some(status)) if status == "aborted" => return Err(failure),
                // Its end is being written, or the server does not answer yet.
                Ok(Some(_)) if wait.goes_on_without_server() => tokio::time::sleep(PAUSE).await,
                Err(failure) if is_away(&failure) && wait.goes_on_without_server() => {
                    tokio::time::sleep(PAUSE).await;
                }
                _ => return Err(unknown()),
            }
        }
    }
}

/// What became of a transaction. <https://www.postgresql.org/docs/current/functions-info.html>
async fn status(location: &Location, number: &str) -> Outcome<Option<String>> {
    let mut connection = connect(location).await?;
    let status = sqlx::query_scalar("SELECT pg_xact_status($1::text::xid8)")
        .bind(number)
        .fetch_one(&mut connection)
        .await?;
    let _ = connection.close().await;
    Ok(status)
}

/// Begins a transaction that writes: the records of one run, or else anything. Waits for locks, and for a server that
/// is away, as long as `longest`.
pub(crate) async fn begin_write(
    pool: &Pool,
    run: Option<i64>,
    failed: impl Fn(Failure) -> Error,
) -> Result<(Transaction, Clock)> {
    let mut wait = Wait::new(&pool.location, pool.longest, |_| None);
    loop {
        match begin_once(pool, run).await {
            Ok(begun) => return Ok(begun),
            Err(failure) if is_locked(&failure) => {
                wait.see(holder(pool).await);
                if !wait.goes_on() {
                    return Err(wait.error());
                }
            }
            Err(failure) if is_away(&failure) => {
                if !wait.goes_on_without_server() {
                    return Err(wait.ended(failed(failure)));
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(failure) => return Err(failed(failure)),
        }
    }
}

async fn begin_once(pool: &Pool, run: Option<i64>) -> Outcome<(Transaction, Clock)> {
    let connection = acquire(pool).await?;
    let begin = "BEGIN; SET LOCAL lock_timeout = '1s'";
    let mut inner = sqlx::Transaction::begin(connection, Some(AssertSqlSafe(begin).into_sql_str())).await?;
    let lock = match run {
        Some(_) => "SELECT pg_advisory_xact_lock_shared($1)",
        None => "SELECT pg_advisory_xact_lock($1)",
    };
    sqlx::query(lock).bind(WRITING).execute(&mut *inner).await?;
    if let Some(run) = run {
        sqlx::query("SELECT 1 FROM runs WHERE id = $1 FOR UPDATE").bind(run).execute(&mut *inner).await?;
    }
    let sql = format!("SELECT (SELECT id FROM database_identity), pg_current_xact_id()::text, {NOW}");
    let (id, number, now): (Option<String>, String, String) =
        sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut *inner).await?;
    let transaction = Transaction {
        inner,
        number: Some(number),
        id: id.unwrap_or_default(),
        location: pool.location.clone(),
        longest: pool.longest,
    };
    Ok((transaction, moment(&now)?))
}

/// Begins a transaction that reads one state of the database.
pub(crate) async fn begin_read(pool: &Pool) -> Outcome<(Transaction, Clock)> {
    let connection = acquire(pool).await?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut inner = sqlx::Transaction::begin(connection, Some(AssertSqlSafe(begin).into_sql_str())).await?;
    let sql = format!("SELECT (SELECT id FROM database_identity), {NOW}");
    let (id, now): (Option<String>, String) =
        sqlx::query_as(AssertSqlSafe(sql)).fetch_one(&mut *inner).await?;
    let (location, longest) = (pool.location.clone(), pool.longest);
    Ok((Transaction { inner, number: None, id: id.unwrap_or_default(), location, longest }, moment(&now)?))
}

/// The present moment of the server's clock, as text.
pub(crate) fn now_statement() -> String {
    format!("SELECT {NOW}")
}

/// The moment that the server named.
pub(crate) fn moment(now: &str) -> Outcome<Clock> {
    Clock::parse(now).ok_or_else(|| Failure::Decode(format!("the server's time is {now}").into()))
}

/// The highest number that a row of this table ever had; 0 before the first one.
pub(crate) async fn last_number(connection: &mut Connection, table: &str) -> Outcome<i64> {
    let sql = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table}_id_seq");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await
}

/// The next row of this table gets a number above `number`, and above that of any row there ever was.
pub(crate) async fn start_above(connection: &mut Connection, table: &str, number: i64) -> Outcome<()> {
    if number <= last_number(connection, table).await? {
        return Ok(());
    }
    let sql = format!("SELECT setval('{table}_id_seq', $1)");
    sqlx::query(AssertSqlSafe(sql)).bind(number).execute(connection).await.map(|_| ())
}
