//! The images that a trial uses, with their hash.

use std::{collections::BTreeSet, path::Path};

use ranklab_files::hexadecimal;
use ranklab_settings::ClassScheme;
use sha2::{Digest, Sha256};

use crate::{entry::ManifestEntry, naming::without_root};

/// Number of folders above a dataset that may begin the names of images in earlier versions.
const ABOVE: usize = 3;

/// The images that a trial uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// The images, sorted by name.
    pub entries: Vec<ManifestEntry>,
    /// SHA-256 over names, labels and content hashes, in hexadecimal digits; also over groups that a table gives.
    pub hash: String,
}

impl ImageSet {
    /// An image set of entries that are sorted by name, whose groups are given by a table or found in the names.
    pub(crate) fn new(entries: Vec<ManifestEntry>, are_groups_given: bool) -> Self {
        let with_group = |entry: &ManifestEntry| are_groups_given && entry.has_group();
        let hash = hash(&entries, |entry| {
            if with_group(entry) { format!("{}\t{}", entry.name, entry.group) } else { entry.name.clone() }
        });
        Self { entries, hash }
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.entries.iter().map(|entry| entry.group.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// The index of an image by its name, or by its name in an earlier version.
    pub fn position(&self, name: &str) -> Option<usize> {
        let now = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name)).ok();
        let scheme = ClassScheme::default();
        let is_former = |entry: &ManifestEntry| {
            let plain = without_root(&entry.name, &scheme);
            entry.file == name
                || name.strip_suffix(plain).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        now.or_else(|| self.entries.iter().position(is_former))
    }

    /// Hashes of these images in earlier versions, which named images by their paths within the folder or zip at `path`,
    /// or within a folder above it.
    pub fn former_hashes(&self, path: &Path) -> Vec<String> {
        // Earlier versions knew the default scheme alone.
        let scheme = ClassScheme::default();
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut hashes = vec![
            hash(&self.entries, |entry| entry.file.clone()),
            hash(&self.entries, |entry| without_root(&entry.name, &scheme).to_owned()),
            hash(&self.entries, |entry| format!("./{}", without_root(&entry.name, &scheme))),
            hash(&self.entries, |entry| format!("./{}", entry.name)),
        ];
        let mut above = String::new();
        for folder in path.ancestors().filter_map(Path::file_name).take(ABOVE) {
            above = format!("{}/{above}", folder.to_string_lossy());
            hashes.push(hash(&self.entries, |entry| format!("{above}{}", entry.file)));
        }
        hashes.retain(|former| *former != self.hash);
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }
}

/// The hash of images under the names that `name` gives them.
fn hash(entries: &[ManifestEntry], name: impl Fn(&ManifestEntry) -> String) -> String {
    let mut named: Vec<(String, &ManifestEntry)> = entries.iter().map(|entry| (name(entry), entry)).collect();
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut hasher = Sha256::new();
    for (name, entry) in named {
        hasher.update(format!("{name}\t{}\t{}\n", entry.class.number(), entry.content_hash));
    }
    hexadecimal(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use ranklab_settings::SyntheticConfig;
    use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

    use super::*;
    use crate::{manifest::Manifest, progress::unwatched, source::ImageSource, synthetic};

    /// What the version before canonical names gave 40 generated cells of 4 patients, and half of them: SHA-256
    /// over `NAME\tCLASS\tSHA-256 of the file\n` in the order of names.
    const GENERATED: [&str; 2] = [
        "0ad91578929091c957c243a7d81245345b775e496d1970e0f014191f78da0a56",
        "d6fd732ebcb2dd560efd4bedf16377d16b387ca30eb116bcc0bf8a9f4dce0bf0",
    ];
    /// The hash of the 15,315 official images of 100 patients.
    const OFFICIAL: &str = "b0ddaf5aa445bdda9c0ff4a642daef97678d78fb6509d40323cbdd1f63ef45f9";

    fn set(path: &Path, limit: Option<usize>) -> ImageSet {
        let source = ImageSource::open(path, &ClassScheme::default()).unwrap();
        Manifest::build(&source, &unwatched).unwrap().select(limit)
    }

    #[test]
    fn the_same_images_have_one_hash_wherever_their_folders_lie_and_keep_that_of_earlier_versions() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        synthetic::write_zip(
            &SyntheticConfig { images: 40, patients: 4, seed: 0 },
            &path("cells.zip"),
            &unwatched,
        )
        .unwrap();
        ZipArchive::new(fs::File::open(path("cells.zip")).unwrap()).unwrap().extract(path("a/b")).unwrap();
        let official = set(&path("cells.zip"), None);
        // The official layout, another folder of its images, folders above, and zips by other programs.
        fs::rename(path("a/b/cell_images"), path("a/b/IMG")).unwrap();
        for prefix in ["./", "./x/./", "deep\\down\\"] {
            let mut zip = ZipWriter::new(fs::File::create(path("other.zip")).unwrap());
            for entry in official.entries.iter().rev() {
                let name = without_root(&entry.name, &ClassScheme::default());
                let name = if prefix.contains('\\') { name.replace('/', "\\") } else { name.to_owned() };
                zip.start_file(format!("{prefix}{name}"), SimpleFileOptions::default()).unwrap();
                zip.write_all(
                    &fs::read(path("a/b/IMG").join(without_root(&entry.name, &ClassScheme::default())))
                        .unwrap(),
                )
                .unwrap();
            }
            zip.finish().unwrap();
            assert_eq!(set(&path("other.zip"), None).hash, GENERATED[0], "{prefix}");
        }
        for location in ["cells.zip", "a/b/IMG", "a/b", "a"] {
            for (limit, hash) in [(None, GENERATED[0]), (Some(20), GENERATED[1])] {
                let images = set(&path(location), limit);
                assert_eq!(images.hash, hash, "{location}");
                let names = |set: &ImageSet| -> Vec<String> {
                    set.entries.iter().map(|entry| entry.name.clone()).collect()
                };
                assert_eq!(names(&images), names(&set(&path("cells.zip"), limit)), "{location}");
            }
        }
        // What an earlier version called a folder's images, whichever of its folders it was given.
        let earlier = |files: &str| {
            hash(&official.entries, |entry| {
                format!("{files}{}", without_root(&entry.name, &ClassScheme::default()))
            })
        };
        let former = set(&path("a/b/IMG"), None).former_hashes(&path("a/b/IMG"));
        for files in ["", "IMG/", "b/IMG/", "a/b/IMG/"] {
            assert!(former.contains(&earlier(files)), "{files}");
        }
        assert!(!former.contains(&official.hash));
        let second = &official.entries[1];
        for name in [second.name.clone(), second.name.replace("cell_images", "a/b/IMG")] {
            assert_eq!(official.position(&name), Some(1), "{name}");
        }
        assert_eq!(official.position(without_root(&second.name, &ClassScheme::default())), Some(1));
        assert_eq!(official.position("Parasitized/none.png"), None);
        assert!(set(&path("a"), None).former_hashes(&path("a")).contains(&earlier("b/IMG/")));
    }

    /// The real images, where the folder beside the repository has them.
    #[test]
    fn the_official_images_keep_their_hash() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cell_images.zip");
        if !path.exists() {
            eprintln!("skipped: no {}", path.display());
            return;
        }
        let images = set(&path, None);
        assert_eq!(images.hash, OFFICIAL);
        assert!(images.entries.iter().all(|entry| entry.name == entry.file));
    }
}
