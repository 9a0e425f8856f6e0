//! Entries of folders, sizes and modification times.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use walkdir::WalkDir;

use crate::{Error, run_folder};

/// The folders of runs in the runs folder, with the numbers of the runs. Links are left out.
pub(crate) fn run_folders(runs_folder: &Path) -> Result<Vec<(i64, PathBuf)>, Error> {
    let paths = entries(runs_folder)?.into_iter().filter(|path| !path.is_symlink());
    Ok(paths.filter_map(|path| Some((run_folder::number(&path)?, path))).collect())
}

/// The entries of a folder, sorted by name; an absent folder has none.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |reason| Error::Io { action: "listing", path: folder.to_owned(), reason };
    let entries = match fs::read_dir(folder) {
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// Bytes of a file, or of all files below a folder. Links are not followed.
pub(crate) fn size(path: &Path) -> Result<u64, Error> {
    let mut bytes = 0;
    for entry in WalkDir::new(path) {
        match entry.and_then(|entry| entry.metadata()) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(metadata) => bytes += metadata.len(),
            // It went meanwhile.
            Err(problem)
                if problem.io_error().is_some_and(|reason| reason.kind() == io::ErrorKind::NotFound) => {}
            Err(problem) => {
                return Err(Error::Io {
                    action: "looking at",
                    path: problem.path().unwrap_or(path).to_owned(),
                    reason: problem.into(),
                });
            }
        }
    }
    Ok(bytes)
}

/// Modification time of a file; the start of 1970 if it is unknown.
pub(crate) fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Whether a time is at least `age` ago.
pub(crate) fn is_older(moment: SystemTime, age: Duration) -> bool {
    SystemTime::now().duration_since(moment).is_ok_and(|passed| passed >= age)
}
