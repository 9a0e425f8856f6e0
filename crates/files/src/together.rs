//! Replaces several files of one folder together: all are written before the first is renamed.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    folder::{create_folder, parent},
    part::{PartFile, abandoned_parts, is_part_file},
};

/// Replaces files of one folder by bytes, and creates the folder if it is absent. All bytes go to part files, which are
/// synced before the first is renamed: after an error the old files stay, and no new folder is left. The files are
/// renamed in the given order.
///
/// # Errors
/// When the folder or a file cannot be written.
pub fn replace_together(files: &[(PathBuf, Vec<u8>)]) -> io::Result<()> {
    let Some((first, _)) = files.first() else { return Ok(()) };
    let folder = parent(first);
    let is_new = !folder.exists();
    create_folder(folder)?;
    // Those of earlier versions have names that other programs use as well: they stay in a user's folder.
    for left in abandoned_parts(folder).iter().filter(|path| is_part_file(path)) {
        let _ = fs::remove_file(left);
    }
    let parts: io::Result<Vec<PartFile>> = files.iter().map(|(_, bytes)| written(folder, bytes)).collect();
    if parts.is_err() && is_new {
        // It is empty: part files vanish with their handles.
        let _ = fs::remove_dir(folder);
    }
    parts?.into_iter().zip(files).try_for_each(|(part, (path, _))| part.persist(path))
}

/// A complete part file.
fn written(folder: &Path, bytes: &[u8]) -> io::Result<PartFile> {
    let part = PartFile::create_alone(folder)?;
    part.file().write_all(bytes)?;
    part.file().sync_all()?;
    Ok(part)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn files_are_replaced_and_what_a_killed_process_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new");
        let files = |bytes: &[u8]| ["a", "b"].map(|name| (path.join(name), bytes.to_vec()));
        replace_together(&files(b"first")).unwrap();
        fs::write(path.join(".ranklab-killed.part"), "half").unwrap();
        replace_together(&files(b"second")).unwrap();
        assert_eq!(["a", "b"].map(|name| fs::read(path.join(name)).unwrap()), [b"second"; 2]);
        assert_eq!(fs::read_dir(&path).unwrap().count(), 2);
        let mode = fs::metadata(path.join("a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o444, 0o444, "others cannot read it");
    }
}
