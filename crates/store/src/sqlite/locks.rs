//! The locks that SQLite takes on a database's files, and the processes that hold them.

use std::ops::Range;
use std::path::Path;

use crate::holder::Holder;
use crate::location::Location;

/// Which other process keeps writers from the database, by the locks that SQLite takes: bytes of the file from
/// 1 GiB on (<https://www.sqlite.org/lockingv3.html>), and byte 120 of the index of its log, which a writer holds
/// (<https://www.sqlite.org/walformat.html>). `None` where the system does not show it.
pub(crate) fn holder(location: &Location) -> Option<Holder> {
    let (file, index) = (inode(location.path()), inode(&location.beside("-shm")));
    find(|lock| {
        let is_of =
            |inode: Option<u64>, bytes: Range<u64>| inode == Some(lock.inode) && bytes.contains(&lock.start);
        lock.is_exclusive && (is_of(file, 0x4000_0000..0x4000_0200) || is_of(index, 120..121))
    })
}

/// Another process that has the database open. `None` where the system does not show it.
pub(crate) fn user(location: &Location) -> Option<Holder> {
    let files = [inode(location.path()), inode(&location.beside("-shm"))];
    find(|lock| files.contains(&Some(lock.inode)))
}

/// The process of the first lock that is meant, this one left out.
fn find(is_meant: impl Fn(&Lock) -> bool) -> Option<Holder> {
    // Linux shows them there (proc_locks(5)); elsewhere there is no such file.
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let mut others = locks.lines().filter_map(Lock::parse).filter(|lock| lock.process != std::process::id());
    let process = others.find(is_meant)?.process;
    let program = std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(Holder::Process { process, program: program.trim().to_owned(), host: None })
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
    /// One line: `1: POSIX ADVISORY WRITE 4711 08:01:1835 1073741825 1073741825`. A process that waits has an arrow.
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
}
