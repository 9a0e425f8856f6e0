//! Builds the manifest of a dataset: reads and hashes every image, and decodes those with new contents.

use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use ranklab_files::sha256;
use ranklab_settings::Class;
use rayon::prelude::*;

use crate::{
    Error,
    class_names::ClassNames,
    decode,
    entry::ManifestEntry,
    image_file::ImageFile,
    manifest::Manifest,
    manifest_file,
    progress::Progress,
    rejection::{Rejected, Rejection},
    source::ImageSource,
};

/// Width and height of images that were decoded before, by content hash.
type Known = HashMap<String, (u32, u32)>;

impl Manifest {
    /// Reads, hashes and decodes every image.
    ///
    /// # Errors
    /// When a class has no usable image, and when `progress` requests a stop.
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
        let are_groups_given = source.scheme().group.is_column();
        let manifest = Self { are_groups_given, ..Self::from_judged(judged) };
        manifest.check(source)?;
        Ok(manifest)
    }

    /// Rejects images with repeated bytes or names.
    fn from_judged(judged: Vec<Result<ManifestEntry, Rejected>>) -> Self {
        // The first file of each content, by class.
        let mut first_with: HashMap<&str, BTreeMap<Class, &str>> = HashMap::new();
        for entry in judged.iter().flatten() {
            let classes = first_with.entry(&entry.content_hash).or_default();
            classes.entry(entry.class).or_insert(&entry.file);
        }
        let mut names = HashMap::new();
        let reason = |entry: &ManifestEntry| {
            let classes = &first_with[entry.content_hash.as_str()];
            let of = |file: &&str| (*file).to_owned();
            let other = classes.iter().find(|(label, _)| **label != entry.class).map(|(_, file)| of(file));
            let first = classes.get(&entry.class).filter(|first| **first != entry.file).map(of);
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
        Self { entries, rejected, are_groups_given: false }
    }

    /// The manifest of a dataset: every file is read and hashed. Images that the stored manifest in `folder` knows by
    /// their hashes are not decoded again. The stored manifest is replaced if it is absent, outdated or damaged.
    ///
    /// # Errors
    /// When a class has no usable image, `progress` requests a stop, or the manifest cannot be written.
    pub fn open_or_build(source: &ImageSource, folder: &Path, progress: Progress<'_>) -> Result<Self, Error> {
        let file = Self::file(source, folder);
        let stored = manifest_file::load(&file, source.scheme());
        let known = stored.iter().flat_map(|stored| &stored.entries);
        let known = known.map(|entry| (entry.content_hash.clone(), (entry.width, entry.height))).collect();
        let manifest = Self::build_knowing(source, &known, progress)?;
        if stored.as_ref() != Some(&manifest) {
            manifest_file::save(&manifest, &file)?;
        }
        Ok(manifest)
    }

    /// Path of the stored manifest of `source`.
    pub fn file(source: &ImageSource, folder: &Path) -> PathBuf {
        let path = std::path::absolute(source.path()).unwrap_or_else(|_| source.path().to_owned());
        let key = sha256(path.as_os_str().as_encoded_bytes());
        folder.join(format!("manifest-{}.parquet", &key[..16]))
    }

    /// Refuses a dataset without usable images of one class.
    fn check(&self, source: &ImageSource) -> Result<(), Error> {
        let scheme = source.scheme();
        let count = |class| self.entries.iter().filter(|entry| entry.class == class).count();
        let classes = [Class::Positive, Class::Negative];
        let Some(missing) = classes.into_iter().find(|class| count(*class) == 0) else { return Ok(()) };
        let class_of: HashMap<&str, Option<Class>> =
            source.files().iter().map(|file| (file.file.as_str(), file.class)).collect();
        let left_out: Vec<&Rejected> = self
            .rejected
            .iter()
            .filter(|rejected| class_of.get(rejected.name.as_str()) == Some(&Some(missing)))
            .collect();
        let counted = |class| format!("{} images of class {}", count(class), scheme.name(class));
        let names = ClassNames::of_folders(source.files(), scheme);
        // Whoever named no class has images of other classes, and not too few of the malaria cells.
        if scheme.has_default_classes() && self.entries.is_empty() && left_out.is_empty() && !names.is_empty()
        {
            let found = format!("images of the classes {}", names.listed());
            return Err(Error::Empty { path: source.path().to_owned(), found, advice: names.advice(scheme) });
        }
        let mut found = format!("{} and {}", counted(Class::Positive), counted(Class::Negative));
        let named = |rejected: &Rejected, count: usize| {
            format!("; {count} left out, {} first: {}", rejected.name, rejected.reason)
        };
        let advice = match (left_out.first(), self.rejected.first()) {
            (Some(first), _) => {
                found += &named(first, left_out.len());
                "repair or replace them".to_owned()
            }
            (None, first) => {
                found += &first.map(|first| named(first, self.rejected.len())).unwrap_or_default();
                if !names.is_of(scheme) {
                    found += &format!("; its classes are {}", names.listed());
                }
                names.advice(scheme)
            }
        };
        for line in source.passed_over().lines() {
            found += &format!("; {line}");
        }
        Err(Error::Empty { path: source.path().to_owned(), found, advice })
    }
}

