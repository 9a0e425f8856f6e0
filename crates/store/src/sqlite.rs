//! Everything that is SQLite's own: driver types, opening, pragmas, migrations and error codes.
//!
//! A PostgreSQL sibling offers the same items; the rest of the crate names no driver.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::error::ErrorKind;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    ConnectOptions as _, Connection as _, Decode as _, Row as _, SqlSafeStr as _, TypeInfo as _,
    ValueRef as _,
};

use crate::Value;
use crate::error::{Error, Result};

/// The driver.
pub(crate) type Database = sqlx::Sqlite;
/// A pool of connections.
pub(crate) type Pool = sqlx::Pool<Database>;
/// One row of an answer.
pub(crate) type Row = <Database as sqlx::Database>::Row;
/// A connection.
pub(crate) type Connection = <Database as sqlx::Database>::Connection;
/// A transaction.
pub(crate) type Transaction = sqlx::Transaction<'static, Database>;
/// A statement with its parameters.
pub(crate) type Query<'q> = sqlx::query::Query<'q, Database, <Database as sqlx::Database>::Arguments>;

/// How long a statement waits for another process's write to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a transaction waits so long.
const BUSY_ATTEMPTS: u32 = 10;

/// Rows that the driver's thread reads ahead of ours. With its default of 50 the two wait for each other
/// all the time.
const ROWS_AHEAD: usize = 2000;

/// The migrations in order: version, description, SQL.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "tables", include_str!("../migrations/sqlite/0001_tables.sql")),
    (2, "views", include_str!("../migrations/sqlite/0002_views.sql")),
    (3, "validation predictions", include_str!("../migrations/sqlite/0003_validation_predictions.sql")),
    (4, "durable", include_str!("../migrations/sqlite/0004_durable.sql")),
    (5, "faults", include_str!("../migrations/sqlite/0005_faults.sql")),
];

/// The newest schema this code knows.
const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// Opens for reading and writing, makes the file where there is none, and migrates it.
pub(crate) async fn open(path: &Path) -> Result<Pool> {
    // Several processes that make the same file at once can be told "locked" without the driver's
    // own waiting while the journal mode changes.
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match open_once(path).await {
            Err(Error::Locked { .. }) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            outcome => return outcome,
        }
    }
}

async fn open_once(path: &Path) -> Result<Pool> {
    refuse_others(path).await?;
    let options = options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let pool = pool(options).await.map_err(|error| classify(error, path))?;
    if let Err(error) = migrate(&pool, path).await {
        pool.close().await;
        return Err(error);
    }
    Ok(pool)
}

/// Refuses a file that is not ours to write before anything is set in it.
async fn refuse_others(path: &Path) -> Result<()> {
    if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Ok(());
    }
    // Where the file cannot be read like that, what writes says why.
    let Ok(mut connection) = options(path).read_only(true).connect().await else { return Ok(()) };
    let state = state(&mut connection).await;
    let _ = connection.close().await;
    let path = path.to_owned();
    match state.map_err(|error| classify(error, &path)) {
        Ok(State::Foreign) => Err(Error::NotRanklab { path }),
        Ok(State::Newer(found)) => Err(Error::NewerSchema { path, found, known: NEWEST }),
        Err(error @ Error::NotADatabase { .. }) => Err(error),
        _ => Ok(()),
    }
}

/// Another pool on an opened database. What it commits, and whatever was committed before by anybody, is on
/// the disk when the commit returns, and stays after a power failure; it connects when it is first used.
pub(crate) fn durable(path: &Path) -> Pool {
    let options = options(path).synchronous(SqliteSynchronous::Full);
    SqlitePoolOptions::new().max_connections(1).acquire_timeout(BUSY_TIMEOUT * 4).connect_lazy_with(options)
}

/// Opens for reading only; the database file is never made or changed.
pub(crate) async fn open_read_only(path: &Path) -> Result<Pool> {
    match open_read_only_once(path, false).await {
        // A database in WAL mode wants to put its index beside the file. Where the folder forbids
        // that and no log is left, nobody can be writing either.
        Err(Error::NotReadable { .. } | Error::ReadOnly { .. }) if !log_of(path).exists() => {
            open_read_only_once(path, true).await
        }
        outcome => outcome,
    }
}

async fn open_read_only_once(path: &Path, immutable: bool) -> Result<Pool> {
    let readable = |error| match classify(error, path) {
        Error::NotWritable { path, reason } => Error::NotReadable { path, reason },
        other => other,
    };
    let options = options(path).read_only(true).immutable(immutable);
    let pool = pool(options).await.map_err(readable)?;
    let known = match pool.acquire().await {
        Ok(mut connection) => state(&mut connection).await,
        Err(error) => Err(error),
    };
    let path = path.to_owned();
    let refused = match known {
        Ok(State::Known) => return Ok(pool),
        Ok(State::Newer(found)) => Error::NewerSchema { path, found, known: NEWEST },
        Ok(State::Older(found)) => Error::OlderSchema { path, found, known: NEWEST },
        Ok(State::Empty) => Error::Empty { path },
        Ok(State::Foreign) => Error::NotRanklab { path },
        Err(error) => readable(error),
    };
    pool.close().await;
    Err(refused)
}

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

/// The write-ahead log beside a database.
fn log_of(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD)
}

async fn pool(options: SqliteConnectOptions) -> sqlx::Result<Pool> {
    SqlitePoolOptions::new().max_connections(4).acquire_timeout(BUSY_TIMEOUT * 4).connect_with(options).await
}

