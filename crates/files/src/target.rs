//! Targets that a user names: only absent and regular files are replaced.

use std::{
    fs::{self, FileType},
    path::Path,
};

/// What stands at `path` in place of a regular file; `None` where a file can be written or replaced. A link is no
/// regular file, whatever it points to.
pub fn obstacle(path: &Path) -> Option<&'static str> {
    // A file that cannot be looked at cannot be written either: writing says why.
    other_kind(fs::symlink_metadata(path).ok()?.file_type())
}

/// The kind of a thing that is no regular file.
pub(crate) fn other_kind(found: FileType) -> Option<&'static str> {
    if found.is_file() {
        return None;
    }
    if found.is_dir() {
        return Some("a folder");
    }
    if found.is_symlink() {
        return Some("a link");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if found.is_fifo() {
            return Some("a pipe");
        }
        if found.is_socket() {
            return Some("a socket");
        }
    }
    Some("a device")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_absent_and_regular_files_are_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "").unwrap();
        assert_eq!([obstacle(&path("file")), obstacle(&path("absent"))], [None, None]);
        assert_eq!(obstacle(folder.path()), Some("a folder"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
            std::os::unix::fs::symlink(path("gone"), path("dangling")).unwrap();
            let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
            assert_eq!(["link", "dangling"].map(|name| obstacle(&path(name))), [Some("a link"); 2]);
            assert_eq!(obstacle(&path("socket")), Some("a socket"));
            // Only looked at.
            assert_eq!(obstacle(Path::new("/dev/null")), Some("a device"));
        }
    }
}
