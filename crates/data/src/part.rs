//! Files that are written aside before they take their name. Their process holds each locked: one that is not is
//! what a killed process left.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tempfile::{Builder, NamedTempFile};

/// How the name of a file begins and ends that is written aside.
const PREFIX: &str = ".ranklab-";
const SUFFIX: &str = ".part";
/// How earlier versions began such a name, which any program may use.
const FORMER_PREFIX: &str = ".tmp";
/// What earlier versions wrote aside began so: generated images, and manifests.
const FORMER_STARTS: [&[u8]; 2] = [b"PK\x03\x04", b"PAR1"];
/// What is not locked by the program that writes it is left alone for so long.
const FORMER_AGE: Duration = Duration::from_secs(3600);

/// A file to write aside; unlike other temporary files, anyone may read what becomes of it. What killed processes
/// left in its folder is removed.
pub(crate) fn readable_part(folder: &Path) -> io::Result<NamedTempFile> {
    for (path, lock) in abandoned(folder) {
        // While it is locked here no other process takes it for abandoned.
        let _ = fs::remove_file(path);
        drop(lock);
    }
    loop {
        let mut builder = Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let part = builder.tempfile_in(folder)?;
        // Somebody who looked at it before it was locked took it for abandoned. Where files cannot be locked,
        // nothing counts as abandoned.
        if part.as_file().lock().is_err() || is_at(part.as_file(), part.path()) {
            return Ok(part);
        }
    }
}

/// What killed processes left half-written in `folder`.
pub fn abandoned_parts(folder: &Path) -> Vec<PathBuf> {
    abandoned(folder).into_iter().map(|(path, _)| path).collect()
}

/// Parts whose process is gone, each locked.
fn abandoned(folder: &Path) -> Vec<(PathBuf, File)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let ours = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        let former = name.strip_prefix(FORMER_PREFIX).is_some_and(|rest| rest.len() == 6);
        if !(ours || former) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(file) = File::open(entry.path()) else { continue };
        if file.try_lock().is_ok() && (ours || is_former(&file)) {
            found.push((entry.path(), file));
        }
    }
    found
}

/// Whether an earlier version wrote this long ago.
fn is_former(mut file: &File) -> bool {
    let mut start = [0; 4];
    let read = file.read(&mut start).unwrap_or(0);
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let age = modified.map(|modified| SystemTime::now().duration_since(modified).unwrap_or_default());
    FORMER_STARTS.iter().any(|known| start[..read] == **known) && age.is_ok_and(|age| age >= FORMER_AGE)
}

/// Whether an open file still is the one at `path`.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (open.dev(), open.ino()) == (there.dev(), there.ino())
    }
    #[cfg(not(unix))]
    {
        open.len() == there.len()
    }
}

/// Makes what was written aside durable and gives it its name, in the same folder.
pub(crate) fn name(part: NamedTempFile, path: &Path) -> io::Result<()> {
    part.as_file().sync_all()?;
    part.persist(path).map_err(|problem| problem.error)?;
    sync_folder_of(path);
    Ok(())
}

/// Makes a rename durable where the platform can; where it can't, the data itself is synced.
pub(crate) fn sync_folder_of(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_a_killed_process_left_goes_with_the_next_and_what_is_written_or_a_strangers_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let old = |name: &str, content: &[u8]| {
            fs::write(path(name), content).unwrap();
            let file = File::options().write(true).open(path(name)).unwrap();
            file.set_modified(SystemTime::now() - FORMER_AGE * 2).unwrap();
        };
        // Left by this version and by an earlier one.
        fs::write(path(".ranklab-abc123.part"), b"half").unwrap();
        old(".tmpABC123", b"PK\x03\x04 half a zip");
        old(".tmpABC124", b"PAR1 half a manifest");
        // Somebody else's, or of an earlier version that may still write.
        old(".tmpABC125", b"something else");
        old("cells.part", b"half a download");
        old(".tmpABC", b"PK\x03\x04");
        fs::write(path(".tmpABC126"), b"PK\x03\x04").unwrap();
        let mut written = readable_part(folder.path()).unwrap();
        written.write_all(b"more").unwrap();
        let beside = readable_part(folder.path()).unwrap();
        assert!(abandoned_parts(folder.path()).is_empty());
        assert!(written.path().exists() && beside.path().exists());
        drop(beside);
        name(written, &path("whole")).unwrap();
        assert_eq!(files(folder.path()), [".tmpABC", ".tmpABC125", ".tmpABC126", "cells.part", "whole"]);
        assert_eq!(fs::read(path("whole")).unwrap(), b"more");
    }
}
