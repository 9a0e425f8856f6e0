//! Checks a feature cache by what it says of itself, without its images and weights.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::features::{CHECKSUM_BYTES, FORMAT, HEADER_BYTES, checksum_table, read_checksums};

/// How every version's caches begin.
const ANY_FORMAT: &[u8] = b"ranklab features ";

/// Whether a file is a feature cache of another version: this one does not use it.
pub fn is_features_of_another_version(path: &Path) -> bool {
    let mut start = [0; 32];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start.starts_with(ANY_FORMAT) && !start.starts_with(format!("{FORMAT}\n").as_bytes())
}

/// Reads a whole feature cache of this version and compares every checksum in it. `read` is asked before each
/// read and may end the work.
///
/// # Errors
/// In a few words, what is wrong with it.
pub fn check_features(path: &Path, go_on: &dyn Fn() -> bool) -> Result<(), String> {
    let unread = |problem: io::Error| format!("it cannot be read: {problem}");
    let mut file = Asking { file: File::open(path).map_err(unread)?, go_on };
    let length = file.file.metadata().map_err(unread)?.len();
    let mut header = [0; HEADER_BYTES];
    file.read_exact(&mut header).map_err(|_| "it is cut short".to_owned())?;
    let Header { key, images, values, checksum } =
        Header::of(&header).ok_or("its header is damaged".to_owned())?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if !key.get(..16).is_some_and(|key| stem.ends_with(&format!("-{key}"))) {
        return Err("it holds the features of another cache than its name says".to_owned());
    }
    let record_bytes = values.checked_mul(4);
    let expected = record_bytes.and_then(|record| {
        record.checked_add(CHECKSUM_BYTES)?.checked_mul(images)?.checked_add(HEADER_BYTES)
    });
    if expected.is_none_or(|expected| expected as u64 != length) {
        return Err("it is not as long as its header says".to_owned());
    }
    let (found, table) = read_checksums(&mut file, images, record_bytes.unwrap_or(0)).map_err(unread)?;
    if crc32fast::hash(&table) != checksum {
        return Err("its table of checksums is damaged".to_owned());
    }
    let expected = checksum_table(&found);
    let different = expected.chunks(CHECKSUM_BYTES).zip(table.chunks(CHECKSUM_BYTES));
    match different.filter(|(found, expected)| found != expected).count() {
        0 => Ok(()),
        damaged => Err(format!("the features of {damaged} of {images} images are damaged")),
    }
}

/// A file that may be read no further.
struct Asking<'a> {
    file: File,
    go_on: &'a dyn Fn() -> bool,
}

impl Read for Asking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.go_on)() { self.file.read(buffer) } else { Err(io::Error::other("it was stopped")) }
    }
}

/// What a cache says of itself.
struct Header<'a> {
    key: &'a str,
    images: usize,
    values: usize,
    checksum: u32,
}

impl<'a> Header<'a> {
    fn of(bytes: &'a [u8; HEADER_BYTES]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (text, rest) = text.split_once('\0')?;
        let mut lines = text.lines();
        let found = (lines.next()? == FORMAT).then_some(Self {
            key: lines.next()?,
            images: lines.next()?.strip_suffix(" images")?.parse().ok()?,
            values: lines.next()?.strip_suffix(" values")?.parse().ok().filter(|values| *values > 0)?,
            checksum: u32::from_str_radix(lines.next()?, 16).ok()?,
        });
        found.filter(|_| lines.next().is_none() && rest.bytes().all(|byte| byte == 0))
    }
}
