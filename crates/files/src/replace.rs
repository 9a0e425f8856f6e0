//! Replaces files by bytes in memory: readers see the complete old file or the complete new one.

use std::{
    ffi::OsStr,
    fs::{self, File},
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::folder::{create_folder, parent, sync_folder};

/// Replaces the file at `path` by `bytes`, and creates its folder if it is absent. The bytes go to a part file, which is
/// synced and renamed. After an error the old file stays.
///
/// # Errors
/// When the file or its folder cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = parent(path);
    create_folder(folder)?;
    // The name is that of this process: one that lost its lease may still write, also on another host with this number.
    let part = path.with_extension(format!("{}.part", writer()));
    let written =
        write(&part, bytes).and_then(|()| fs::rename(&part, path)).and_then(|()| sync_folder(folder));
    if written.is_err() {
        // Half a file would waste space on a full disk.
        let _ = fs::remove_file(&part);
    }
    written
}

/// A number of this process, which no process on another host has.
fn writer() -> u32 {
    static WRITER: OnceLock<u32> = OnceLock::new();
    *WRITER.get_or_init(|| {
        // Every `RandomState` is keyed by the system's random numbers.
        let random = RandomState::new().build_hasher().finish();
        u32::try_from(random >> 32).unwrap_or(0)
    })
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes the half-written files that killed processes left in `folder`.
pub fn remove_parts(folder: &Path) {
    for part in parts(folder) {
        let _ = fs::remove_file(part);
    }
}

/// The half-written files in `folder`.
pub fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| is_part(path) && !path.is_symlink() && path.is_file()).collect()
}

/// Whether a file has the name of a part file of [`replace`]: NAME.NUMBER.part.
pub fn is_part(path: &Path) -> bool {
    let process = path.file_stem().map(Path::new).and_then(Path::extension).and_then(OsStr::to_str);
    path.extension().is_some_and(|extension| extension == "part")
        && process.is_some_and(|process| process.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run/checkpoint");
        replace(&path, b"first").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        fs::write(path.with_extension("77.part"), b"half").unwrap();
        for strangers in ["mine.part", "mine.v2.part", "7.part"] {
            fs::write(path.with_file_name(strangers), b"half").unwrap();
        }
        remove_parts(path.parent().unwrap());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 4);
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        replace(&path, b"first").unwrap();
        // A folder in the way of the part.
        fs::create_dir(path.with_extension(format!("{}.part", writer()))).unwrap();
        assert!(replace(&path, b"second").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"first");
    }
}
