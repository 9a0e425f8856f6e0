//! Manifests as parquet files with one row per image and a SHA-256 file beside them. The checksum protects the parquet
//! reader, which panics on some damaged files and reads others without an error.

use std::{
    fs,
    io::{BufWriter, Cursor, Write as _},
    path::Path,
};

use polars::prelude::*;
use ranklab_files::{PartFile, sha256};
use ranklab_settings::{Class, ClassScheme};

use crate::{
    Error,
    entry::ManifestEntry,
    manifest::Manifest,
    part::Part,
    rejection::{Rejected, Rejection},
};

/// Extension of the file that holds the SHA-256.
const CHECKSUM: &str = "sha256";
/// Prefixes of the `problem` column.
const DUPLICATE: &str = "duplicate of ";
const CONTRADICTING: &str = "contradicts ";
const UNREADABLE: &str = "unreadable: ";
const UNLABELLED: &str = "no class folder";

/// Writes a manifest and its checksum, each to a part file that is synced and renamed.
pub(crate) fn save(manifest: &Manifest, path: &Path) -> Result<(), Error> {
    let failed = |problem: String| Error::Manifest { path: path.to_owned(), problem };
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Error::io("creating", folder))?;
    let mut frame = to_frame(manifest).map_err(|problem| failed(problem.to_string()))?;
    let part = PartFile::create(folder).map_err(Error::io("writing", path))?;
    // The parquet writer makes a thousand small pieces.
    let mut buffered = BufWriter::new(part.file());
    ParquetWriter::new(&mut buffered)
        .with_compression(ParquetCompression::Uncompressed)
        .finish(&mut frame)
        .map_err(|problem| failed(problem.to_string()))?;
    buffered.flush().map_err(Error::io("writing", path))?;
    drop(buffered);
    let content = fs::read(part.path()).map_err(Error::io("reading back", path))?;
    let checksum = checksum_line(path, &content);
    part.persist(path).map_err(Error::io("writing", path))?;
    let part = PartFile::create(folder).map_err(Error::io("writing", path))?;
    part.file().write_all(checksum.as_bytes()).map_err(Error::io("writing", path))?;
    part.persist(&path.with_extension(CHECKSUM)).map_err(Error::io("writing", path))
}

/// The checksum file's line, `HASH  NAME`, as `sha256sum` writes it.
fn checksum_line(path: &Path, content: &[u8]) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!("{}  {name}\n", sha256(content))
}

/// Compares a manifest file with its SHA-256.
///
/// # Errors
/// When the file or its checksum cannot be read or they differ, with the reason.
pub fn check_manifest(path: &Path) -> Result<(), String> {
    let content = fs::read(path).map_err(|problem| format!("it cannot be read: {problem}"))?;
    match fs::read_to_string(path.with_extension(CHECKSUM)) {
        Ok(line) if line == checksum_line(path, &content) => Ok(()),
        Ok(_) => Err("its SHA-256 differs from the recorded one".to_owned()),
        Err(problem) => Err(format!("its SHA-256 cannot be read: {problem}")),
    }
}

/// Reads a manifest; `None` if the file is absent or damaged.
pub(crate) fn load(path: &Path, scheme: &ClassScheme) -> Option<Manifest> {
    let content = fs::read(path).ok()?;
    if fs::read_to_string(path.with_extension(CHECKSUM)).ok()? != checksum_line(path, &content) {
        return None;
    }
    let frame = ParquetReader::new(Cursor::new(content)).finish().ok()?;
    from_frame(&frame, scheme)
}

