//! Which images there are: name, label, patient, size and content hash of each, and what was left out.

use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{
    Error, decode,
    image_set::ImageSet,
    label::{Label, patient_of},
    manifest_file,
    rejection::{Rejected, Rejection},
    source::{ImageFile, ImageSource},
};

/// One usable image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Name within its folder or zip, by which it is read.
    pub file: String,
    /// Name by which it is known and shown: `cell_images/Parasitized/….png`, wherever its class folder lies.
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

/// All images of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Usable images by name.
    pub entries: Vec<ManifestEntry>,
    /// Images left out, by name.
    pub rejected: Vec<Rejected>,
}

/// Hears of progress in something counted (done, total) and says whether to go on. What is not counted yet is
/// given as 0 of 0.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync);

/// Progress that is not shown.
pub fn unwatched(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Width and height of images that were decoded before, by content hash.
type Known = HashMap<String, (u32, u32)>;

impl Manifest {
    /// Reads, hashes and decodes every image.
    ///
    /// # Errors
    /// When no image of one of the classes is usable, and when it was asked to stop.
    pub fn build(source: &ImageSource, progress: Progress<'_>) -> Result<Self, Error> {
        Self::build_knowing(source, &Known::new(), progress)
    }

    /// Reads and hashes every image and decodes those whose content is not `known`.
    fn build_knowing(source: &ImageSource, known: &Known, progress: Progress<'_>) -> Result<Self, Error> {
        let done = AtomicUsize::new(0);
        let total = source.files().len();
        let judged = source
            .files()
            .par_iter()
            .map(|file| {
                let judged =
                    judge(source, file, known).map_err(|reason| Rejected { name: file.file.clone(), reason });
                match progress(done.fetch_add(1, Ordering::Relaxed) + 1, total) {
                    ControlFlow::Continue(()) => Ok(judged),
                    ControlFlow::Break(()) => Err(Error::Stopped),
                }
            })
            .collect::<Result<Vec<Result<ManifestEntry, Rejected>>, Error>>()?;
        let manifest = Self::of_judged(judged);
        manifest.check(source)?;
        Ok(manifest)
    }

    /// Leaves out what stands twice.
    fn of_judged(judged: Vec<Result<ManifestEntry, Rejected>>) -> Self {
        // The first file of each content, by class.
        let mut first_with: HashMap<&str, BTreeMap<Label, &str>> = HashMap::new();
        for entry in judged.iter().flatten() {
            let classes = first_with.entry(&entry.content_hash).or_default();
            classes.entry(entry.label).or_insert(&entry.file);
        }
        let mut names = HashMap::new();
        let reason = |entry: &ManifestEntry| {
            let classes = &first_with[entry.content_hash.as_str()];
            let of = |file: &&str| (*file).to_owned();
            let other = classes.iter().find(|(label, _)| **label != entry.label).map(|(_, file)| of(file));
            let first = classes.get(&entry.label).filter(|first| **first != entry.file).map(of);
            match (other, first) {
                (Some(of), _) => Some(Rejection::Contradicting { of }),
                (None, Some(of)) => Some(Rejection::Duplicate { of }),
                (None, None) => None,
            }
        };
        let reasons: Vec<Option<Rejection>> = judged
            .iter()
            .map(|judged| {
                let entry = judged.as_ref().ok()?;
                let namesake = names.insert(entry.name.clone(), entry.file.clone());
                // `a.png` and `./a.png` of one zip.
                let same_name = |file| Rejection::Unreadable { problem: format!("{file} has the same name") };
                reason(entry).or_else(|| namesake.map(same_name))
            })
            .collect();
        let (mut entries, mut rejected) = (Vec::new(), Vec::new());
        for (judged, reason) in judged.into_iter().zip(reasons) {
            match (judged, reason) {
                (Ok(entry), None) => entries.push(entry),
                (Ok(entry), Some(reason)) => rejected.push(Rejected { name: entry.file, reason }),
                (Err(left_out), _) => rejected.push(left_out),
            }
        }
        Self { entries, rejected }
    }

    /// The manifest of a source as its images are now: the bytes of every file are read and hashed. What was
    /// decoded before is known by its hash from the manifest kept in `folder`, which is written anew where there
    /// is none, the images have changed or it is damaged.
    ///
    /// # Errors
    /// As [`Manifest::build`], and when the manifest cannot be written.
    pub fn open_or_build(source: &ImageSource, folder: &Path, progress: Progress<'_>) -> Result<Self, Error> {
        let file = Self::file(source, folder);
        let kept = manifest_file::load(&file);
        let known = kept.iter().flat_map(|kept| &kept.entries);
        let known = known.map(|entry| (entry.content_hash.clone(), (entry.width, entry.height))).collect();
        let manifest = Self::build_knowing(source, &known, progress)?;
        if kept.as_ref() != Some(&manifest) {
            manifest_file::save(&manifest, &file)?;
        }
        Ok(manifest)
    }

    /// Where [`Manifest::open_or_build`] keeps the manifest of `source`.
    pub fn file(source: &ImageSource, folder: &Path) -> PathBuf {
        let path = std::path::absolute(source.path()).unwrap_or_else(|_| source.path().to_owned());
        let key = hexadecimal(&Sha256::digest(path.as_os_str().as_encoded_bytes()));
        folder.join(format!("manifest-{}.parquet", &key[..16]))
    }

    /// Refuses images of one class, or of none.
    fn check(&self, source: &ImageSource) -> Result<(), Error> {
        let classes = [Label::Parasitized, Label::Uninfected];
        let [parasitized, uninfected] =
            classes.map(|label| self.entries.iter().filter(|entry| entry.label == label).count());
        let Some(missing) = classes.into_iter().zip([parasitized, uninfected]).find(|(_, count)| *count == 0)
        else {
            return Ok(());
        };
        let labels: HashMap<&str, Option<Label>> =
            source.files().iter().map(|file| (file.file.as_str(), file.label)).collect();
        let left_out: Vec<&Rejected> = self
            .rejected
            .iter()
            .filter(|rejected| labels.get(rejected.name.as_str()) == Some(&Some(missing.0)))
            .collect();
        let mut found = format!("{parasitized} parasitized and {uninfected} uninfected images");
        let advice = match (left_out.first(), self.rejected.first()) {
            (Some(first), _) => {
                let count = left_out.len();
                found += &format!("; {count} left out, {} first: {}", first.name, first.reason);
                "mend or replace them"
            }
            (None, Some(first)) => {
                let count = self.rejected.len();
                found += &format!("; {count} left out, {} first: {}", first.name, first.reason);
                "images belong in folders named Parasitized and Uninfected, as PNG"
            }
            (None, None) => "images belong in folders named Parasitized and Uninfected, as PNG",
        };
        for line in source.passed_over().lines() {
            found += &format!("; {line}");
        }
        Err(Error::Empty { path: source.path().to_owned(), found, advice })
    }

    /// Images left out because their bytes stand elsewhere already.
    pub fn duplicates(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Duplicate { .. }))
    }

    /// Images left out because the same bytes stand in both classes.
    pub fn contradicting(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| matches!(rejected.reason, Rejection::Contradicting { .. }))
    }

    /// Images left out because they are in folders of neither class.
    pub fn unlabelled(&self) -> impl Iterator<Item = &Rejected> {
        self.rejected.iter().filter(|rejected| rejected.reason == Rejection::Unlabelled)
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

fn judge(source: &ImageSource, file: &ImageFile, known: &Known) -> Result<ManifestEntry, Rejection> {
    let label = file.label.ok_or(Rejection::Unlabelled)?;
    let bytes = source.read(&file.file).map_err(|problem| Rejection::Unreadable {
        problem: match problem {
            Error::Image { problem, .. } => problem,
            other => other.to_string(),
        },
    })?;
    let content_hash = hexadecimal(&Sha256::digest(&bytes));
    let (width, height) = match known.get(&content_hash) {
        Some(size) => *size,
        None => {
            let image = decode::decode(&bytes).map_err(|problem| Rejection::Unreadable { problem })?;
            (image.width(), image.height())
        }
    };
    if width == 0 || height == 0 {
        return Err(Rejection::Unreadable { problem: "it has no pixels".to_owned() });
    }
    Ok(ManifestEntry {
        file: file.file.clone(),
        name: file.name.clone(),
        label,
        patient: patient_of(&file.name).unwrap_or(&file.name).to_owned(),
        width,
        height,
        content_hash,
    })
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
        synthetic::write_zip(&config, &zip, &unwatched).unwrap();
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
        let manifest = Manifest::build(&source, &unwatched).unwrap();
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
        let built = Manifest::open_or_build(&source, &cache, &unwatched).unwrap();
        let file = Manifest::file(&source, &cache);
        let (bytes, written) = (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
        assert_eq!(Manifest::open_or_build(&source, &cache, &unwatched).unwrap(), built);
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "it was written again");
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(Manifest::open_or_build(&source, &cache, &unwatched).unwrap(), built);
        // A changed letter of a name would be believed.
        let place = bytes.windows(5).position(|five| five == b"cell_").unwrap();
        let changed: Vec<u8> =
            bytes.iter().enumerate().map(|(at, byte)| if at == place { b'k' } else { *byte }).collect();
        fs::write(&file, changed).unwrap();
        assert_eq!(Manifest::open_or_build(&source, &cache, &unwatched).unwrap(), built);
        let first = folder.path().join("images").join(&built.entries[0].file);
        fs::copy(folder.path().join("images").join(&built.entries[1].file), first).unwrap();
        let source = ImageSource::open(&folder.path().join("images")).unwrap();
        assert_ne!(Manifest::open_or_build(&source, &cache, &unwatched).unwrap(), built);
    }

    #[test]
    fn a_limit_keeps_the_classes_in_proportion_and_a_smaller_one_is_a_part_of_a_larger() {
        let entries = (0..300)
            .map(|number| ManifestEntry {
                file: format!("{number:03}"),
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
                ImageSource::open(path).and_then(|source| Manifest::build(&source, &unwatched)).unwrap_err();
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

    /// The real images, where the folder beside the repository has them.
    #[test]
    fn the_real_images_are_all_readable_and_their_patients_known() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cell_images.zip");
        if !path.exists() {
            eprintln!("skipped: no {}", path.display());
            return;
        }
        let manifest = Manifest::build(&ImageSource::open(&path).unwrap(), &unwatched).unwrap();
        let positives = manifest.entries.iter().filter(|e| e.label == Label::Parasitized).count();
        assert_eq!((manifest.entries.len(), positives, manifest.patients()), (15_315, 8_388, 100));
        assert!(manifest.rejected.is_empty());
    }
}
