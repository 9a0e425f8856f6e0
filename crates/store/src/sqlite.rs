//! Everything that is SQLite's own: driver types, opening, pragmas, migrations and error codes.
//!
//! A PostgreSQL sibling offers the same items; the rest of the crate names no driver.

pub(crate) mod reading;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::error::ErrorKind;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Decode as _, Row as _, SqlSafeStr as _,
    TypeInfo as _, ValueRef as _,
};

use crate::Value;
use crate::error::{Error, Result};
use crate::waiting::{LONGEST, Wait, holder};

mod copying;
mod standing;

pub(crate) use copying::{copy, copy_file, damage, mark_backup, problems, seize};
pub(crate) use standing::{Header, Loss, Standing, count};

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

/// How long a statement waits for another process's lock; whoever wants to wait longer tries again.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a command that reads waits for a lock that keeps it from reading.
const READERS_WAIT: Duration = Duration::from_secs(2);

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

/// Opens for reading and writing, makes the file where there is none, and migrates it. Waits for others as long
/// as `longest`.
pub(crate) async fn open(path: &Path, longest: Duration) -> Result<(Pool, Standing)> {
    // Several processes that make the same file at once can be told "locked" without the driver's
    // own waiting while the journal mode changes.
    let mut wait = Wait::new(path, longest);
    loop {
        match open_once(path, longest).await {
            Ok(Some(opened)) => return Ok(opened),
            Err(error) if !matches!(error, Error::Locked { .. }) => return Err(error),
            Ok(None) | Err(_) if wait.goes_on() => tokio::time::sleep(Duration::from_millis(50)).await,
            Ok(None) | Err(_) => return Err(wait.error()),
        }
    }
}

/// `None` when another file took the path meanwhile.
async fn open_once(path: &Path, longest: Duration) -> Result<Option<(Pool, Standing)>> {
    refuse_others(path).await?;
    let options = options(path)
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT.min(longest))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let pool = pool(options).await.map_err(|error| classify(error, path))?;
    let standing = match migrate(&pool, path).await {
        Ok((id, header)) => Standing::new(path, id, header).await.map_err(|error| classify(error, path)),
        Err(error) => Err(error),
    };
    match standing {
        Ok(Some(standing)) => {
            // A file that is removed later is not made again.
            pool.set_connect_options(pool.connect_options().as_ref().clone().create_if_missing(false));
            Ok(Some((pool, standing)))
        }
        Ok(None) => {
            pool.close().await;
            Ok(None)
        }
        Err(error) => {
            pool.close().await;
            Err(error)
        }
    }
}

/// Refuses a file that is not ours to write before anything is set in it.
async fn refuse_others(path: &Path) -> Result<()> {
    if std::fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        return Ok(());
    }
    refuse_stale_log(path).await?;
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

/// Refuses a backup beside which another database's log lies: SQLite would write the one into the other.
async fn refuse_stale_log(path: &Path) -> Result<()> {
    let log = beside(path, "-wal");
    if std::fs::metadata(&log).map_or(0, |file| file.len()) == 0 {
        return Ok(());
    }
    // Its counter is 0 until it is opened for writing, which starts a log of its own.
    let is_backup = match options(path).read_only(true).immutable(true).connect().await {
        Ok(mut connection) => {
            let state = state(&mut connection).await;
            let counter = Header::read(&mut connection).await;
            let _ = connection.close().await;
            matches!(state, Ok(State::Known)) && counter.is_ok_and(Header::is_of_a_backup)
        }
        Err(_) => false,
    };
    if is_backup { Err(Error::StaleLog { path: path.to_owned(), log }) } else { Ok(()) }
}

/// Another pool on an opened database. What it commits, and whatever was committed before by anybody, is on
/// the disk when the commit returns, and stays after a power failure; it connects when it is first used.
pub(crate) fn durable(path: &Path) -> Pool {
    let options = options(path).synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    pool.acquire_timeout(LONGEST * 2).connect_lazy_with(options)
}

/// Opens for reading only; the database file is never made or changed. Also gives the database's id.
pub(crate) async fn open_read_only(path: &Path) -> Result<(Pool, String)> {
    refuse_stale_log(path).await?;
    let mut wait = Wait::new(path, READERS_WAIT);
    loop {
        match open_read_only_once(path, false).await {
            // A database in WAL mode wants to put its index beside the file. Where the folder forbids
            // that and no log is left, nobody can be writing either.
            Err(Error::NotReadable { .. } | Error::ReadOnly { .. }) if !beside(path, "-wal").exists() => {
                return open_read_only_once(path, true).await;
            }
            Err(Error::Locked { .. }) if wait.goes_on() => {}
            Err(Error::Locked { .. }) => return Err(wait.error()),
            outcome => return outcome,
        }
    }
}