fn to_frame(manifest: &Manifest) -> PolarsResult<DataFrame> {
    let usable = manifest.entries.iter();
    let rejected = &manifest.rejected;
    let blank = rejected.len();
    let files: Vec<&str> = usable
        .clone()
        .map(|entry| entry.file.as_str())
        .chain(rejected.iter().map(|rejected| rejected.name.as_str()))
        .collect();
    let names: Vec<&str> =
        usable.clone().map(|entry| entry.name.as_str()).chain(std::iter::repeat_n("", blank)).collect();
    let labels: Vec<i32> = usable
        .clone()
        .map(|entry| i32::from(entry.class.number()))
        .chain(std::iter::repeat_n(-1, blank))
        .collect();
    let groups: Vec<&str> =
        usable.clone().map(|entry| entry.group.as_str()).chain(std::iter::repeat_n("", blank)).collect();
    let part = |entry: &ManifestEntry| entry.part.map_or("", Part::name);
    let parts: Vec<&str> = usable.clone().map(part).chain(std::iter::repeat_n("", blank)).collect();
    let widths: Vec<u32> =
        usable.clone().map(|entry| entry.width).chain(std::iter::repeat_n(0, blank)).collect();
    let heights: Vec<u32> =
        usable.clone().map(|entry| entry.height).chain(std::iter::repeat_n(0, blank)).collect();
    let hashes: Vec<&str> = usable
        .clone()
        .map(|entry| entry.content_hash.as_str())
        .chain(std::iter::repeat_n("", blank))
        .collect();
    let problems: Vec<String> = usable
        .map(|_| String::new())
        .chain(rejected.iter().map(|rejected| match &rejected.reason {
            Rejection::Duplicate { of } => format!("{DUPLICATE}{of}"),
            Rejection::Contradicting { of } => format!("{CONTRADICTING}{of}"),
            Rejection::Unreadable { problem } => format!("{UNREADABLE}{problem}"),
            Rejection::Unlabelled { .. } => UNLABELLED.to_owned(),
        }))
        .collect();
    df!(
        "file" => files,
        "name" => names,
        "label" => labels,
        "patient" => groups,
        "part" => parts,
        "width" => widths,
        "height" => heights,
        "content_hash" => hashes,
        "problem" => problems,
    )
}

fn from_frame(frame: &DataFrame, scheme: &ClassScheme) -> Option<Manifest> {
    let files = frame.column("file").ok()?.str().ok()?;
    let names = frame.column("name").ok()?.str().ok()?;
    let labels = frame.column("label").ok()?.i32().ok()?;
    let groups = frame.column("patient").ok()?.str().ok()?;
    // Absent in files of earlier versions.
    let parts = frame.column("part").ok().map(|column| column.str()).transpose().ok()?;
    let widths = frame.column("width").ok()?.u32().ok()?;
    let heights = frame.column("height").ok()?.u32().ok()?;
    let hashes = frame.column("content_hash").ok()?.str().ok()?;
    let problems = frame.column("problem").ok()?.str().ok()?;
    let (mut entries, mut rejected) = (Vec::new(), Vec::new());
    for row in 0..frame.height() {
        let file = files.get(row)?.to_owned();
        let problem = problems.get(row)?;
        if problem.is_empty() {
            entries.push(ManifestEntry {
                file,
                name: names.get(row)?.to_owned(),
                class: Class::from_number(labels.get(row)?)?,
                group: groups.get(row)?.to_owned(),
                part: parts.and_then(|parts| parts.get(row)).and_then(Part::of_word),
                width: widths.get(row)?,
                height: heights.get(row)?,
                content_hash: hashes.get(row)?.to_owned(),
            });
        } else {
            let reason = if let Some(of) = problem.strip_prefix(DUPLICATE) {
                Rejection::Duplicate { of: of.to_owned() }
            } else if let Some(of) = problem.strip_prefix(CONTRADICTING) {
                Rejection::Contradicting { of: of.to_owned() }
            } else if let Some(problem) = problem.strip_prefix(UNREADABLE) {
                Rejection::Unreadable { problem: problem.to_owned() }
            } else {
                Rejection::Unlabelled { positive: scheme.positive.clone(), negative: scheme.negative.clone() }
            };
            rejected.push(Rejected { name: file, reason });
        }
    }
    Some(Manifest { entries, rejected, are_groups_given: scheme.group.is_column() })
}
