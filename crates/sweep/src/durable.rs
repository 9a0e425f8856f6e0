//! Files that are whole or not there, whatever happens while they are written.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Writes `bytes` aside, makes them durable and gives them the name `path`, whose folder is made.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make(folder)?;
    // Of this process: one that lost its lease may still be writing.
    let part = path.with_extension(format!("{}.part", std::process::id()));
    let written = write(&part, bytes).and_then(|()| fs::rename(&part, path)).and_then(|()| sync(folder));
    if written.is_err() {
        // On a full disk half a file is of no use, and its space is.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes a folder, those above it as well, and makes them durable.
fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make(above)?;
    match fs::create_dir(folder) {
        Err(problem) if problem.kind() != io::ErrorKind::AlreadyExists => Err(problem),
        _ => sync(above),
    }
}

/// Makes a rename durable. Where the platform opens no folders, it does that by itself.
fn sync(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(()),
    }
}

/// Removes what killed processes left half-written in `folder`.
pub(crate) fn remove_parts(folder: &Path) {
    for part in parts(folder) {
        let _ = fs::remove_file(part);
    }
}

/// What is half-written in `folder`.
pub(crate) fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| is_part(path) && !path.is_symlink() && path.is_file()).collect()
}

/// Whether a file is named as [`replace`] names what it writes aside: NAME.PROCESS.part.
pub(crate) fn is_part(path: &Path) -> bool {
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
        fs::create_dir(path.with_extension(format!("{}.part", std::process::id()))).unwrap();
        assert!(replace(&path, b"second").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"first");
    }
}
