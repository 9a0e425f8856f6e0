//! Getting a dataset: over HTTP with resumption, from a `file://` address or from a path.

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
/// SHA-256 of the official zip, as other public projects pin it.
pub const OFFICIAL_SHA256: &str = "0a949556b2414159b5100192609805376654c4266d8d187be9b1922fad43c668";
/// Bytes of the official zip.
pub const OFFICIAL_BYTES: u64 = 353_452_851;
/// How long a source may be silent.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// The largest file that is taken, where its length is stated and where it is not.
const LARGEST: u64 = 16 << 30;
const LARGEST_UNSTATED: u64 = 1 << 30;
/// A source that sends fewer bytes within its patience counts as silent.
const LEAST: u64 = 1024;
/// How a zip with entries begins (APPNOTE 4.3.7).
pub const ZIP: &[u8] = b"PK\x03\x04";

/// What to get and where to put it.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// `http(s)://` and `file://` addresses or paths, tried in turn.
    pub sources: Vec<String>,
    /// Where the file goes.
    pub destination: PathBuf,
    /// What its SHA-256 must be, hexadecimal.
    pub sha256: Option<String>,
    /// How many bytes it must have.
    pub bytes: Option<u64>,
    /// How it must begin.
    pub magic: &'static [u8],
    /// How long a source may be silent, from connecting on.
    pub patience: Duration,
}

/// Hears of bytes done and, where known, in all, and says whether to go on.
pub type Fetched<'a> = &'a dyn Fn(u64, Option<u64>) -> ControlFlow<()>;

/// Gets the file from the first source that has it and returns its SHA-256.
///
/// Bytes go to `DESTINATION.part`, which one process writes at a time; an interrupted download goes on from there
/// if a hash is asked for: without one, nothing would tell a file put together from two mirrors. Only a whole file
/// with the right hash is renamed to the destination.
///
/// # Errors
/// One line with the reason of every source; when another process fetches the same, and when it was asked to stop.
pub fn fetch(request: &FetchRequest, progress: Fetched<'_>) -> Result<String, Error> {
    if let Some(hash) = &request.sha256
        && (hash.len() != 64 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()))
    {
        return Err(Error::Hash(format!("`{hash}` is no SHA-256: give its 64 hexadecimal digits")));
    }
    let folder = request.destination.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::io("creating", folder))?;
    let mut part = Part::lock(&request.destination)?;
    let mut problems = Vec::new();
    for source in &request.sources {
        match part.fill(source, request, progress) {
            Ok(hash) => {
                part.name(&request.destination)?;
                return Ok(hash);
            }
            Err(Problem::Stopped) => {
                part.leave(request.sha256.is_some());
                return Err(Error::Stopped);
            }
            Err(Problem::Of(problem) | Problem::Refused(problem)) => {
                problems.push(format!("{source}: {problem}"))
            }
        }
    }
    part.leave(request.sha256.is_some());
    Err(Error::Fetch { destination: request.destination.clone(), problems: problems.join("; ") })
}

/// Why a source did not give the file.
enum Problem {
    /// In words; what was written stays.
    Of(String),
    /// In words; it is another file.
    Refused(String),
    /// It was asked to stop.
    Stopped,
}

impl From<io::Error> for Problem {
    fn from(problem: io::Error) -> Self {
        Self::Of(problem.to_string())
    }
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Self::Of(problem)
    }
}

/// The file that is written, locked by this process.
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
                // Where files cannot be locked, it goes without.
                Ok(()) | Err(TryLockError::Error(_)) => {}
            }
            // Whoever held it before may have given it its name, or removed it.
            if is_at(&file, &path) {
                return Ok(Self { path, file });
            }
        }
    }

    /// Fills it from one source and returns its SHA-256.
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
            // A wrong file is of no use, and going on with it would never make it right.
            self.file.set_len(0)?;
            return Err(Problem::Refused(format!(
                "its SHA-256 is {hash} instead of {wanted}: it was damaged on the way or is another file"
            )));
        }
        if !self.begins_with(request.magic)? {
            self.file.set_len(0)?;
            return Err(Problem::Refused(
                "what it sends is no zip: it may be a page about an error or a login".to_owned(),
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

    /// Downloads, going on from what is there if the server can.
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
            go_on(progress(done, total))
        })
        .map_err(|problem| match problem {
            Problem::Of(problem) if done > 0 => Problem::Of(cut_off(done, total, &problem)),
            problem => problem,
        })?;
        match total {
            Some(total) if done < total => Err(cut_off(done, Some(total), "the connection ended").into()),
            _ => Ok(()),
        }
    }

    /// Copies a file.
    fn copy(&mut self, from: &Path, request: &FetchRequest, progress: Fetched<'_>) -> Result<(), Problem> {
        let metadata = fs::metadata(from)?;
        if !metadata.is_file() {
            return Err("it is no file".to_owned().into());
        }
        if fs::canonicalize(from)? == fs::canonicalize(&self.path)? {
            return Err("it is what is written to".to_owned().into());
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
            go_on(progress(done, Some(total)))?;
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
            go_on(progress(length, Some(length)))?;
        }
    }

    fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// Gives it its name.
    fn name(self, destination: &Path) -> Result<(), Error> {
        fs::rename(&self.path, destination).map_err(Error::io("naming", destination))?;
        // The file is whole under its name: a failing sync of the folder loses nothing.
        let _ = sync_parent(destination);
        Ok(())
    }

    /// Removes what cannot be gone on with.
    fn leave(self, continues: bool) {
        if !continues || self.length() == 0 {
            // What stays is overwritten next time.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for Part {
    /// A process forked meanwhile holds the lock with this one until it runs its own program.
    fn drop(&mut self) {
        // Where files cannot be locked, nothing is held.
        let _ = self.file.unlock();
    }
}

fn go_on(answer: ControlFlow<()>) -> Result<(), Problem> {
    if answer.is_break() { Err(Problem::Stopped) } else { Ok(()) }
}

fn cut_off(done: u64, total: Option<u64>, why: &str) -> String {
    let of = total.map_or(String::new(), |total| format!(" of {total}"));
    format!("cut off after {done}{of} bytes ({why}); run it again")
}

/// Refuses a length that is not the file's; returns how many bytes are taken at most.
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