/// Begins a transaction that holds the write lock from its start: one that read first could not wait
/// for another writer any more. SQLite's waiting is not fair: among many writers one can miss its turn
/// for long, and asks again.
pub(crate) async fn begin_write(pool: &Pool) -> sqlx::Result<Transaction> {
    let mut attempt = 1;
    loop {
        match pool.begin_with("BEGIN IMMEDIATE").await {
            Err(error) if attempt < BUSY_ATTEMPTS && is_busy(&error) => attempt += 1,
            outcome => return outcome,
        }
    }
}

/// Whether another connection holds the lock.
fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6 | 15))
}

/// The low byte is the primary code; the rest only refines it. <https://www.sqlite.org/rescode.html>
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

/// Brings the schema up to date, one process at a time. Taking the write lock also tells at once when
/// the file cannot be written.
async fn migrate(pool: &Pool, path: &Path) -> Result<()> {
    let failed = |error| classify(error, path);
    let mut transaction = begin_write(pool).await.map_err(failed)?;
    if matches!(state(&mut transaction).await.map_err(failed)?, State::Foreign) {
        return Err(Error::NotRanklab { path: path.to_owned() });
    }
    migrator().run_direct(None, &mut *transaction, false).await.map_err(|error| unmigrated(error, path))?;
    transaction.commit().await.map_err(failed)
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|&(version, description, sql)| {
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

fn unmigrated(error: MigrateError, path: &Path) -> Error {
    let path = path.to_owned();
    match error {
        MigrateError::VersionMissing(found) => Error::NewerSchema { path, found, known: NEWEST },
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
            Error::AlteredSchema { path, version }
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => classify(error, &path),
        other => Error::Database { path, reason: sqlx::Error::Migrate(Box::new(other)) },
    }
}

/// Whose a database is, and how far its schema goes.
enum State {
    /// Without a table.
    Empty,
    /// Somebody else's tables stand in it.
    Foreign,
    /// All migrations are applied.
    Known,
    /// They are applied up to this one; a later one may be as well.
    Older(i64),
    /// This one is applied and not known here.
    Newer(i64),
}

async fn state(connection: &mut Connection) -> sqlx::Result<State> {
    let (tables, ours): (i64, i64) = sqlx::query_as(
        "SELECT COUNT(*), COALESCE(SUM(name IN ('_sqlx_migrations', 'runs', 'trials')), 0)
         FROM sqlite_master WHERE type = 'table'",
    )
    .fetch_one(&mut *connection)
    .await?;
    match (tables, ours) {
        (0, _) => return Ok(State::Empty),
        (_, 3) => {}
        _ => return Ok(State::Foreign),
    }
    let applied: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version")
            .fetch_all(connection)
            .await?;
    let known = MIGRATIONS.iter().map(|(version, ..)| *version);
    let missing = known.clone().find(|version| !applied.contains(version));
    Ok(match (applied.last(), missing) {
        (Some(newest), _) if *newest > NEWEST => State::Newer(*newest),
        (_, None) => State::Known,
        (_, Some(missing)) => {
            State::Older(known.take_while(|version| *version < missing).last().unwrap_or(0))
        }
    })
}

/// Turns a driver's error into one of ours.
pub(crate) fn classify(error: sqlx::Error, path: &Path) -> Error {
    let path = path.to_owned();
    let sqlx::Error::Database(database) = &error else {
        return Error::Database { path, reason: error };
    };
    let reason = database.message().to_owned();
    match primary_code(&error).unwrap_or(0) {
        5 | 6 | 15 => Error::Locked { path, seconds: (BUSY_TIMEOUT * BUSY_ATTEMPTS).as_secs() },
        8 => Error::NotWritable { path, reason },
        11 => Error::Damaged { path, reason },
        13 => Error::Full { path },
        14 => Error::NotWritable { path, reason },
        26 => Error::NotADatabase { path },
        _ => Error::Database { path, reason: error },
    }
}

/// Whether a record points to a run or sweep that is not there.
pub(crate) fn lacks_parent(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.kind() == ErrorKind::ForeignKeyViolation)
}

/// The rule that a record broke, if it broke one.
pub(crate) fn broken_rule(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    matches!(
        error.kind(),
        ErrorKind::UniqueViolation | ErrorKind::CheckViolation | ErrorKind::NotNullViolation
    )
    .then(|| error.message().to_owned())
}

/// What is wrong with a statement itself, if anything is.
pub(crate) fn faulty_statement(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    (error.code().as_deref() == Some("1")).then(|| error.message().to_owned())
}

/// Whether a statement would have written to a database opened for reading.
pub(crate) fn is_refused_write(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(8)
}

/// The value of a row's column, by what it is rather than by what its column was declared as.
pub(crate) fn value(row: &Row, column: usize) -> sqlx::Result<Value> {
    let raw = row.try_get_raw(column)?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let kind = raw.type_info().name().to_owned();
    let value = match kind.as_str() {
        "INTEGER" => i64::decode(raw).map(Value::Integer),
        "REAL" => f64::decode(raw).map(Value::Real),
        "BLOB" => Vec::<u8>::decode(raw).map(Value::Blob),
        // Text that is not UTF-8 cannot be shown as text.
        _ => <&[u8]>::decode(raw).map(|bytes| match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_owned()),
        }),
    };
    value.map_err(sqlx::Error::Decode)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://www.sqlite.org/pragma.html#pragma_synchronous>: 2 syncs the log with every commit.
    #[tokio::test]
    async fn what_must_not_be_lost_is_synced_with_its_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ranklab.db");
        let pool = open(&path).await.unwrap();
        for (pool, expected) in [(pool, 1), (durable(&path), 2)] {
            let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&pool).await.unwrap();
            assert_eq!(level, expected);
        }
    }
}
