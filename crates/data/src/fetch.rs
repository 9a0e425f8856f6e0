//! Fetches a file over HTTP with resumption, from a `file://` address or from a path.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::Duration,
};

use ranklab_files::{hexadecimal, is_at, sync_parent};
use sha2::{Digest, Sha256};

use crate::{
    Error,
    download::{self, Piece},
};

/// The official address of the NIH/NLM cell images.
pub const OFFICIAL_URL: &str = "https://data.lhncbc.nlm.nih.gov/public/Malaria/cell_images.zip";
/// SHA-256 of the official zip, which other public projects also pin.
pub const OFFICIAL_SHA256: &str = "0a949556b2414159b5100192609805376654c4266d8d187be9b1922fad43c668";
/// Size of the official zip in bytes.
pub const OFFICIAL_BYTES: u64 = 353_452_851;
/// Time after which a silent source is abandoned.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Largest file in bytes, with a stated length and without one.
const LARGEST: u64 = 16 << 30;
const LARGEST_UNSTATED: u64 = 1 << 30;
/// Bytes that a source must send within its patience; with fewer it counts as silent.
const LEAST: u64 = 1024;
/// First bytes of a zip with entries (APPNOTE 4.3.7).
pub const ZIP: &[u8] = b"PK\x03\x04";

/// A file to fetch: its sources, its destination and its checks.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// `http(s)://` and `file://` addresses or paths, tried in turn.
    pub sources: Vec<String>,
    /// Path of the fetched file.
    pub destination: PathBuf,
    /// Expected SHA-256 in hexadecimal digits.
    pub sha256: Option<String>,
    /// Expected size in bytes.
    pub bytes: Option<u64>,
    /// Expected first bytes.
    pub magic: &'static [u8],
    /// Time after which a silent source is abandoned, from connecting on.
    pub patience: Duration,
}

/// Receives the bytes done and, if known, the total, and answers whether to continue.
pub type Fetched<'a> = &'a dyn Fn(u64, Option<u64>) -> ControlFlow<()>;

/// Fetches a file from the first source that has it and returns its SHA-256.
///
/// One process at a time writes `DESTINATION.part`. An interrupted download resumes only with an expected hash, which
/// detects a file joined from different mirrors. Only a complete file with the expected hash is renamed to the
/// destination.
///
/// # Errors
/// When every source fails, when another process fetches the file, and when `progress` requests a stop.
pub fn fetch(request: &FetchRequest, progress: Fetched<'_>) -> Result<String, Error> {
    if let Some(hash) = &request.sha256
        && (hash.len() != 64 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()))
    {
        return Err(Error::Hash(format!("`{hash}` is not a SHA-256: give 64 hexadecimal digits")));
    }
    let folder = request.destination.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::io("creating", folder))?;
    let mut part = Part::lock(&request.destination)?;
    let mut problems = Vec::new();
    for source in &request.sources {
        match part.fill(source, request, progress) {
            Ok(hash) => {
                part.complete(&request.destination)?;
                return Ok(hash);
            }
            Err(Problem::Stopped) => {
                part.close(request.sha256.is_some());
                return Err(Error::Stopped);
            }
            Err(Problem::Failed(problem) | Problem::Refused(problem)) => {
                problems.push(format!("{source}: {problem}"))
            }
        }
    }
    part.close(request.sha256.is_some());
    Err(Error::Fetch { destination: request.destination.clone(), problems: problems.join("; ") })
}

/// The reason why a source failed.
enum Problem {
    /// The source failed; the bytes written stay.
    Failed(String),
    /// The source has another file; the bytes written are dropped.
    Refused(String),
    /// A stop was requested.
    Stopped,
}

impl From<io::Error> for Problem {
    fn from(problem: io::Error) -> Self {
        Self::Failed(problem.to_string())
    }
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Self::Failed(problem)
    }
}

/// The part file, locked by this process.
struct Part {
    path: PathBuf,
    file: File,
}

impl Part {
    fn lock(destination: &Path) -> Result<Self, Error> {
        let mut path = destination.to_owned().into_os_string();
        path.push(".part");
        let path = PathBuf::from(path);
        let failed = || Error::io("opening", &path);
        loop {
            let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
            let file = options.open(&path).map_err(failed())?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(Error::Fetching(destination.to_owned())),
                // Some file systems cannot lock files.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            // Its previous owner may have renamed or removed it.
            if is_at(&file, &path) {
                return Ok(Self { path, file });
            }
        }
    }

