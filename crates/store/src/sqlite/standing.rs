//! Whether the file at a database's path still is the one that is open, with what was written to it.
//!
//! A file can be removed, moved or replaced while it is open, and writing goes on into a file without a name.
//! It can also be overwritten in place, by a copy. SQLite notices neither in time. The first is seen by device
//! and inode, the second by a counter in the file's header (`user_version`), which only grows: whoever opens the
//! database for writing and every heartbeat add one. Backups have the counter 0.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use sqlx::{ConnectOptions as _, Connection as _};

use super::{Connection, beside, options, primary_code};

/// A file, whatever its name.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = ();

/// What became of an open database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Its path leads to nothing or, where `is_replaced`, to another file. The open file is at `now`, or nowhere.
    Gone { is_replaced: bool, now: Option<PathBuf> },
    /// The log beside it was removed or replaced.
    Log,
    /// Its file was overwritten.
    Overwritten,
    /// Its content was replaced by way of SQLite.
    OtherContent,
}

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
    pub(crate) async fn read(connection: &mut Connection) -> sqlx::Result<Self> {
        let (schema, counter) = sqlx::query_as(
            "SELECT (SELECT schema_version FROM pragma_schema_version), (SELECT user_version FROM pragma_user_version)",
        )
        .fetch_one(connection)
        .await?;
        Ok(Self { schema, counter })
    }

    /// As the file has it, without its log. `None` where the file is no database.
    pub(crate) async fn in_file(path: &Path) -> sqlx::Result<Option<Self>> {
        // Not by reading the file: closing it would give up this process's locks on it (fcntl(2)).
        let read = async {
            let mut connection = options(path).read_only(true).immutable(true).connect().await?;
            let header = Self::read(&mut connection).await;
            let _ = connection.close().await;
            header
        };
        match read.await {
            Ok(header) => Ok(Some(header)),
            Err(error) if matches!(primary_code(&error), Some(11 | 26)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether it was not opened for writing since it was copied.
    pub(crate) fn is_of_a_backup(self) -> bool {
        self.counter == 0
    }

    fn is_before(self, other: Self) -> bool {
        self.schema < other.schema || self.counter < other.counter
    }
}

/// Adds one to the counter, within a transaction that writes.
pub(crate) async fn count(connection: &mut Connection) -> sqlx::Result<()> {
    let counter = Header::read(&mut *connection).await?.counter;
    let next = (counter + 1).min(i64::from(i32::MAX));
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("PRAGMA user_version = {next}"))).execute(connection).await?;
    Ok(())
}

/// An open database as it was seen last.
#[derive(Debug)]
pub(crate) struct Standing {
    path: PathBuf,
    /// The path without links: the log lies beside it.
    real: Option<PathBuf>,
    file: Identity,
    log: Option<Identity>,
    id: String,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    /// The size of the file and when it was written last.
    stamp: Option<(u64, SystemTime)>,
    /// The header in the file.
    in_file: Header,
    /// The header with the log.
    current: Header,
}

impl Standing {
    /// Of a database that was opened and has this header; `None` when another file took its path meanwhile.
    pub(crate) async fn new(path: &Path, id: String, current: Header) -> sqlx::Result<Option<Self>> {
        let Some(file) = identity(path) else { return Ok(None) };
        if !may_be_held(file) {
            return Ok(None);
        }
        let stamp = stamp(path);
        let Some(in_file) = Header::in_file(path).await? else { return Ok(None) };
        let log = identity(&beside(path, "-wal"));
        let seen = Mutex::new(Seen { stamp, in_file, current });
        let real = fs::canonicalize(path).ok();
        Ok(Some(Self { path: path.to_owned(), real, file, log, id, seen }))
    }

