//! Opening a database's file, for reading and writing or for reading alone, and refusing files that are none.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use super::driver::{BUSY_TIMEOUT, Outcome, Pool, options};
use super::failure::classify;
use super::header::Header;
use super::locks::holder;
use super::migrating::migrate;
use super::network;
use super::schema::{NEWEST, identity, state};
use super::standing::Standing;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::schema_state::State;
use crate::waiting::{LONGEST, Wait, longest};

/// How long a command that reads waits for a lock that keeps it from reading.
const READERS_WAIT: Duration = Duration::from_secs(2);

/// Opens for reading and writing, makes the folder and the file where there are none, and migrates the database.
/// Waits for others as long as `longest`.
pub(crate) async fn open(location: &Location, longest: Duration) -> Result<(Pool, Standing)> {
    refuse_other_than_files(location)?;
    prepare_folder(location)?;
    // Several processes that make the same file at once can find it locked without the driver's
    // waiting while the journal mode changes.
    let mut wait = Wait::new(location, longest, holder);
    loop {
        match open_once(location, longest).await {
            Ok(Some(opened)) => return Ok(opened),
            Err(error) if !matches!(error, Error::Locked { .. }) => return Err(error),
            Ok(None) | Err(_) if wait.goes_on() => tokio::time::sleep(Duration::from_millis(50)).await,
            Ok(None) | Err(_) => return Err(wait.error()),
        }
    }
}