fn judge(source: &ImageSource, file: &ImageFile, known: &Known) -> Result<ManifestEntry, Rejection> {
    let scheme = source.scheme();
    let unlabelled =
        || Rejection::Unlabelled { positive: scheme.positive.clone(), negative: scheme.negative.clone() };
    let class = file.class.ok_or_else(unlabelled)?;
    let bytes = source.read(&file.file).map_err(|problem| Rejection::Unreadable {
        problem: match problem {
            Error::Image { problem, .. } => problem,
            other => other.to_string(),
        },
    })?;
    let content_hash = sha256(&bytes);
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
    let group = file.group.as_deref().or_else(|| scheme.group.group_of(&file.name));
    Ok(ManifestEntry {
        file: file.file.clone(),
        name: file.name.clone(),
        class,
        group: group.unwrap_or(&file.name).to_owned(),
        part: file.part,
        width,
        height,
        content_hash,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use ranklab_settings::{ClassScheme, SyntheticConfig};

    use super::*;
    use crate::{image_set::ImageSet, progress::unwatched, synthetic};

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
        let source = ImageSource::open(&folder.path().join("images"), &ClassScheme::default()).unwrap();
        let manifest = Manifest::build(&source, &unwatched).unwrap();
        assert_eq!(manifest.entries.len(), 39);
        assert_eq!(manifest.rejected.len(), 3);
        assert!(manifest.unreadable().next().unwrap().name.ends_with(&cut));
        // Of two equal files the first by name stays, and `C9P9` sorts behind the generated `C1` to `C4`.
        let duplicate = manifest.duplicates().next().unwrap();
        assert!(duplicate.name.ends_with("C9P9_copy.png"), "{duplicate:?}");
        assert!(
            manifest.rejected.iter().any(|rejected| matches!(rejected.reason, Rejection::Unlabelled { .. }))
        );
    }

    #[test]
    fn a_manifest_is_kept_noticed_to_be_stale_and_rebuilt_when_damaged() {
        let (folder, cut) = folder();
        fs::remove_file(folder.path().join("images/cell_images/Uninfected").join(cut)).unwrap();
        let source = ImageSource::open(&folder.path().join("images"), &ClassScheme::default()).unwrap();
        let cache = folder.path().join("cache");
        let built = Manifest::open_or_build(&source, &cache, &unwatched).unwrap();
        let file = Manifest::file(&source, &cache);
        let (bytes, written) = (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
        assert_eq!(Manifest::open_or_build(&source, &cache, &unwatched).unwrap(), built);
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), written, "it was written again");
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(Manifest::open_or_build(&source, &cache, &unwatched).unwrap(), built);
        // A changed letter of a name would be believed.
        let start = bytes.windows(5).position(|five| five == b"cell_").unwrap();
        let changed: Vec<u8> =
            bytes.iter().enumerate().map(|(at, byte)| if at == start { b'k' } else { *byte }).collect();
        fs::write(&file, changed).unwrap();
        assert_eq!(Manifest::open_or_build(&source, &cache, &unwatched).unwrap(), built);
        let first = folder.path().join("images").join(&built.entries[0].file);
        fs::copy(folder.path().join("images").join(&built.entries[1].file), first).unwrap();
        let source = ImageSource::open(&folder.path().join("images"), &ClassScheme::default()).unwrap();
        assert_ne!(Manifest::open_or_build(&source, &cache, &unwatched).unwrap(), built);
    }

    #[test]
    fn a_limit_keeps_the_classes_in_proportion_and_a_smaller_one_is_a_part_of_a_larger() {
        let entries = (0..300)
            .map(|number| ManifestEntry {
                file: format!("{number:03}"),
                name: format!("{number:03}"),
                class: if number < 100 { Class::Positive } else { Class::Negative },
                group: "C1".to_owned(),
                part: None,
                width: 1,
                height: 1,
                content_hash: sha256(format!("{number}")),
            })
            .collect();
        let manifest = Manifest { entries, ..Manifest::default() };
        let small = manifest.select(Some(30));
        let large = manifest.select(Some(60));
        let positives = |set: &ImageSet| set.entries.iter().filter(|e| e.class == Class::Positive).count();
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
            let error = ImageSource::open(path, &ClassScheme::default())
                .and_then(|source| Manifest::build(&source, &unwatched))
                .unwrap_err();
            let message = error.to_string();
            assert!(!message.contains('\n'), "{message}");
            message
        };
        assert!(message(&half).contains("half.zip is not a whole zip file"));
        assert!(
            message(&folder.path().join("absent.zip"))
                .contains("nothing is there; give the path of a folder")
        );
        assert!(message(&folder.path().join("cell_images.zip")).contains("ranklab data fetch"));
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        assert!(message(&empty).contains("0 images of class Parasitized and 0 images of class Uninfected"));
    }

    /// The real images, where the folder beside the repository has them.
    #[test]
    fn the_real_images_are_all_readable_and_their_patients_known() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cell_images.zip");
        if !path.exists() {
            eprintln!("skipped: no {}", path.display());
            return;
        }
        let manifest =
            Manifest::build(&ImageSource::open(&path, &ClassScheme::default()).unwrap(), &unwatched).unwrap();
        let positives = manifest.entries.iter().filter(|e| e.class == Class::Positive).count();
        assert_eq!((manifest.entries.len(), positives, manifest.groups()), (15_315, 8_388, 100));
        assert!(manifest.rejected.is_empty());
    }
}
