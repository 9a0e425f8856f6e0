//! Splits images into training, validation and test: random images as published, whole patients, or as the dataset says.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use ranklab_files::hexadecimal;
use ranklab_settings::{Class, SplitConfig, SplitKind};
use sha2::{Digest, Sha256};

use crate::{
    Error,
    draw::{draw_images, draw_patients, patient_folds, patients},
    given_split::given_parts,
    image_set::ImageSet,
};

/// A division of an image set. Each part holds sorted indices into the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Training images.
    pub train: Vec<usize>,
    /// Validation images, which select the best epoch.
    pub validation: Vec<usize>,
    /// Test images, which are used once, after training.
    pub test: Vec<usize>,
    /// SHA-256 over names and parts, in hexadecimal digits.
    pub hash: String,
    /// Numbers of groups with images in training and test.
    pub audit: LeakageAudit,
}

/// Counts of groups (patients) in training and test, and of test images whose group is also in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakageAudit {
    /// Groups with a training or validation image.
    pub train_groups: usize,
    /// Groups with a test image.
    pub test_groups: usize,
    /// Groups with images in both.
    pub shared_groups: usize,
    /// Test images of these shared groups.
    pub shared_test_images: usize,
}

impl Split {
    /// Divides an image set.
    ///
    /// # Errors
    /// When there are fewer patients than folds, a class would be missing from a part, a patient split has images without
    /// a group, or a given split has images without a part.
    pub fn new(images: &ImageSet, config: &SplitConfig) -> Result<Self, Error> {
        let mut random = ChaCha8Rng::seed_from_u64(config.seed);
        let [train, validation, test] = match config.kind {
            SplitKind::Random => random_parts(images, config, &mut random),
            SplitKind::Patient => patient_parts(images, config, &mut random)?,
            SplitKind::Given => given_parts(images, config, &mut random)?,
        };
        Self::from_parts(images, train, validation, test)
    }

    fn from_parts(
        images: &ImageSet,
        mut train: Vec<usize>,
        mut validation: Vec<usize>,
        mut test: Vec<usize>,
    ) -> Result<Self, Error> {
        let mut hasher = Sha256::new();
        for (name, part) in [("train", &mut train), ("validation", &mut validation), ("test", &mut test)] {
            part.sort_unstable();
            for class in Class::ALL {
                if !part.iter().any(|&image| images.entries[image].class == class) {
                    return Err(Error::Split(format!(
                        "the split leaves no {} image for {name}: use more images (`limit=`), other fractions or fewer folds",
                        if class == Class::Positive { "positive" } else { "negative" },
                    )));
                }
            }
            for &image in part.iter() {
                hasher.update(format!("{name}\t{}\n", images.entries[image].name));
            }
        }
        let train_and_validation = [train.as_slice(), validation.as_slice()].concat();
        let train_groups = patients(images, &train_and_validation);
        let test_groups = patients(images, &test);
        let shared: BTreeSet<&str> = train_groups.intersection(&test_groups).copied().collect();
        let audit = LeakageAudit {
            train_groups: train_groups.len(),
            test_groups: test_groups.len(),
            shared_groups: shared.len(),
            shared_test_images: test
                .iter()
                .filter(|&&image| shared.contains(images.entries[image].group.as_str()))
                .count(),
        };
        Ok(Self { hash: hexadecimal(hasher.finalize()), train, validation, test, audit })
    }
}

/// Training, validation and test images, drawn from all images of each class.
fn random_parts(images: &ImageSet, config: &SplitConfig, random: &mut ChaCha8Rng) -> [Vec<usize>; 3] {
    let all: Vec<usize> = (0..images.entries.len()).collect();
    let (test, rest) = draw_images(images, &all, config.test_fraction, random);
    let (validation, train) = draw_images(images, &rest, config.validation_fraction, random);
    [train, validation, test]
}

/// Training, validation and test images: one fold of whole patients is tested, and one of the others' validated.
fn patient_parts(
    images: &ImageSet,
    config: &SplitConfig,
    random: &mut ChaCha8Rng,
) -> Result<[Vec<usize>; 3], Error> {
    check_groups(images)?;
    let all: Vec<usize> = (0..images.entries.len()).collect();
    let mut folds = patient_folds(images, &all, config.folds, random)?;
    if config.fold >= folds.len() {
        return Err(Error::Split(format!(
            "fold is {}: with {} folds give 0 to {}",
            config.fold,
            folds.len(),
            folds.len() - 1
        )));
    }
    let test = folds.swap_remove(config.fold);
    let (validation, train) = draw_patients(images, &folds.concat(), config.validation_fraction, random)?;
    Ok([train, validation, test])
}