/// `None` when another file took the path meanwhile.
async fn open_once(location: &Location, longest: Duration) -> Result<Option<(Pool, Standing)>> {
    let failed = |failure| classify(failure, location);
    refuse_others(location).await?;
    let options = options(location)
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT.min(longest))
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let pool = pool(options).await.map_err(failed)?;
    let standing = match migrate(&pool, location).await {
        Ok((id, header)) => Standing::new(location, id, header).await.map_err(failed),
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

/// The folder of a database's file.
fn folder(location: &Location) -> &Path {
    let folder = location.path().parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Makes the folder of a database's file and refuses one on a network file system.
pub(crate) fn prepare_folder(location: &Location) -> Result<()> {
    let folder = folder(location);
    std::fs::create_dir_all(folder).map_err(|reason| Error::Folder { path: folder.to_owned(), reason })?;
    match network::network(location.path()) {
        Some(kind) => Err(Error::NetworkFileSystem { location: location.clone(), kind }),
        None => Ok(()),
    }
}

/// Refuses what would be waited for or written into nowhere: a folder, a pipe, a link that leads to no file.
fn refuse_other_than_files(location: &Location) -> Result<()> {
    let path = location.path();
    let is = match (std::fs::metadata(path), path.is_symlink()) {
        (Ok(file), _) if file.is_dir() => "a folder",
        (Ok(file), _) if !file.is_file() => "no regular file",
        (Err(_), true) => "a link that leads to no file",
        _ => return Ok(()),
    };
    Err(Error::NoFile { location: location.clone(), is })
}

/// Refuses a file that is not ours to write before anything is set in it.
async fn refuse_others(location: &Location) -> Result<()> {
    if std::fs::metadata(location.path()).map_or(0, |file| file.len()) == 0 {
        return Ok(());
    }
    refuse_stale_log(location).await?;
    // Where the file cannot be read like that, what writes says why.
    let Ok(mut connection) = options(location).read_only(true).connect().await else { return Ok(()) };
    let state = state(&mut connection).await;
    let _ = connection.close().await;
    let location = location.clone();
    match state.map_err(|failure| classify(failure, &location)) {
        Ok(State::Foreign) => Err(Error::NotRanklab { location }),
        Ok(State::Newer(found)) => Err(Error::NewerSchema { location, found, known: NEWEST }),
        Err(error @ Error::NotADatabase { .. }) => Err(error),
        _ => Ok(()),
    }
}

/// Refuses a backup beside which another database's log lies: SQLite would write the one into the other.
async fn refuse_stale_log(location: &Location) -> Result<()> {
    let log = location.beside("-wal");
    if std::fs::metadata(&log).map_or(0, |file| file.len()) == 0 {
        return Ok(());
    }
    // Its counter is 0 until it is opened for writing, which starts a log for it.
    let is_backup = match options(location).read_only(true).immutable(true).connect().await {
        Ok(mut connection) => {
            let state = state(&mut connection).await;
            let counter = Header::read(&mut connection).await;
            let _ = connection.close().await;
            matches!(state, Ok(State::Known)) && counter.is_ok_and(Header::is_of_a_backup)
        }
        Err(_) => false,
    };
    if is_backup { Err(Error::StaleLog { location: location.clone(), log }) } else { Ok(()) }
}

/// Another pool on an opened database. What it commits, and whatever was committed before by anybody, is on
/// the disk when the commit returns, and stays after a power failure; it connects when it is first used.
pub(crate) fn durable(location: &Location) -> Pool {
    let options = options(location).synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    pool.acquire_timeout(longest().max(LONGEST) * 2).connect_lazy_with(options)
}

/// Opens for reading only; the database file is never made or changed. Also gives the database's id.
pub(crate) async fn open_read_only(location: &Location) -> Result<(Pool, String)> {
    if !location.path().exists() && !location.path().is_symlink() {
        return Err(Error::Missing { location: location.clone() });
    }
    refuse_other_than_files(location)?;
    refuse_stale_log(location).await?;
    let mut wait = Wait::new(location, READERS_WAIT, holder);
    loop {
        match open_read_only_once(location, false).await {
            // A database in WAL mode wants to put its index beside the file. Where the folder forbids
            // that and no log is left, no process can be writing either.
            Err(Error::NotReadable { .. } | Error::ReadOnly { .. }) if !location.beside("-wal").exists() => {
                return open_read_only_once(location, true).await;
            }
            Err(Error::Locked { .. }) if wait.goes_on() => {}
            Err(Error::Locked { .. }) => return Err(wait.error()),
            outcome => return outcome,
        }
    }
}

async fn open_read_only_once(location: &Location, immutable: bool) -> Result<(Pool, String)> {
    let readable = |failure| match classify(failure, location) {
        Error::NotWritable { location, reason } => Error::NotReadable { location, reason },
        other => other,
    };
    let options = options(location).read_only(true).immutable(immutable);
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
        Ok(Err(state)) => state.refusal(location, NEWEST),
        Err(failure) => readable(failure),
    };
    pool.close().await;
    Err(refused)
}

async fn pool(options: SqliteConnectOptions) -> Outcome<Pool> {
    // Connections stay: a later one might find another file at the path.
    let pool = SqlitePoolOptions::new().max_connections(4).idle_timeout(None).max_lifetime(None);
    pool.acquire_timeout(longest().max(LONGEST) * 2).connect_with(options).await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn setting(pool: &Pool, pragma: &'static str) -> String {
        let sql = format!("SELECT CAST({pragma} AS TEXT) FROM pragma_{pragma}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(pool).await.unwrap()
    }

    /// <https://www.sqlite.org/pragma.html#pragma_synchronous>: 2 syncs the log with every commit.
    #[tokio::test]
    async fn what_must_not_be_lost_is_synced_with_its_commit() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::file(folder.path().join("ranklab.db"));
        let (pool, _) = open(&location, LONGEST).await.unwrap();
        for (pool, expected) in [(pool, "1"), (durable(&location), "2")] {
            assert_eq!(setting(&pool, "synchronous").await, expected);
        }
    }

    #[tokio::test]
    async fn the_database_is_opened_for_safe_sharing() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::file(folder.path().join("ranklab.db"));
        let (pool, _) = open(&location, LONGEST).await.unwrap();
        for (pragma, expected) in [("journal_mode", "wal"), ("foreign_keys", "1"), ("synchronous", "1")] {
            assert_eq!(setting(&pool, pragma).await, expected, "{pragma}");
        }
        let timeout: i64 = sqlx::query_scalar("PRAGMA busy_timeout").fetch_one(&pool).await.unwrap();
        assert_eq!(timeout, 1_000);
    }
}
