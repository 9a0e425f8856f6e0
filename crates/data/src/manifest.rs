//! Which images there are: name, label, patient, size and content hash of each, and what was left out.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{
    Error, decode,
    label::{Label, patient_of},
    manifest_file,
    source::ImageSource,
};

/// One usable image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Name within its folder or zip.
    pub name: String,
    /// Class.
    pub label: Label,
    /// Patient; the image's own name where it carries none, so that no leak can hide.
    pub patient: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// SHA-256 of the file, hexadecimal.
    pub content_hash: String,
}

/// Why an image was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The same bytes as an earlier image.
    Duplicate {
        /// The image that stays.
        of: String,
    },
    /// Not a whole PNG.
    Unreadable {
        /// Why.
        problem: String,
    },
    /// In a folder of neither class.
    Unlabelled,
}

/// An image that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Name within its folder or zip.
    pub name: String,
    /// Why.
    pub reason: Rejection,
}

/// All images of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Usable images by name.
    pub entries: Vec<ManifestEntry>,
    /// Images left out, by name.
    pub rejected: Vec<Rejected>,
}

/// Progress of something counted: done, total.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

impl Manifest {
    /// Reads, decodes and hashes every image.
    ///
    /// # Errors
    /// When no image of one of the classes is usable.
    pub fn build(source: &ImageSource, progress: Progress<'_>) -> Result<Self, Error> {
        let done = AtomicUsize::new(0);
        let total = source.names().len();
        let judged: Vec<Result<ManifestEntry, Rejected>> = source
            .names()
            .par_iter()
            .map(|name| {
                let judged = judge(source, name).map_err(|reason| Rejected { name: name.clone(), reason });
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                judged
            })
            .collect();
        let mut first_with: HashMap<String, String> = HashMap::new();
        let (mut entries, mut rejected) = (Vec::new(), Vec::new());
        for judged in judged {
            match judged {
                Ok(entry) => match first_with.get(&entry.content_hash) {
                    Some(of) => rejected
                        .push(Rejected { name: entry.name, reason: Rejection::Duplicate { of: of.clone() } }),
                    None => {
                        first_with.insert(entry.content_hash.clone(), entry.name.clone());
                        entries.push(entry);
                    }
                },
                Err(reason) => rejected.push(reason),
            }
        }
        let manifest = Self { entries, rejected };
        manifest.check(source.path())?;
        Ok(manifest)
    }

    /// The manifest kept in `folder` for the images at `path`, built anew where there is none, the
    /// images have changed or the file is damaged.
    ///
    /// # Errors
    /// As [`Manifest::build`], and when the manifest cannot be written.
    pub fn open_or_build(source: &ImageSource, folder: &Path, progress: Progress<'_>) -> Result<Self, Error> {
        let file = Self::file(source, folder)?;
        if let Some(manifest) = manifest_file::load(&file) {
            manifest.check(source.path())?;
            return Ok(manifest);
        }
        let manifest = Self::build(source, progress)?;
        manifest_file::save(&manifest, &file)?;
        Ok(manifest)
    }

    /// Where [`Manifest::open_or_build`] keeps the manifest of `source`.
    ///
    /// # Errors
    /// When the images' sizes and times cannot be read.
    pub fn file(source: &ImageSource, folder: &Path) -> Result<PathBuf, Error> {
        let path = std::path::absolute(source.path()).unwrap_or_else(|_| source.path().to_owned());
        let key = hexadecimal(&Sha256::digest(format!("{}\n{}", path.display(), source.stamp()?)));
        Ok(folder.join(format!("manifest-{}.parquet", &key[..16])))
    }

    fn check(&self, path: &Path) -> Result<(), Error> {
        let count = |label| self.entries.iter().filter(|entry| entry.label == label).count();
        let (uninfected, parasitized) = (count(Label::Uninfected), count(Label::Parasitized));
        if uninfected > 0 && parasitized > 0 {
            return Ok(());
        }
        let left_out = self.rejected.first().map_or(String::new(), |first| {
            format!(", {} files left out ({} first)", self.rejected.len(), first.name)
        });
        Err(Error::Empty {
            path: path.to_owned(),
            found: format!("{parasitized} parasitized and {uninfected} uninfected images{left_out}"),
        })
    }

    /// Images left out because their bytes stand elsewhere already.
    pub fn duplicates(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Duplicate { .. }))
    }

    /// Images left out because they cannot be read.
    pub fn unreadable(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Unreadable { .. }))
    }

    /// Patients.
    pub fn patients(&self) -> usize {
        self.entries
            .iter()
            .map(|entry| entry.patient.as_str())
            .collect::<std::collections::BTreeSet<_>>()
            .len()
    }

    /// At most `limit` images, the classes in proportion. They are taken in the order of their content
    /// hashes, which has nothing to do with patient or microscope: the same manifest and limit always
    /// give the same images, and a smaller limit gives a part of a larger one's.
    pub fn select(&self, limit: Option<usize>) -> ImageSet {
        let total = self.entries.len();
        let wanted = limit.unwrap_or(total).min(total);
        let mut by_class: BTreeMap<Label, Vec<&ManifestEntry>> = BTreeMap::new();
        for entry in &self.entries {
            by_class.entry(entry.label).or_default().push(entry);
        }
        let mut chosen = Vec::with_capacity(wanted);
        let mut left = wanted;
        let classes = by_class.len();
        for (place, (_, mut entries)) in by_class.into_iter().enumerate() {
            let share = (wanted * entries.len() + total / 2) / total.max(1);
            let take = if place + 1 == classes { left } else { share.min(left) };
            entries.sort_unstable_by(|a, b| a.content_hash.cmp(&b.content_hash));
            chosen.extend(entries.into_iter().take(take).cloned());
            left -= take;
        }
        chosen.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        ImageSet::new(chosen)
    }
}

fn judge(source: &ImageSource, name: &str) -> Result<ManifestEntry, Rejection> {
    let label = Label::of(name).ok_or(Rejection::Unlabelled)?;
    let bytes =
        source.read(name).map_err(|problem| Rejection::Unreadable { problem: problem.to_string() })?;
    let image = decode::decode(&bytes).map_err(|problem| Rejection::Unreadable { problem })?;
    if image.width() == 0 || image.height() == 0 {
        return Err(Rejection::Unreadable { problem: "it has no pixels".to_owned() });
    }
    Ok(ManifestEntry {
        name: name.to_owned(),
        label,
        patient: patient_of(name).unwrap_or(name).to_owned(),
        width: image.width(),
        height: image.height(),
        content_hash: hexadecimal(&Sha256::digest(&bytes)),
    })
}

/// The images that a trial uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// By name.
    pub entries: Vec<ManifestEntry>,
    /// SHA-256 over names, labels and content hashes, hexadecimal.
    pub hash: String,
}

impl ImageSet {
    fn new(entries: Vec<ManifestEntry>) -> Self {
        let mut hasher = Sha256::new();
        for entry in &entries {
            hasher.update(format!("{}\t{}\t{}\n", entry.name, entry.label.class(), entry.content_hash));
        }
        Self { entries, hash: hexadecimal(&hasher.finalize()) }
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
