//! Reading a file that anybody may have named as weights: a whole file of bounded size, or one clear line.

use std::{fs, io, path::Path};

use ranklab_files::read_file_at_most;

use crate::Error;

/// The largest file, or file inside a wheel, that is read: VGG16 with its dense layers has 553 MB.
pub(super) const LARGEST_FILE: u64 = 1 << 30;

/// Looks at the file without opening it: a pipe would be waited for, and a device may never end.
///
/// # Errors
/// What `absent` says where there is none, and when it is no file or too large.
pub(super) fn check(path: &Path, absent: impl FnOnce() -> Error) -> Result<(), Error> {
    let wrong = |problem: String| Error::Weights { path: path.to_owned(), problem };
    let metadata = fs::metadata(path).map_err(|reason| match reason.kind() {
        io::ErrorKind::NotFound => absent(),
        _ => unread(path, reason),
    })?;
    if !metadata.is_file() {
        return Err(wrong("it is no file".to_owned()));
    }
    if metadata.len() > LARGEST_FILE {
        return Err(wrong(too_large()));
    }
    Ok(())
}

/// The bytes of a file that [`check`] let pass, which may have grown since.
///
/// # Errors
/// When it cannot be read or has become too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    read_file_at_most(path, LARGEST_FILE)
        .map_err(|reason| unread(path, reason))?
        .ok_or_else(|| Error::Weights { path: path.to_owned(), problem: too_large() })
}

/// What is said of one that is too large.
pub(super) fn too_large() -> String {
    format!("it is larger than {} MiB", LARGEST_FILE >> 20)
}

fn unread(path: &Path, reason: io::Error) -> Error {
    Error::Io { action: "reading", path: path.to_owned(), reason }
}
