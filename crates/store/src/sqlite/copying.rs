//! Copies of a database: made while others write, checked, and put in its place.

use std::path::Path;

use sqlx::{ConnectOptions as _, Connection as _};

use super::{Connection, Pool, State, beside, classify, is_busy, options, primary_code, refusal, state};
use crate::error::{Error, Result};
use crate::waiting::user;

/// Writes the database as it stands at this moment to `target`, which must not exist, while others go on writing.
/// <https://www.sqlite.org/lang_vacuum.html#vacuuminto>
pub(crate) async fn copy(pool: &Pool, target: &Path) -> sqlx::Result<()> {
    let target = target.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO $1").bind(target).execute(pool).await.map(|_| ())
}

/// What is wrong with a database file, if anything is.
pub(crate) async fn damage(path: &Path) -> sqlx::Result<Option<String>> {
    let mut connection = options(path).read_only(true).immutable(true).connect().await?;
    let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok((found != "ok").then_some(found))
}

/// What is wrong with the database behind `pool`, the first few of it: its pages and indices, and rows whose
/// parents are gone.
pub(crate) async fn problems(pool: &Pool) -> sqlx::Result<Vec<String>> {
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
pub(crate) async fn mark_backup(path: &Path) -> sqlx::Result<()> {
    let mut connection = options(path).connect().await?;
    sqlx::raw_sql("PRAGMA user_version = 0").execute(&mut connection).await?;
    connection.close().await
}

/// Copies a database of ranklab's that is no later version's and is sound, to `target`, which must not exist.
pub(crate) async fn copy_file(path: &Path, target: &Path) -> Result<()> {
    // A copy that has no log is only read: nothing is put beside it.
    let immutable = !beside(path, "-wal").exists();
    let failed = |error| classify(error, path);
    let mut connection =
        options(path).read_only(true).immutable(immutable).connect().await.map_err(failed)?;
    let copied = checked_copy(&mut connection, path, target).await;
    let _ = connection.close().await;
    copied
}

async fn checked_copy(connection: &mut Connection, path: &Path, target: &Path) -> Result<()> {
    let failed = |error| classify(error, path);
    match state(connection).await.map_err(failed)? {
        State::Known | State::Older(_) => {}
        state @ (State::Newer(_) | State::Empty | State::Foreign) => return Err(refusal(state, path)),
    }
    let found: String =
        sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut *connection).await.map_err(failed)?;
    if found != "ok" {
        return Err(Error::Damaged { path: path.to_owned(), reason: found });
    }
    let target = target.to_string_lossy().into_owned();
    sqlx::query("VACUUM INTO $1").bind(target).execute(connection).await.map(|_| ()).map_err(failed)
}

/// Keeps everybody from a database until the answer is dropped, folds its log into it, and makes that the file
/// stands for itself. `None` where it is too damaged for that.
///
/// # Errors
/// When another process has it open.
pub(crate) async fn seize(path: &Path) -> Result<Option<Connection>> {
    let seized = async {
        let mut connection = options(path).connect().await?;
        // Changes only where no other connection is.
        sqlx::raw_sql("PRAGMA journal_mode = DELETE").execute(&mut connection).await?;
        sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut connection).await?;
        Ok(connection)
    };
    match seized.await {
        Ok(connection) => Ok(Some(connection)),
        Err(error) if is_busy(&error) => Err(Error::InUse { path: path.to_owned(), holder: user(path) }),
        Err(error) if matches!(primary_code(&error), Some(1 | 11 | 26)) => Ok(None),
        Err(error) => Err(classify(error, path)),
    }
}
