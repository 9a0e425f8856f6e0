//! Creates and syncs folders, so that names in them survive a power failure.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// The folder of `path`; the current folder for a bare name.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Creates a folder and its parents, and syncs each folder that gained an entry.
///
/// # Errors
/// When a folder cannot be created or synced.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = parent(folder);
    create_folder(above)?;
    match fs::create_dir(folder) {
        Err(problem) if problem.kind() != io::ErrorKind::AlreadyExists => Err(problem),
        _ => sync_folder(above),
    }
}

/// Syncs a folder, so that renames in it survive a power failure. Platforms that cannot open folders sync renames
/// automatically.
///
/// # Errors
/// When the folder was opened and cannot be synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(()),
    }
}

/// Syncs the folder of `path`.
///
/// # Errors
/// When the folder was opened and cannot be synced.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    sync_folder(parent(path))
}
