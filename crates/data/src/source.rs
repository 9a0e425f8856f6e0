//! Image files in a folder or straight from a zip, readable from many threads at once.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use zip::ZipArchive;

use crate::Error;

/// The largest file that is read: a cell image is some tens of kilobytes.
const LARGEST_FILE: u64 = 64 << 20;
/// The entry that marks generated images.
pub(crate) const SYNTHETIC_MARKER: &str = "SYNTHETIC.txt";

/// A folder or a zip of images.
#[derive(Debug)]
pub struct ImageSource {
    path: PathBuf,
    storage: Storage,
    names: Vec<String>,
    synthetic: bool,
}

#[derive(Debug)]
enum Storage {
    Folder,
    Zip { archive: ZipArchive<SharedFile>, entries: BTreeMap<String, usize> },
}

impl ImageSource {
    /// Opens a folder or a zip and lists its PNG files.
    ///
    /// # Errors
    /// When there is nothing at `path`, or a zip that is not whole.
    pub fn open(path: &Path) -> Result<Self, Error> {
        if path.is_dir() {
            let mut names = Vec::new();
            list(path, path, &mut names)?;
            names.sort_unstable();
            let synthetic = names.iter().any(|name| name.ends_with(SYNTHETIC_MARKER));
            names.retain(|name| is_png(name));
            return Ok(Self { path: path.to_owned(), storage: Storage::Folder, names, synthetic });
        }
        let file = File::open(path).map_err(|problem| match problem.kind() {
            io::ErrorKind::NotFound => Error::Missing(path.to_owned()),
            _ => Error::io("opening", path)(problem),
        })?;
        let broken = |problem: String| Error::Zip { path: path.to_owned(), problem };
        let reader = SharedFile::new(file).map_err(Error::io("reading", path))?;
        let mut archive = ZipArchive::new(reader).map_err(|problem| broken(problem.to_string()))?;
        let mut entries = BTreeMap::new();
        for (index, name) in archive.file_names().enumerate() {
            entries.insert(name.map_err(|problem| broken(problem.to_string()))?.into_owned(), index);
        }
        let hostile = |problem: String| Error::HostileZip { path: path.to_owned(), problem };
        if let Some(name) = entries.keys().find(|name| leaves_its_folder(name)) {
            return Err(hostile(format!("its entry {name:?} would lie outside of it")));
        }
        // Entries that share bytes unpack to any size, the rest to a thousand times the file's at most.
        if archive.has_overlapping_files().map_err(|problem| broken(problem.to_string()))? {
            return Err(hostile("several of its entries share the same bytes, as in a zip bomb".to_owned()));
        }
        let names = entries.keys().filter(|name| is_png(name)).cloned().collect();
        let synthetic = entries.keys().any(|name| name.ends_with(SYNTHETIC_MARKER));
        Ok(Self { path: path.to_owned(), storage: Storage::Zip { archive, entries }, names, synthetic })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The images' names, sorted, with forward slashes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the images say of themselves that they were generated.
    pub fn is_synthetic(&self) -> bool {
        self.synthetic
    }

    /// The bytes of one file.
    ///
    /// # Errors
    /// When it is absent, too large to be a cell image or cannot be read.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let unreadable =
            |problem: String| Error::Image { path: self.path.clone(), name: name.to_owned(), problem };
        let too_large = || unreadable(format!("it is larger than {} MiB", LARGEST_FILE >> 20));
        match &self.storage {
            Storage::Folder => {
                let file =
                    File::open(self.path.join(name)).map_err(|problem| unreadable(problem.to_string()))?;
                read_bounded(file).map_err(|problem| unreadable(problem.to_string()))?.ok_or_else(too_large)
            }
            Storage::Zip { archive, entries } => {
                let index = *entries.get(name).ok_or_else(|| unreadable("no such file".to_owned()))?;
                // A clone shares the directory and has a position of its own.
                let mut archive = archive.clone();
                let file = archive.by_index(index).map_err(|problem| unreadable(problem.to_string()))?;
                read_bounded(file).map_err(|problem| unreadable(problem.to_string()))?.ok_or_else(too_large)
            }
        }
    }

    /// Changes whenever the files do: names, sizes and times of a folder, size and time of a zip.
    pub(crate) fn stamp(&self) -> Result<String, Error> {
        let stamp = |path: &Path| {
            let metadata = fs::metadata(path).map_err(Error::io("reading", path))?;
            let modified = metadata.modified().map_err(Error::io("reading", path))?;
            let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            Ok(format!("{} {}", metadata.len(), since.as_nanos()))
        };
        match &self.storage {
            Storage::Zip { .. } => stamp(&self.path),
            Storage::Folder => {
                let mut stamps = String::new();
                for name in &self.names {
                    let path = self.path.join(name);
                    let stamp = if path.exists() { stamp(&path)? } else { "lost".to_owned() };
                    stamps += &format!("{name} {stamp}\n");
                }
                Ok(stamps)
            }
        }
    }
}

/// Whether an entry would be unpacked elsewhere than below the folder it is unpacked in.
fn leaves_its_folder(name: &str) -> bool {
    let mut parts = name.split(['/', '\\']);
    let absolute = name.starts_with(['/', '\\']) || name.split(['/', '\\']).next().is_some_and(is_drive);
    absolute || parts.any(|part| part == "..")
}

/// `C:`, as Windows names a disk.
fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

fn is_png(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
        && !name.starts_with("__MACOSX/")
}

/// At most [`LARGEST_FILE`] bytes; `None` when there are more.
fn read_bounded(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= LARGEST_FILE).then_some(bytes))
}

fn list(root: &Path, folder: &Path, names: &mut Vec<String>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(Error::io("listing", folder))? {
        let entry = entry.map_err(Error::io("listing", folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(Error::io("listing", &path))?;
        if kind.is_dir() {
            list(root, &path, names)?;
        } else if (kind.is_file() || is_file_or_lost(&path))
            && let Ok(relative) = path.strip_prefix(root)
        {
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            names.push(parts.join("/"));
        }
    }
    Ok(())
}

/// Whether a link leads to a file, or nowhere, which is told when it is read. Reading from a pipe or a device
/// might never end.
fn is_file_or_lost(link: &Path) -> bool {
    fs::metadata(link).map_or(link.is_symlink(), |target| target.is_file())
}

/// A file that several readers share, each at a position of its own.
#[derive(Clone, Debug)]
struct SharedFile {
    file: Arc<File>,
    position: u64,
    length: u64,
}

impl SharedFile {
    fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), position: 0, length })
    }
}

impl Read for SharedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let count = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.position)?;
        #[cfg(windows)]
        let count = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let position = match target {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "a position before the file's start")
        })?;
        Ok(self.position)
    }
}