/// Refuses images without a group: counted as separate patients, they would turn a patient split into a random one.
fn check_groups(images: &ImageSet) -> Result<(), Error> {
    let unknown: Vec<&str> =
        images.entries.iter().filter(|image| !image.has_group()).map(|image| image.name.as_str()).collect();
    let Some(first) = unknown.first() else { return Ok(()) };
    Err(Error::Split(format!(
        "split=patient: {} of {} images have no group, {first} first; give group='(REGEX)' whose bracket matches the group in such names, a table with a column `group`, or split=random",
        unknown.len(),
        images.entries.len()
    )))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{entry::ManifestEntry, manifest::Manifest};

    /// `counts[p]` = (uninfected, parasitized) images of patient p.
    fn images(counts: &[(usize, usize)]) -> ImageSet {
        let mut entries = Vec::new();
        for (patient, &(uninfected, parasitized)) in counts.iter().enumerate() {
            for cell in 0..uninfected + parasitized {
                let class = if cell < uninfected { Class::Negative } else { Class::Positive };
                entries.push(ManifestEntry {
                    file: format!("{class:?}/C{patient}_{cell}.png"),
                    name: format!("{class:?}/C{patient}_{cell}.png"),
                    class,
                    group: format!("C{patient}"),
                    part: None,
                    width: 1,
                    height: 1,
                    content_hash: format!("{patient}-{cell}"),
                });
            }
        }
        Manifest { entries, ..Manifest::default() }.select(None)
    }

    fn config(kind: SplitKind, seed: u64, fold: usize) -> SplitConfig {
        SplitConfig { kind, seed, fold, ..SplitConfig::default() }
    }

    #[test]
    fn a_random_split_takes_a_tenth_of_each_class_and_counts_the_patients_on_both_sides() {
        let images = images(&[(100, 50); 6]);
        let split = Split::new(&images, &config(SplitKind::Random, 1, 0)).unwrap();
        let positives = split.test.iter().filter(|&&i| images.entries[i].class == Class::Positive).count();
        assert_eq!((split.test.len(), positives), (90, 30));
        assert_eq!((split.validation.len(), split.train.len()), (81, 729));
        assert_eq!(
            split.audit,
            LeakageAudit { train_groups: 6, test_groups: 6, shared_groups: 6, shared_test_images: 90 }
        );
    }

    #[test]
    fn the_folds_of_a_patient_split_test_every_image_once() {
        let images = images(&[
            (10, 4),
            (3, 20),
            (7, 7),
            (12, 0),
            (0, 9),
            (5, 5),
            (8, 2),
            (1, 11),
            (6, 6),
            (9, 3),
            (4, 8),
        ]);
        let mut tested: Vec<usize> = (0..5)
            .flat_map(|fold| Split::new(&images, &config(SplitKind::Patient, 3, fold)).unwrap().test)
            .collect();
        tested.sort_unstable();
        assert_eq!(tested, (0..images.entries.len()).collect::<Vec<_>>());
    }

    #[test]
    fn too_few_patients_are_one_clear_error() {
        let images = images(&[(10, 10); 3]);
        let error = Split::new(&images, &config(SplitKind::Patient, 0, 0)).unwrap_err().to_string();
        assert!(error.contains("3 groups cannot be divided into 5 folds"), "{error}");
    }

    #[test]
    fn images_without_a_group_are_named_instead_of_split_by_patient() {
        let mut images = images(&[(10, 10); 6]);
        let name = "Parasitized/cell_7.png";
        for image in &mut images.entries[40..43] {
            (image.name, image.group) = (name.to_owned(), name.to_owned());
        }
        let error = Split::new(&images, &config(SplitKind::Patient, 0, 0)).unwrap_err().to_string();
        assert!(error.contains("3 of 120 images have no group, Parasitized/cell_7.png first"), "{error}");
        assert!(
            ["group='(REGEX)'", "column `group`", "split=random"].iter().all(|advice| error.contains(advice)),
            "{error}"
        );
        assert!(Split::new(&images, &config(SplitKind::Random, 0, 0)).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_patient_stands_on_both_sides_of_a_patient_split_and_no_image_is_lost(
            counts in prop::collection::vec((1usize..20, 1usize..20), 10..30), seed in 0u64..50, fold in 0usize..5,
        ) {
            let images = images(&counts);
            let split = Split::new(&images, &config(SplitKind::Patient, seed, fold)).unwrap();
            prop_assert_eq!(split.audit.shared_groups, 0);
            prop_assert_eq!(split.audit.shared_test_images, 0);
            let mut everywhere = [split.train.clone(), split.validation.clone(), split.test.clone()].concat();
            everywhere.sort_unstable();
            prop_assert_eq!(everywhere, (0..images.entries.len()).collect::<Vec<_>>());
            let again = Split::new(&images, &config(SplitKind::Patient, seed, fold)).unwrap();
            prop_assert_eq!(split.hash, again.hash);
        }

        #[test]
        fn another_seed_gives_another_random_split(seed in 0u64..50) {
            let images = images(&[(40, 40); 5]);
            let split = |seed| Split::new(&images, &config(SplitKind::Random, seed, 0)).unwrap().hash;
            prop_assert_eq!(split(seed), split(seed));
            prop_assert_ne!(split(seed), split(seed + 1));
        }
    }
}
