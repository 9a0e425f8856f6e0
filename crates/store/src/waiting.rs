//! Waiting for a lock that another process holds: how long, who has it, and a line for whoever shows it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::sqlite::beside;

/// After so long a wait is reported.
const QUIET: Duration = Duration::from_secs(3);
/// The longest wait of a command that has to write.
pub(crate) const LONGEST: Duration = Duration::from_secs(300);
/// The longest wait where another answer exists: a lock that is held for moments only is no lock.
pub(crate) const BRIEF: Duration = Duration::from_millis(200);

/// A wait for a lock on the runs database, which has lasted for three seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The database file.
    pub path: PathBuf,
    /// The process that holds the lock, where the system shows it.
    pub holder: Option<Holder>,
    /// The longest that this command waits in all.
    pub longest: Duration,
}

/// A process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its number.
    pub process: u32,
    /// The name of its program.
    pub program: String,
}

impl fmt::Display for Waiting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = by(self.holder.as_ref());
        let (path, longest) = (self.path.display(), self.longest.as_secs());
        write!(
            formatter,
            "waiting for the runs database {path}, which is locked {by}, for at most {longest} s"
        )
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "process {} ({})", self.process, self.program)
    }
}

/// Names the holder of a lock in a message.
pub(crate) fn by(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "by another process".to_owned(), |holder| format!("by {holder}"))
}

type Report = Box<dyn Fn(&Waiting) + Send + Sync>;

static REPORT: OnceLock<Report> = OnceLock::new();

/// Sets what is called, on any thread, when a wait has lasted for three seconds. Only the first call counts.
pub fn on_waiting(report: impl Fn(&Waiting) + Send + Sync + 'static) {
    let _ = REPORT.set(Box::new(report));
}

/// One wait, from its start to its end.
pub(crate) struct Wait<'a> {
    path: &'a Path,
    longest: Duration,
    started: Instant,
    is_reported: bool,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(path: &'a Path, longest: Duration) -> Self {
        Self { path, longest, started: Instant::now(), is_reported: false }
    }

    /// Whether to try again after the lock was found taken. Reports the wait once it has lasted.
    pub(crate) fn goes_on(&mut self) -> bool {
        let waited = self.started.elapsed();
        if waited >= QUIET && !self.is_reported {
            self.is_reported = true;
            let waiting =
                Waiting { path: self.path.to_owned(), holder: holder(self.path), longest: self.longest };
            if let Some(report) = REPORT.get() {
                report(&waiting);
            }
        }
        waited < self.longest
    }

    /// The error of a wait that came to nothing, with the time that it took.
    pub(crate) fn error(&self) -> Error {
        let (path, waited) = (self.path.to_owned(), Some(self.started.elapsed()));
        Error::Locked { holder: holder(&path), path, waited }
    }
}

/// Which other process keeps writers from the database, by the locks that SQLite takes: bytes of the file from
/// 1 GiB on (<https://www.sqlite.org/lockingv3.html>), and byte 120 of the index of its log, which is held by
/// who writes (<https://www.sqlite.org/walformat.html>). `None` where the system does not show it.
pub(crate) fn holder(path: &Path) -> Option<Holder> {
    let (file, index) = (inode(path), inode(&beside(path, "-shm")));
    find(|lock| {
        let is_of =
            |inode: Option<u64>, bytes: Range<u64>| inode == Some(lock.inode) && bytes.contains(&lock.start);
        lock.is_exclusive && (is_of(file, 0x4000_0000..0x4000_0200) || is_of(index, 120..121))
    })
}

/// Another process that has the database open. `None` where the system does not show it.
pub(crate) fn user(path: &Path) -> Option<Holder> {
    let files = [inode(path), inode(&beside(path, "-shm"))];
    find(|lock| files.contains(&Some(lock.inode)))
}

/// The process of the first lock that is meant, this one left out.
fn find(is_meant: impl Fn(&Lock) -> bool) -> Option<Holder> {
    // Linux shows them there (proc_locks(5)); elsewhere there is no such file.
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let mut others = locks.lines().filter_map(Lock::parse).filter(|lock| lock.process != std::process::id());
    let process = others.find(is_meant)?.process;
    let program = std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(Holder { process, program: program.trim().to_owned() })
}

#[cfg(unix)]
fn inode(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;

    std::fs::metadata(path).map(|file| file.ino()).ok()
}

#[cfg(not(unix))]
fn inode(_path: &Path) -> Option<u64> {
    None
}

/// A lock on a part of a file.
struct Lock {
    process: u32,
    is_exclusive: bool,
    inode: u64,
    start: u64,
}

impl Lock {
    /// One line: `1: POSIX ADVISORY WRITE 4711 08:01:1835 1073741825 1073741825`. Who waits has an arrow.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let ["POSIX", _, kind, process, file, start, _] = fields.get(1..)? else { return None };
        let inode = file.rsplit(':').next()?.parse().ok()?;
        let (process, start) = (process.parse().ok()?, start.parse().ok()?);
        Some(Self { process, is_exclusive: *kind == "WRITE", inode, start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_read_and_who_waits_for_one_has_none() {
        let of =
            |kind: &str| Lock::parse(&format!("1: POSIX  ADVISORY  {kind} 4711 08:01:1835 120 120")).unwrap();
        let lock = of("WRITE");
        assert_eq!((lock.process, lock.inode, lock.start), (4711, 1835, 120));
        assert!(lock.is_exclusive && !of("READ").is_exclusive);
        for other in [
            "1: -> POSIX  ADVISORY  WRITE 4711 08:01:1835 120 120",
            "2: FLOCK  ADVISORY  WRITE 12 00:2f:9 0 EOF",
            "3: OFDLCK ADVISORY  WRITE -1 00:2f:9 0 EOF",
            "",
        ] {
            assert!(Lock::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_wait_says_how_long_it_took_and_not_how_long_it_might_have() {
        let wait = Wait::new(Path::new("/none/ranklab.db"), Duration::from_secs(300));
        let Error::Locked { waited: Some(waited), .. } = wait.error() else { panic!("another error") };
        assert!(waited < Duration::from_secs(60), "{waited:?}");
    }
}
