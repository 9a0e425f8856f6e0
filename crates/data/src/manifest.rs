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
    /// Patient; the image's own name where it carries none.
    pub patient: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// SHA-256 of the file, hexadecimal.
    pub content_hash: String,
}

impl ManifestEntry {
    /// Whether it is known whose image it is.
    pub fn tells_patient(&self) -> bool {
        self.patient != self.name
    }
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
        // Unreadable images are looked at again: a disk that failed once need not fail twice.
        if let Some(manifest) = manifest_file::load(&file)
            && manifest.unreadable().next().is_none()
        {
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{SyntheticConfig, synthetic};

    /// A folder of 40 generated cells, one of them cut in half, one copied, one in no class.
    fn folder() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let zip = folder.path().join("cells.zip");
        let config = SyntheticConfig { images: 40, patients: 4, seed: 0 };
        synthetic::write_zip(&config, &zip, &|_, _| {}).unwrap();
        let images = folder.path().join("images");
        zip::ZipArchive::new(fs::File::open(&zip).unwrap()).unwrap().extract(&images).unwrap();
        let class = images.join("cell_images/Uninfected");
        let mut names: Vec<_> = fs::read_dir(&class).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        let bytes = fs::read(&names[0]).unwrap();
        fs::write(&names[0], &bytes[..bytes.len() / 2]).unwrap();
        fs::copy(&names[1], class.join("C9P9_copy.png")).unwrap();
        fs::copy(&names[1], images.join("stray.png")).unwrap();
        let cut = names[0].file_name().unwrap().to_str().unwrap().to_owned();
        (folder, cut)
    }

    #[test]
    fn what_is_left_out_is_named_with_its_reason() {
        let (folder, cut) = folder();
        let source = ImageSource::open(&folder.path().join("images")).unwrap();
        let manifest = Manifest::build(&source, &|_, _| {}).unwrap();
        assert_eq!(manifest.entries.len(), 39);
        assert_eq!(manifest.rejected.len(), 3);
        assert!(manifest.unreadable().next().unwrap().name.ends_with(&cut));
        // Of two equal files the first by name stays, and `C9P9` sorts behind the generated `C1` to `C4`.
        let duplicate = manifest.duplicates().next().unwrap();
        assert!(duplicate.name.ends_with("C9P9_copy.png"), "{duplicate:?}");
        assert!(manifest.rejected.iter().any(|rejected| rejected.reason == Rejection::Unlabelled));
    }

    #[test]
    fn a_manifest_is_kept_noticed_to_be_stale_and_rebuilt_when_damaged() {
        let (folder, cut) = folder();
        fs::remove_file(folder.path().join("images/cell_images/Uninfected").join(cut)).unwrap();
        let source = ImageSource::open(&folder.path().join("images")).unwrap();
        let cache = folder.path().join("cache");
        let built = Manifest::open_or_build(&source, &cache, &|_, _| {}).unwrap();
        let read = Manifest::open_or_build(&source, &cache, &|_, _| panic!("it was built again")).unwrap();
        assert_eq!(built, read);
        let file = Manifest::file(&source, &cache).unwrap();
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(Manifest::open_or_build(&source, &cache, &|_, _| {}).unwrap(), built);
        // A changed letter of a name would be believed.
        let place = bytes.windows(5).position(|five| five == b"cell_").unwrap();
        let changed: Vec<u8> =
            bytes.iter().enumerate().map(|(at, byte)| if at == place { b'k' } else { *byte }).collect();
        fs::write(&file, changed).unwrap();
        assert_eq!(Manifest::open_or_build(&source, &cache, &|_, _| {}).unwrap(), built);
        let first = folder.path().join("images").join(&built.entries[0].name);
        fs::copy(folder.path().join("images").join(&built.entries[1].name), first).unwrap();
        let source = ImageSource::open(&folder.path().join("images")).unwrap();
        assert_ne!(Manifest::open_or_build(&source, &cache, &|_, _| {}).unwrap(), built);
    }

    #[test]
    fn a_limit_keeps_the_classes_in_proportion_and_a_smaller_one_is_a_part_of_a_larger() {
        let entries = (0..300)
            .map(|number| ManifestEntry {
                name: format!("{number:03}"),
                label: if number < 100 { Label::Parasitized } else { Label::Uninfected },
                patient: "C1".to_owned(),
                width: 1,
                height: 1,
                content_hash: hexadecimal(&Sha256::digest(format!("{number}"))),
            })
            .collect();
        let manifest = Manifest { entries, rejected: Vec::new() };
        let small = manifest.select(Some(30));
        let large = manifest.select(Some(60));
        let positives = |set: &ImageSet| set.entries.iter().filter(|e| e.label == Label::Parasitized).count();
        assert_eq!((small.entries.len(), positives(&small)), (30, 10));
        assert_eq!((large.entries.len(), positives(&large)), (60, 20));
        assert!(small.entries.iter().all(|entry| large.entries.contains(entry)));
        assert_eq!(manifest.select(Some(1000)).hash, manifest.select(None).hash);
        assert_ne!(small.hash, large.hash);
    }

    #[test]
    fn a_truncated_zip_an_absent_file_and_a_folder_without_images_are_clear_errors() {
        let (folder, _) = folder();
        let bytes = fs::read(folder.path().join("cells.zip")).unwrap();
        let half = folder.path().join("half.zip");
        fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
        let message = |path: &Path| {
            let error =
                ImageSource::open(path).and_then(|source| Manifest::build(&source, &|_, _| {})).unwrap_err();
            let message = error.to_string();
            assert!(!message.contains('\n'), "{message}");
            message
        };
        assert!(message(&half).contains("half.zip is not a whole zip file"));
        assert!(message(&folder.path().join("absent.zip")).contains("ranklab data fetch"));
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        assert!(message(&empty).contains("0 parasitized and 0 uninfected"));
    }

    /// The shared images stand beside the repository where there are any.
    #[test]
    fn the_real_images_are_all_readable_and_their_patients_known() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cell_images.zip");
        if !path.exists() {
            eprintln!("skipped: no {}", path.display());
            return;
        }
        let manifest = Manifest::build(&ImageSource::open(&path).unwrap(), &|_, _| {}).unwrap();
        let positives = manifest.entries.iter().filter(|e| e.label == Label::Parasitized).count();
        assert_eq!((manifest.entries.len(), positives, manifest.patients()), (15_315, 8_388, 100));
        assert!(manifest.rejected.is_empty());
    }
}
