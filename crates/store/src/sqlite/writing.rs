//! Transactions that write, the log that they are written to, and the numbers of runs.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::AssertSqlSafe;

use super::driver::{Connection, Failure, Outcome, Pool, Transaction};
use super::failure::is_busy;
use super::locks::holder;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::waiting::Wait;

/// Begins a transaction that holds the write lock from its start: one that read first could not wait
/// for another writer any more. SQLite's waiting is not fair: among many writers one can miss its turn
/// for long, and asks again, as long as `longest`.
pub(crate) async fn begin_write(
    pool: &Pool,
    location: &Location,
    longest: Duration,
    failed: impl Fn(Failure) -> Error,
) -> Result<Transaction> {
    let mut wait = Wait::new(location, longest, holder);
    loop {
        match pool.begin_with("BEGIN IMMEDIATE").await {
            Ok(transaction) => return Ok(transaction),
            Err(failure) if !is_busy(&failure) => return Err(failed(failure)),
            Err(_) if wait.goes_on() => {}
            Err(_) => return Err(wait.error()),
        }
    }
}

/// The log of changes that are not in the database's file yet.
pub(crate) fn log_of(location: &Location) -> PathBuf {
    location.beside("-wal")
}

/// Writes what the log holds to the file and empties the log. Says whether that was everything: readers of an old
/// state keep a part.
pub(crate) async fn fold_log(pool: &Pool) -> Outcome<bool> {
    checkpoint(pool, "TRUNCATE").await
}

/// Writes what the log holds to the file, as far as no reader needs an older state.
pub(super) async fn fold_log_quietly(pool: &Pool) -> Outcome<bool> {
    checkpoint(pool, "PASSIVE").await
}

/// <https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>
async fn checkpoint(pool: &Pool, how: &'static str) -> Outcome<bool> {
    let (is_busy, in_log, folded): (i64, i64, i64) =
        sqlx::query_as(AssertSqlSafe(format!("PRAGMA wal_checkpoint({how})"))).fetch_one(pool).await?;
    Ok(is_busy == 0 && in_log == folded)
}

/// Drops what the log holds, for SQLite would write it into whatever file is at the database's path.
pub(crate) fn empty_log(location: &Location) -> std::io::Result<()> {
    let log = File::options().write(true).open(log_of(location))?;
    log.set_len(0)?;
    log.sync_all()
}

/// Begins a transaction that reads one state of the database.
pub(crate) async fn begin_read(pool: &Pool) -> Outcome<Transaction> {
    let mut transaction = pool.begin().await?;
    // The state is that of the first statement that reads (https://www.sqlite.org/isolation.html).
    sqlx::query("SELECT COUNT(*) FROM sqlite_master").fetch_one(&mut *transaction).await?;
    Ok(transaction)
}

/// The highest number that a row of this table ever had; 0 before the first one.
pub(crate) async fn last_number(connection: &mut Connection, table: &str) -> Outcome<i64> {
    let last: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = $1")
        .bind(table)
        .fetch_optional(connection)
        .await?;
    Ok(last.unwrap_or(0))
}

/// The next row of this table gets a number above `number`, and above that of any row there ever was.
pub(crate) async fn start_above(connection: &mut Connection, table: &str, number: i64) -> Outcome<()> {
    sqlx::query(
        "INSERT INTO sqlite_sequence (name, seq)
         SELECT $1, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)",
    )
    .bind(table)
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE sqlite_sequence SET seq = MAX(seq, $1) WHERE name = $2")
        .bind(number)
        .bind(table)
        .execute(connection)
        .await
        .map(|_| ())
}