    /// Fills the part file from one source and returns its SHA-256.
    fn fill(
        &mut self,
        source: &str,
        request: &FetchRequest,
        progress: Fetched<'_>,
    ) -> Result<String, Problem> {
        if request.sha256.is_none() || request.bytes.is_some_and(|bytes| self.length() > bytes) {
            self.file.set_len(0)?;
        }
        let scheme = source.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("http" | "https") => self.download(source, request, progress)?,
            Some("file") => self.copy(Path::new(&source["file://".len()..]), request, progress)?,
            Some(_) if !Path::new(source).exists() => {
                return Err("give an http://, https:// or file:// address, or a path".to_owned().into());
            }
            _ => self.copy(Path::new(source), request, progress)?,
        }
        let hash = self.hash(progress)?;
        if let Some(wanted) = &request.sha256
            && !wanted.eq_ignore_ascii_case(&hash)
        {
            // A wrong file must not be resumed.
            self.file.set_len(0)?;
            return Err(Problem::Refused(format!(
                "its SHA-256 is {hash} instead of {wanted}: it was damaged on the way or is another file"
            )));
        }
        if !self.begins_with(request.magic)? {
            self.file.set_len(0)?;
            return Err(Problem::Refused(
                "it sent something that is no zip, perhaps an error or login page".to_owned(),
            ));
        }
        self.file.sync_all()?;
        Ok(hash)
    }

    fn begins_with(&mut self, magic: &[u8]) -> io::Result<bool> {
        let mut start = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        (&self.file).take(magic.len() as u64).read_to_end(&mut start)?;
        Ok(start == magic)
    }

    /// Downloads the file, and resumes the part file if the server supports it.
    fn download(&mut self, url: &str, request: &FetchRequest, progress: Fetched<'_>) -> Result<(), Problem> {
        let have = self.length();
        let mut done = have;
        let (mut total, mut limit) = (None, request.bytes.unwrap_or(LARGEST_UNSTATED));
        download::receive(url, have, request.patience, LEAST, &mut |piece| {
            match piece {
                Piece::Begin { start, length } => {
                    if start != 0 && start != have {
                        let problem = format!("it sent bytes from {start} on instead of {have}");
                        return Err(Problem::Refused(problem));
                    }
                    total = length.map(|length| start.saturating_add(length));
                    limit = check_length(total, request)?;
                    self.file.set_len(start)?;
                    self.file.seek(SeekFrom::Start(start))?;
                    done = start;
                }
                Piece::Bytes(bytes) => {
                    if done + bytes.len() as u64 > limit {
                        self.file.set_len(0)?;
                        let problem = format!("it sends more than {limit} bytes: it is another file");
                        return Err(Problem::Refused(problem));
                    }
                    self.file.write_all(bytes)?;
                    done += bytes.len() as u64;
                }
                Piece::Nothing => {}
            }
            continue_or_stop(progress(done, total))
        })
        .map_err(|problem| match problem {
            Problem::Failed(problem) if done > 0 => Problem::Failed(cut_off(done, total, &problem)),
            problem => problem,
        })?;
        match total {
            Some(total) if done < total => Err(cut_off(done, Some(total), "the connection ended").into()),
            _ => Ok(()),
        }
    }

    /// Copies a local file.
    fn copy(&mut self, from: &Path, request: &FetchRequest, progress: Fetched<'_>) -> Result<(), Problem> {
        let metadata = fs::metadata(from)?;
        if !metadata.is_file() {
            return Err("it is no file".to_owned().into());
        }
        if fs::canonicalize(from)? == fs::canonicalize(&self.path)? {
            return Err("it is the part file of this download".to_owned().into());
        }
        let total = metadata.len();
        check_length(Some(total), request)?;
        let mut from = File::open(from)?.take(total);
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        let (mut buffer, mut done) = (vec![0; 1 << 18], 0);
        loop {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            self.file.write_all(&buffer[..count])?;
            done += count as u64;
            continue_or_stop(progress(done, Some(total)))?;
        }
        if done < total { Err(format!("it ended after {done} of {total} bytes").into()) } else { Ok(()) }
    }

    fn hash(&mut self, progress: Fetched<'_>) -> Result<String, Problem> {
        let length = self.length();
        self.file.seek(SeekFrom::Start(0))?;
        let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            match self.file.read(&mut buffer)? {
                0 => return Ok(hexadecimal(hasher.finalize())),
                count => hasher.update(&buffer[..count]),
            }
            continue_or_stop(progress(length, Some(length)))?;
        }
    }

    fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Renames the complete file to its destination.
    fn complete(self, destination: &Path) -> Result<(), Error> {
        fs::rename(&self.path, destination).map_err(Error::io("naming", destination))?;
        // The file is complete at its destination: a failing sync of the folder loses nothing.
        let _ = sync_parent(destination);
        Ok(())
    }

    /// Closes the part file and removes it unless it can be resumed.
    fn close(self, is_resumable: bool) {
        if !is_resumable || self.length() == 0 {
            // A file that cannot be removed is overwritten next time.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for Part {
    /// Unlocks the file: a process forked meanwhile would hold the lock until it runs its program.
    fn drop(&mut self) {
        // Some file systems cannot lock files.
        let _ = self.file.unlock();
    }
}

fn continue_or_stop(answer: ControlFlow<()>) -> Result<(), Problem> {
    if answer.is_break() { Err(Problem::Stopped) } else { Ok(()) }
}

fn cut_off(done: u64, total: Option<u64>, why: &str) -> String {
    let of = total.map_or(String::new(), |total| format!(" of {total}"));
    format!("cut off after {done}{of} bytes ({why}); repeat the command")
}

/// Refuses an unexpected length, and returns the largest number of bytes to receive.
fn check_length(total: Option<u64>, request: &FetchRequest) -> Result<u64, Problem> {
    match (total, request.bytes) {
        (Some(total), Some(wanted)) if total != wanted => {
            let problem = format!("it has {total} bytes instead of {wanted}: it is another file");
            Err(Problem::Refused(problem))
        }
        (Some(total), None) if total > LARGEST => {
            Err(Problem::Refused(format!("it has {total} bytes, more than {} GiB", LARGEST >> 30)))
        }
        (total, wanted) => Ok(wanted.or(total).unwrap_or(LARGEST_UNSTATED)),
    }
}

#[cfg(test)]
mod tests;
