//! Part files: written in pieces and renamed when complete. The writing process holds a lock, so an unlocked part file
//! is abandoned.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tempfile::{Builder, NamedTempFile};

use crate::folder::sync_parent;

/// Start and end of the names of part files.
const PREFIX: &str = ".ranklab-";
const SUFFIX: &str = ".part";
/// Start of the names of part files in earlier versions; other programs use it as well.
const FORMER_PREFIX: &str = ".tmp";
/// First bytes of part files of earlier versions: generated images and manifests.
const FORMER_CONTENTS: [&[u8]; 2] = [b"PK\x03\x04", b"PAR1"];
/// Age after which part files of earlier versions, which took no lock, count as abandoned.
const FORMER_AGE: Duration = Duration::from_secs(3600);

/// A file that is renamed when it is complete, and removed when it is dropped before. Unlike other temporary files, all
/// users may read it.
#[derive(Debug)]
pub struct PartFile(NamedTempFile);

impl PartFile {
    /// Creates a part file in `folder`, locks it, and removes the part files there that killed processes left.
    ///
    /// # Errors
    /// When no file can be created in `folder`.
    pub fn create(folder: &Path) -> io::Result<Self> {
        for (path, lock) in abandoned(folder) {
            // The lock keeps other processes from removing it as well.
            let _ = fs::remove_file(path);
            drop(lock);
        }
        Self::create_alone(folder)
    }

    /// Creates a part file in `folder` and locks it.
    pub(crate) fn create_alone(folder: &Path) -> io::Result<Self> {
        loop {
            let mut builder = Builder::new();
            builder.prefix(PREFIX).suffix(SUFFIX);
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
            let part = builder.tempfile_in(folder)?;
            // Another process may have removed the file before it was locked. On file systems without locks, no file
            // counts as abandoned.
            if part.as_file().lock().is_err() || is_at(part.as_file(), part.path()) {
                return Ok(Self(part));
            }
        }
    }

    /// The open file, for writing.
    pub fn file(&self) -> &File {
        self.0.as_file()
    }

    /// Path of the part file.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Syncs the file and renames it to `path`, which must be in its folder.
    ///
    /// # Errors
    /// When the file cannot be synced or renamed.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        self.0.as_file().sync_all()?;
        self.0.persist(path).map_err(|problem| problem.error)?;
        // The file is complete under its name: a failing sync of the folder loses nothing.
        let _ = sync_parent(path);
        Ok(())
    }
}

/// Finds the part files in `folder` that killed processes left.
pub fn abandoned_parts(folder: &Path) -> Vec<PathBuf> {
    abandoned(folder).into_iter().map(|(path, _)| path).collect()
}

/// Whether a file has the name of a [`PartFile`].
pub fn is_part_file(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
}

/// Finds part files without a process, and locks each.
fn abandoned(folder: &Path) -> Vec<(PathBuf, File)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_current = is_part_file(Path::new(name));
        let is_former_name = name.strip_prefix(FORMER_PREFIX).is_some_and(|rest| rest.len() == 6);
        if !(is_current || is_former_name) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        // NFS locks only files that are open for writing.
        let file = File::options().read(true).write(true).open(entry.path());
        let Ok(file) = file.or_else(|_| File::open(entry.path())) else { continue };
        if file.try_lock().is_ok() && (is_current || is_former(&file)) {
            found.push((entry.path(), file));
        }
    }
    found
}

/// Whether a file is an abandoned part file of an earlier version, by its first bytes and age.
fn is_former(mut file: &File) -> bool {
    let mut start = [0; 4];
    let read = file.read(&mut start).unwrap_or(0);
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let age = modified.map(|modified| SystemTime::now().duration_since(modified).unwrap_or_default());
    FORMER_CONTENTS.iter().any(|known| start[..read] == **known) && age.is_ok_and(|age| age >= FORMER_AGE)
}

/// Whether an open file is still the file at `path`.
pub fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(found)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (open.dev(), open.ino()) == (found.dev(), found.ino())
    }
    #[cfg(not(unix))]
    {
        open.len() == found.len()
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
    fn part_files_of_killed_processes_are_removed_and_all_others_stay() {
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
        // Files of other programs, or of an earlier version that may still write.
        old(".tmpABC125", b"something else");
        old("cells.part", b"half a download");
        old(".tmpABC", b"PK\x03\x04");
        fs::write(path(".tmpABC126"), b"PK\x03\x04").unwrap();
        let written = PartFile::create(folder.path()).unwrap();
        written.file().write_all(b"more").unwrap();
        let beside = PartFile::create(folder.path()).unwrap();
        assert!(abandoned_parts(folder.path()).is_empty());
        assert!(written.path().exists() && beside.path().exists());
        drop(beside);
        written.persist(&path("whole")).unwrap();
        assert_eq!(files(folder.path()), [".tmpABC", ".tmpABC125", ".tmpABC126", "cells.part", "whole"]);
        assert_eq!(fs::read(path("whole")).unwrap(), b"more");
    }
}
