//! Files that are written aside before they take their name.

use std::{fs::File, io, path::Path};

use tempfile::{Builder, NamedTempFile};

/// A file to write aside; unlike other temporary files, anyone may read what becomes of it.
pub(crate) fn readable_part(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.tempfile_in(folder)
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
