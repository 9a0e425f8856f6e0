//! Copies of a database: made while others write, and checked.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _};

use super::driver::{Connection, Outcome, Pool, options};
use super::failure::classify;
use super::schema::{NEWEST, state};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::schema_state::State;

/// Writes the database as of this moment to `target`, which must not exist. Other connections go on writing.
/// <https://www.sqlite.org/lang_vacuum.html#vacuuminto>
pub(crate) async fn copy(pool: &Pool, target: &Path) -> Outcome<()> {
    let target = target.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO $1").bind(target).execute(pool).await.map(|_| ())
}

/// The first fault of a database file, if it has one.
pub(crate) async fn damage(copy: &Path) -> Outcome<Option<String>> {
    let mut connection = options(&copy.into()).read_only(true).immutable(true).connect().await?;
    let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok((found != "ok").then_some(found))
}

/// The first faults of the database behind `pool`: in its pages and indices, and rows whose parents are gone.
pub(crate) async fn problems(pool: &Pool) -> Outcome<Vec<String>> {
    let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(10)").fetch_all(pool).await?;
    let mut problems: Vec<String> = found.into_iter().filter(|line| line != "ok").collect();
    let orphans: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2",
    )
    .fetch_all(pool)
    .await?;
    problems.extend(
        orphans
            .into_iter()
            .map(|(table, parent, rows)| format!("{rows} rows of {table} belong to no row of {parent}")),
    );
    Ok(problems)
}

/// Marks a copy as one that was not opened for writing since it was made.
pub(crate) async fn mark_backup(copy: &Path) -> Outcome<()> {
    let mut connection = options(&copy.into()).connect().await?;
    sqlx::raw_sql("PRAGMA user_version = 0").execute(&mut connection).await?;
    connection.close().await
}

/// Copies a database of ranklab's that is no later version's and is sound, to `target`, which must not exist.
pub(crate) async fn copy_file(location: &Location, target: &Path) -> Result<()> {
    // A copy that has no log is only read: nothing is put beside it.
    let immutable = !location.beside("-wal").exists();
    let failed = |failure| classify(failure, location);
    let mut connection =
        options(location).read_only(true).immutable(immutable).connect().await.map_err(failed)?;
    let copied = checked_copy(&mut connection, location, target).await;
    let _ = connection.close().await;
    copied
}

async fn checked_copy(connection: &mut Connection, location: &Location, target: &Path) -> Result<()> {
    let failed = |failure| classify(failure, location);
    match state(connection).await.map_err(failed)? {
        State::Known | State::Older(_) => {}
        state @ (State::Newer(_) | State::Empty | State::Foreign) => {
            return Err(state.refusal(location, NEWEST));
        }
    }
    let found: String =
        sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut *connection).await.map_err(failed)?;
    if found != "ok" {
        return Err(Error::Damaged { location: location.clone(), reason: found });
    }
    let target = target.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO $1").bind(target).execute(connection).await.map(|_| ()).map_err(failed)
}
