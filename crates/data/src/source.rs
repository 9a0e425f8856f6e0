//! Reads image files from a folder, a zip or a table's paths, from many threads at once.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use ranklab_files::read_at_most;
use ranklab_settings::{ClassScheme, is_table};
use zip::{ZipArchive, result::ZipError};

use crate::{
    Error,
    image_file::ImageFile,
    listing::{escaped, list},
    naming::{canonical, class_folder, common_depth, parts},
    part::Part,
    passed_over::{PassedOver, PassedOverReason, SYNTHETIC_MARKER},
    progress::{Progress, unwatched},
    table::read_table,
};

/// Largest image file in bytes; a cell image has some tens of kilobytes.
const LARGEST_FILE: u64 = 64 << 20;

/// A folder or a zip of images, or a table that lists them.
#[derive(Debug)]
pub struct ImageSource {
    path: PathBuf,
    scheme: ClassScheme,
    storage: Storage,
    files: Vec<ImageFile>,
    passed_over: PassedOver,
    split_notice: Option<String>,
    synthetic: bool,
}

#[derive(Debug)]
enum Storage {
    /// The path of each file of a folder or table by name; a path need not be text.
    Files(HashMap<String, PathBuf>),
    Zip {
        archive: ZipArchive<SharedFile>,
        entries: HashMap<String, usize>,
    },
}

impl ImageSource {
    /// Opens a folder, a zip or a table and lists its images.
    ///
    /// # Errors
    /// When `path` is absent, or is an incomplete or hostile zip, or an unusable table.
    pub fn open(path: &Path, scheme: &ClassScheme) -> Result<Self, Error> {
        Self::open_watched(path, scheme, &unwatched)
    }

    /// Opens a folder, a zip or a table and lists its images. `progress` may request a stop.
    ///
    /// # Errors
    /// When `path` is absent, is an incomplete or hostile zip or an unusable table, or `progress` requests a stop.
    pub fn open_watched(path: &Path, scheme: &ClassScheme, progress: Progress<'_>) -> Result<Self, Error> {
        if path.is_dir() {
            Self::open_folder(path, scheme, progress)
        } else if Self::is_table(path) {
            Self::open_table(path, scheme, progress)
        } else {
            Self::open_zip(path, scheme)
        }
    }

    /// Whether `path` is that of a table, by its extension.
    pub(crate) fn is_table(path: &Path) -> bool {
        is_table(&path.to_string_lossy()) && !path.is_dir()
    }

    fn open_table(path: &Path, scheme: &ClassScheme, progress: Progress<'_>) -> Result<Self, Error> {
        let table = read_table(path, scheme, progress)?;
        Ok(Self {
            path: path.to_owned(),
            scheme: scheme.clone(),
            storage: Storage::Files(table.locations),
            files: table.files,
            passed_over: table.passed_over,
            split_notice: table.split_notice,
            synthetic: false,
        })
    }

    fn open_folder(path: &Path, scheme: &ClassScheme, progress: Progress<'_>) -> Result<Self, Error> {
        let listing = list(path, scheme, progress)?;
        let images = listing.images.iter().map(|(parts, _)| (parts.join("/"), parts.clone())).collect();
        let locations = listing.images.into_iter().map(|(parts, path)| (parts.join("/"), path)).collect();
        Ok(Self {
            path: path.to_owned(),
            scheme: scheme.clone(),
            storage: Storage::Files(locations),
            files: named(images, scheme),
            passed_over: listing.passed_over,
            split_notice: None,
            synthetic: listing.synthetic,
        })
    }

