//! Recognises and checks files of feature caches by their names and content, without images and weights.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::extraction::chunk_line;
use crate::feature_cache::{CHECKSUM_BYTES, FORMAT, HEADER_BYTES, checksum_table, read_checksums};
use crate::writer::without_writer;

/// How every version's caches begin.
const ANY_FORMAT: &[u8] = b"ranklab features ";

/// Whether a file is a feature cache, one under construction, or the log of one. A file that is only named like
/// one has no lock beside it and other content.
pub fn is_features_cache(path: &Path) -> bool {
    is_named(path)
        && !path.is_symlink()
        && path.is_file()
        && (features_lock(path).is_file() || holds_features(path))
}

/// The lock file beside a cache, one under construction or the log of one.
pub fn features_lock(path: &Path) -> PathBuf {
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    path.with_file_name(format!("{}.lock", without_writer(stem)))
}

/// Whether a file has the name of a cache's: the layer that it reaches to, 16 digits of its key, and its kind.
fn is_named(path: &Path) -> bool {
    let text = |part: Option<&OsStr>| part.and_then(OsStr::to_str).unwrap_or_default().to_owned();
    let (stem, extension) = (text(path.file_stem()), text(path.extension()));
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_stem =
        |(layer, key): (&str, &str)| !layer.is_empty() && key.len() == 16 && key.bytes().all(is_digit);
    ["features", "part", "log"].contains(&extension.as_str())
        && without_writer(&stem).rsplit_once('-').is_some_and(is_stem)
}

/// Whether the content begins as that of a cache's file does.
fn holds_features(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut start));
    if read.is_err() {
        return false;
    }
    match path.extension().and_then(OsStr::to_str) {
        Some("log") => {
            let first = std::str::from_utf8(&start).ok().and_then(|text| text.split_inclusive('\n').next());
            first.is_some_and(|line| chunk_line(line).is_some())
        }
        // Its header is written last.
        Some("part") if start.len() == HEADER_BYTES && start.iter().all(|byte| *byte == 0) => true,
        _ => start.starts_with(ANY_FORMAT),
    }
}

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
    let Header { key, images, values, checksum, calibration } =
        Header::of(&header).ok_or("its header is damaged".to_owned())?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if !key.get(..16).is_some_and(|key| stem.ends_with(&format!("-{key}"))) {
        return Err("it holds the features of another cache than its name says".to_owned());
    }
    let record_bytes = values.checked_mul(4);
    let expected = record_bytes.and_then(|record| {
        let records = record.checked_add(CHECKSUM_BYTES)?.checked_mul(images)?;
        records.checked_add(HEADER_BYTES)?.checked_add(calibration)
    });
    if expected.is_none_or(|expected| expected as u64 != length) {
        return Err("it is not as long as its header says".to_owned());
    }
    let (found, rest) = read_checksums(&mut file, images, record_bytes.unwrap_or(0)).map_err(unread)?;
    if crc32fast::hash(&rest) != checksum {
        let what = if calibration > 0 { "table of checksums or calibration" } else { "table of checksums" };
        return Err(format!("its {what} is damaged"));
    }
    let table = &rest[..found.len() * CHECKSUM_BYTES];
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
    /// Bytes of the calibration.
    calibration: usize,
}

impl<'a> Header<'a> {
    fn of(bytes: &'a [u8; HEADER_BYTES]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (text, rest) = text.split_once('\0')?;
        let mut lines = text.lines();
        let mut found = (lines.next()? == FORMAT).then_some(Self {
            key: lines.next()?,
            images: lines.next()?.strip_suffix(" images")?.parse().ok()?,
            values: lines.next()?.strip_suffix(" values")?.parse().ok().filter(|values| *values > 0)?,
            checksum: u32::from_str_radix(lines.next()?, 16).ok()?,
            calibration: 0,
        });
        if let (Some(found), Some(line)) = (&mut found, lines.next()) {
            found.calibration = line.strip_suffix(" bytes of calibration")?.parse().ok()?;
        }
        found.filter(|_| lines.next().is_none() && rest.bytes().all(|byte| byte == 0))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_files_with_the_names_that_the_trainer_gives_are_caches() {
        for name in [
            "block4_pool-0123456789abcdef",
            "block4_pool-block5_conv1-00000000000000ff",
            "input-0123456789abcdef",
            // Of one writer.
            "block4_pool-0123456789abcdef.01234567",
        ] {
            for extension in ["features", "part", "log"] {
                assert!(is_named(Path::new(&format!("{name}.{extension}"))), "{name}.{extension}");
            }
        }
        for name in [
            "notes.txt",
            "mine.features",
            "mine-0123456789abcde.features",
            "mine-0123456789abcdef.0123456.part",
            "mine-0123456789ABCDEF.features",
            "-0123456789abcdef.features",
            "block4_pool-0123456789abcdef.npy",
            "block4_pool-0123456789abcdef",
        ] {
            assert!(!is_named(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_strangers_file_with_the_name_of_a_cache_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut long = b"ranklab features 3\n".to_vec();
        long.resize(2 * HEADER_BYTES, 0);
        for (extension, content, is_cache) in [
            ("features", &long[..], true),
            ("features", b"mine", false),
            ("features", b"", false),
            ("features", b"ranklab notes on features, which are longer than any header", false),
            ("part", &[0; 2 * HEADER_BYTES], true),
            ("part", &long, true),
            ("part", &[0; 3], false),
            ("part", b"half a download of a film", false),
            ("log", b"64 0123abcd\n64 0123", true),
            ("log", b"2026-11-27 all went well\n", false),
            ("log", b"", false),
            ("log", &[0xff, 0xfe], false),
        ] {
            let path = folder.path().join(format!("results-0123456789abcdef.{extension}"));
            fs::write(&path, content).unwrap();
            assert_eq!(is_features_cache(&path), is_cache, "{extension} {content:?}");
            // The trainer holds a lock beside its own, however damaged they are.
            fs::write(path.with_extension("lock"), "").unwrap();
            assert!(is_features_cache(&path), "{extension} {content:?}");
            fs::remove_file(path.with_extension("lock")).unwrap();
            fs::remove_file(&path).unwrap();
            #[cfg(unix)]
            {
                std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
                fs::write(folder.path().join("elsewhere"), content).unwrap();
                assert!(!is_features_cache(&path));
                fs::remove_file(&path).unwrap();
            }
        }
    }
}