async fn open_read_only_once(path: &Path, immutable: bool) -> Result<(Pool, String)> {
    let readable = |error| match classify(error, path) {
        Error::NotWritable { path, reason } => Error::NotReadable { path, reason },
        other => other,
    };
    let options = options(path).read_only(true).immutable(immutable);
    let pool = pool(options).await.map_err(readable)?;
    let known = async {
        let mut connection = pool.acquire().await?;
        match state(&mut connection).await? {
            State::Known => identity(&mut connection).await.map(Ok),
            other => Ok(Err(other)),
        }
    };
    let known = known.await;
    let refused = match known {
        Ok(Ok(id)) => return Ok((pool, id)),
        Ok(Err(state)) => refusal(state, path),
        Err(error) => readable(error),
    };
    pool.close().await;
    Err(refused)
}

/// Why a database of this state cannot be read here.
fn refusal(state: State, path: &Path) -> Error {
    let path = path.to_owned();
    match state {
        State::Newer(found) => Error::NewerSchema { path, found, known: NEWEST },
        State::Older(found) => Error::OlderSchema { path, found, known: NEWEST },
        State::Empty => Error::Empty { path },
        State::Known | State::Foreign => Error::NotRanklab { path },
    }
}

/// A file beside a database that has its name and this ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
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
    // Connections stay: a later one might find another file at the path.
    let pool = SqlitePoolOptions::new().max_connections(4).idle_timeout(None).max_lifetime(None);
    pool.acquire_timeout(LONGEST * 2).connect_with(options).await
}

/// Begins a transaction that holds the write lock from its start: one that read first could not wait
/// for another writer any more. SQLite's waiting is not fair: among many writers one can miss its turn
/// for long, and asks again, as long as `longest`.
pub(crate) async fn begin_write(
    pool: &Pool,
    path: &Path,
    longest: Duration,
    failed: impl Fn(sqlx::Error) -> Error,
) -> Result<Transaction> {
    let mut wait = Wait::new(path, longest);
    loop {
        match pool.begin_with("BEGIN IMMEDIATE").await {
            Ok(transaction) => return Ok(transaction),
            Err(error) if !is_busy(&error) => return Err(failed(error)),
            Err(_) if wait.goes_on() => {}
            Err(_) => return Err(wait.error()),
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
/// Returns the database's id and its header.
async fn migrate(pool: &Pool, path: &Path) -> Result<(String, Header)> {
    let failed = |error| classify(error, path);
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    if matches!(state(&mut transaction).await.map_err(failed)?, State::Foreign) {
        return Err(Error::NotRanklab { path: path.to_owned() });
    }
    migrator().run_direct(None, &mut *transaction, false).await.map_err(|error| unmigrated(error, path))?;
    count(&mut transaction).await.map_err(failed)?;
    let id = identity(&mut transaction).await.map_err(failed)?;
    let header = Header::read(&mut transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    // The counter is to be seen in the file. Where readers hold an old state, it comes later.
    fold_log(pool, "PASSIVE").await.map_err(failed)?;
    Ok((id, header))
}

/// The database's id.
async fn identity(connection: &mut Connection) -> sqlx::Result<String> {
    sqlx::query_scalar("SELECT id FROM database_identity").fetch_one(connection).await
}

/// Writes what the log holds to the file. Says whether that was everything: readers of an old state keep a part.
/// <https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>
pub(crate) async fn fold_log(pool: &Pool, how: &'static str) -> sqlx::Result<bool> {
    let (is_busy, in_log, folded): (i64, i64, i64) =
        sqlx::query_as(AssertSqlSafe(format!("PRAGMA wal_checkpoint({how})"))).fetch_one(pool).await?;
    Ok(is_busy == 0 && in_log == folded)
}

/// The next run's number is above `number`, and above that of any run there ever was.
pub(crate) async fn start_runs_above(connection: &mut Connection, number: i64) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO sqlite_sequence (name, seq)
         SELECT 'runs', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'runs')",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE sqlite_sequence SET seq = MAX(seq, $1) WHERE name = 'runs'")
        .bind(number)
        .execute(connection)
        .await
        .map(|_| ())
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
        5 | 6 | 15 => Error::Locked { holder: holder(&path), path, waited: None },
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
        let (pool, _) = open(&path, LONGEST).await.unwrap();
        for (pool, expected) in [(pool, 1), (durable(&path), 2)] {
            let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&pool).await.unwrap();
            assert_eq!(level, expected);
        }
    }
}