    fn open_zip(path: &Path, scheme: &ClassScheme) -> Result<Self, Error> {
        let file = File::open(path).map_err(|problem| match problem.kind() {
            io::ErrorKind::NotFound => Error::Missing(path.to_owned()),
            _ => Error::io("opening", path)(problem),
        })?;
        let broken = |problem: ZipError| Error::Zip { path: path.to_owned(), problem: problem.to_string() };
        let hostile = |problem: String| Error::HostileZip { path: path.to_owned(), problem };
        let reader = SharedFile::new(file).map_err(Error::io("reading", path))?;
        let mut archive = ZipArchive::new(reader).map_err(broken)?;
        // Entries that share bytes unpack to any size; others unpack to at most a thousand times the size of the file.
        if archive.has_overlapping_files().map_err(broken)? {
            return Err(hostile("several of its entries share the same bytes, as in a zip bomb".to_owned()));
        }
        let (mut entries, mut images, mut passed_over) = (HashMap::new(), Vec::new(), PassedOver::default());
        let mut synthetic = false;
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index).map_err(broken)?;
            let name = entry.name().map_or_else(|_| escaped(entry.name_raw()), std::borrow::Cow::into_owned);
            if leaves_its_folder(&name) {
                return Err(hostile(format!("its entry {name:?} would lie outside of it")));
            }
            synthetic |= name.ends_with(SYNTHETIC_MARKER);
            // Some programs on Windows write backslashes, against the format's rules.
            let parts = parts(&name, &['/', '\\']);
            if name.ends_with(['/', '\\']) {
                continue;
            } else if entry.is_symlink() {
                passed_over.note(PassedOverReason::LinkInZip, &parts);
            } else if passed_over.is_image(&parts, class_folder(&parts, scheme).is_some()) {
                images.push((name.clone(), parts));
                entries.insert(name, index);
            }
        }
        if archive.has_duplicate_names() {
            passed_over.note(PassedOverReason::SameName, &[]);
        }
        let storage = Storage::Zip { archive, entries };
        Ok(Self {
            path: path.to_owned(),
            scheme: scheme.clone(),
            storage,
            files: named(images, scheme),
            passed_over,
            split_notice: None,
            synthetic,
        })
    }

    /// Path of the folder, zip or table.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The class scheme that the dataset was opened with.
    pub fn scheme(&self) -> &ClassScheme {
        &self.scheme
    }

    /// The image files, sorted by [`ImageFile::name`].
    pub fn files(&self) -> &[ImageFile] {
        &self.files
    }

    /// The files that are not images, by reason.
    pub fn passed_over(&self) -> &PassedOver {
        &self.passed_over
    }

    /// Words of a table's column `split` that name no part, in one line; `None` where each does.
    pub fn split_notice(&self) -> Option<&str> {
        self.split_notice.as_deref()
    }

    /// Whether the dataset is marked as generated.
    pub fn is_synthetic(&self) -> bool {
        self.synthetic
    }

    /// Reads the image with this name within the folder, zip or table.
    ///
    /// # Errors
    /// When the image is absent, too large or cannot be read.
    pub fn read(&self, file: &str) -> Result<Vec<u8>, Error> {
        let unreadable =
            |problem: String| Error::Image { path: self.path.clone(), name: file.to_owned(), problem };
        let absent = || unreadable("no such file".to_owned());
        match &self.storage {
            Storage::Files(locations) => {
                let path = locations.get(file).ok_or_else(absent)?;
                read_file(path).map_err(unreadable)
            }
            Storage::Zip { archive, entries } => {
                let index = *entries.get(file).ok_or_else(absent)?;
                // A clone shares the directory and has a separate position.
                let mut archive = archive.clone();
                let file = archive.by_index(index).map_err(|problem| unreadable(problem.to_string()))?;
                read_at_most(file, LARGEST_FILE)
                    .map_err(|problem| unreadable(problem.to_string()))?
                    .ok_or_else(|| unreadable(too_large()))
            }
        }
    }
}

/// Reads an image file.
///
/// # Errors
/// When it is absent, no regular file, too large or cannot be read, with the reason.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    // A file that became a pipe since it was listed would block.
    let found = fs::metadata(path).map_err(|problem| problem.to_string())?;
    if !found.is_file() {
        return Err("it is no file".to_owned());
    }
    let file = File::open(path).map_err(|problem| problem.to_string())?;
    let bytes = read_at_most(file, LARGEST_FILE).map_err(|problem| problem.to_string())?;
    bytes.ok_or_else(too_large)
}

fn too_large() -> String {
    format!("it is larger than {} MiB", LARGEST_FILE >> 20)
}

/// Image files from their names within the source and the parts of these names.
fn named(images: Vec<(String, Vec<String>)>, scheme: &ClassScheme) -> Vec<ImageFile> {
    let common = common_depth(images.iter().map(|(_, parts)| parts.as_slice()), scheme);
    let mut files: Vec<ImageFile> = images
        .into_iter()
        .map(|(file, parts)| {
            let (group, part) = (None, Part::of_file(&parts, scheme));
            match class_folder(&parts, scheme) {
                Some((class, _)) => ImageFile {
                    name: canonical(&parts, common, scheme),
                    class: Some(class),
                    group,
                    part,
                    file,
                },
                None => ImageFile { name: file.clone(), class: None, group, part, file },
            }
        })
        .collect();
    files.sort_unstable_by(|a, b| (&a.name, &a.file).cmp(&(&b.name, &b.file)));
    files
}

/// Whether an entry would be unpacked outside of the target folder.
fn leaves_its_folder(name: &str) -> bool {
    let mut parts = name.split(['/', '\\']);
    let absolute = name.starts_with(['/', '\\']) || name.split(['/', '\\']).next().is_some_and(is_drive);
    absolute || parts.any(|part| part == "..")
}

/// Whether a part begins with a drive of Windows, such as `C:`.
fn is_drive(part: &str) -> bool {
    matches!(part.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// A file that several readers share, each with a separate position.
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