    /// The database's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Looks at the files, before anything is written.
    pub(crate) async fn look(&self) -> sqlx::Result<Option<Loss>> {
        if let Some(loss) = self.moved() {
            return Ok(Some(loss));
        }
        let stamp_now = stamp(&self.path);
        if stamp_now.is_none() || stamp_now == self.seen().stamp {
            return Ok(None);
        }
        // Written in between: by a checkpoint, or by somebody's copy. What looks wrong is looked at again, for a
        // page may be seen half-written.
        for _ in 0..3 {
            let stamp = stamp(&self.path);
            if self.follows(stamp, Header::in_file(&self.path).await?) {
                return Ok(None);
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Ok(Some(Loss::Overwritten))
    }

    /// Whether the header may be a later one of this file, and notes it then.
    fn follows(&self, stamp: Option<(u64, SystemTime)>, found: Option<Header>) -> bool {
        let mut seen = self.seen();
        let Some(header) = found.filter(|header| !header.is_before(seen.in_file)) else { return false };
        (seen.stamp, seen.in_file) = (stamp, header);
        true
    }

    /// Looks at the content, within a transaction that keeps others from writing.
    pub(crate) async fn look_within(&self, connection: &mut Connection) -> sqlx::Result<Option<Loss>> {
        let current = Header::read(&mut *connection).await?;
        let id: Option<String> =
            sqlx::query_scalar("SELECT id FROM database_identity").fetch_optional(connection).await?;
        let mut seen = self.seen();
        if id.as_deref() != Some(self.id()) || current.is_before(seen.current) {
            return Ok(Some(Loss::OtherContent));
        }
        seen.current = current;
        // The file is never ahead of its log.
        Ok(current.is_before(seen.in_file).then_some(Loss::Overwritten))
    }

    /// What became of the files, if they are not where they were.
    pub(crate) fn moved(&self) -> Option<Loss> {
        let is_lost = |path: &Path, file: Identity| match fs::metadata(path) {
            Ok(found) => identity_of(&found) != file,
            // Where they cannot be looked at, they may be where they were.
            Err(problem) => matches!(problem.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        };
        if is_lost(&self.path, self.file) {
            return Some(Loss::Gone { is_replaced: self.path.exists(), now: held(self.file).flatten() });
        }
        // The very file by way of a link: others look for the log beside what the link leads to. Where the whole
        // folder was moved, that is the same log.
        if let (Some(opened), Ok(now)) = (&self.real, fs::canonicalize(&self.path))
            && *opened != now
            && identity(&beside(&now, "-wal")) != self.log
        {
            return Some(Loss::Gone { is_replaced: false, now: Some(now) });
        }
        // A log that no connection has open was closed by the last one of them.
        let is_log_lost = |log: &Identity| is_lost(&beside(&self.path, "-wal"), *log) && held(*log).is_some();
        self.log.filter(is_log_lost).map(|_| Loss::Log)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // Every value in it is whole at any time.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamp(path: &Path) -> Option<(u64, SystemTime)> {
    let file = fs::metadata(path).ok()?;
    Some((file.len(), file.modified().ok()?))
}

fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().as_ref().map(identity_of)
}

#[cfg(unix)]
fn identity_of(file: &fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;

    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn identity_of(_file: &fs::Metadata) -> Identity {}

/// Whether this process has the file open, and under which name it is found now, if under any.
#[cfg(target_os = "linux")]
fn held(file: Identity) -> Option<Option<PathBuf>> {
    let entries = fs::read_dir("/proc/self/fd").ok()?;
    let link = entries.flatten().map(|entry| entry.path()).find(|link| identity(link) == Some(file))?;
    // A name that was removed leads nowhere: it ends with " (deleted)" (proc_pid_fd(5)).
    Some(fs::read_link(link).ok().filter(|name| identity(name) == Some(file)))
}

/// Elsewhere the system does not show it.
#[cfg(not(target_os = "linux"))]
fn held(_file: Identity) -> Option<Option<PathBuf>> {
    None
}

/// Whether this process may have the file open: where the system does not show that, it may.
fn may_be_held(file: Identity) -> bool {
    held(file).is_some() || !Path::new("/proc/self/fd").exists()
}
