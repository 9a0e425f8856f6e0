//! Reads up to a limit, so that files of any size need bounded memory.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use crate::target::other_kind;

/// Reads `reader` to its end; `None` if it holds more than `most` bytes.
///
/// # Errors
/// When reading fails.
pub fn read_at_most(reader: impl Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// Reads the file at `path`; `None` if it holds more than `most` bytes.
///
/// # Errors
/// When the file cannot be opened or read, and when it is a pipe or a socket, which may never end.
pub fn read_file_at_most(path: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    // Opening a pipe waits for whoever writes to it.
    if let Some(kind @ ("a pipe" | "a socket")) = other_kind(fs::metadata(path)?.file_type()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {kind} and no file")));
    }
    read_at_most(File::open(path)?, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
        assert_eq!(read_at_most(&b"four"[..], 4).unwrap().as_deref(), Some(&b"four"[..]));
        assert_eq!(read_at_most(&b"fives"[..], 4).unwrap(), None);
        // A reader without an end.
        assert_eq!(read_at_most(io::repeat(0), 1 << 16).unwrap(), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_and_a_socket_are_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, socket) = (folder.path().join("pipe"), folder.path().join("socket"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let refused = |path: &Path| read_file_at_most(path, 4).unwrap_err().to_string();
        assert_eq!(
            [refused(&pipe), refused(&socket)],
            ["it is a pipe and no file", "it is a socket and no file"]
        );
    }
}
