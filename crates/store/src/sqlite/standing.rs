//! Whether the file at a database's path still is the one that is open, with what was written to it.
//!
//! A file can be removed, moved or replaced while it is open, and writing goes on into a file without a name.
//! It can also be overwritten in place, by a copy. SQLite notices neither in time. The first is seen by device
//! and inode, the second by a counter in the file's header (`user_version`), which only grows: every opening for
//! writing and every heartbeat adds one. Backups have the counter 0.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::driver::{Connection, Outcome};
use super::header::Header;
use crate::location::Location;

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

/// An open database as it was seen last.
#[derive(Debug)]
pub(crate) struct Standing {
    location: Location,
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
    pub(super) async fn new(location: &Location, id: String, current: Header) -> Outcome<Option<Self>> {
        let path = location.path();
        let Some(file) = identity(path) else { return Ok(None) };
        if !may_be_held(file) {
            return Ok(None);
        }
        let stamp = stamp(path);
        let Some(in_file) = Header::in_file(location).await? else { return Ok(None) };
        let log = identity(&location.beside("-wal"));
        let seen = Mutex::new(Seen { stamp, in_file, current });
        let real = fs::canonicalize(path).ok();
        Ok(Some(Self { location: location.clone(), real, file, log, id, seen }))
    }

    /// The database's id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Looks at the files, before anything is written.
    pub(crate) async fn look(&self) -> Outcome<Option<Loss>> {
        if let Some(loss) = self.moved() {
            return Ok(Some(loss));
        }
        let stamp_now = stamp(self.location.path());
        if stamp_now.is_none() || stamp_now == self.seen().stamp {
            return Ok(None);
        }
        // Written in between: by a checkpoint, or by a user's copy. A state that looks wrong is looked at again, for a
        // page may be seen half-written.
        for _ in 0..3 {
            let stamp = stamp(self.location.path());
            if self.follows(stamp, Header::in_file(&self.location).await?) {
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
    pub(crate) async fn look_within(&self, connection: &mut Connection) -> Outcome<Option<Loss>> {
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
        let path = self.location.path();
        let is_lost = |path: &Path, file: Identity| match fs::metadata(path) {
            Ok(found) => identity_of(&found) != file,
            // Where they cannot be looked at, they may be where they were.
            Err(problem) => matches!(problem.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        };
        if is_lost(path, self.file) {
            return Some(Loss::Gone { is_replaced: path.exists(), now: held(self.file).flatten() });
        }
        // The very file by way of a link: others look for the log beside what the link leads to. Where the whole
        // folder was moved, that is the same log.
        if let (Some(opened), Ok(now)) = (&self.real, fs::canonicalize(path))
            && *opened != now
            && identity(&Location::file(&now).beside("-wal")) != self.log
        {
            return Some(Loss::Gone { is_replaced: false, now: Some(now) });
        }
        // A log that no connection has open was closed by the last one of them.
        let is_log_lost =
            |log: &Identity| is_lost(&self.location.beside("-wal"), *log) && held(*log).is_some();
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
