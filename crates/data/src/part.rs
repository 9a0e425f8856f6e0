//! Files that are written aside before they take their name.

use std::{io, path::Path};

use tempfile::{Builder, NamedTempFile};

/// A file to write aside; unlike other temporary files, anyone may read what becomes of it.
pub(crate) fn readable_part(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.tempfile_in(folder)
}
