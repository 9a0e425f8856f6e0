//! The split that a dataset gives, by folders such as `train/` and `test/` or by a column of its table. Without
//! validation images, they are drawn from the training images.

use rand_chacha::ChaCha8Rng;
use ranklab_settings::{Class, SplitConfig};

use crate::{
    Error,
    draw::{draw_images, draw_patients, patients},
    image_set::ImageSet,
    part::Part,
};

/// What to do about a dataset that gives no usable split.
const ADVICE: &str = "put each class's images below folders named train, test and, if there are any, validation, give them in a \
                      table's column `split`, or use split=random";

/// Training, validation and test images as the dataset gives them.
///
/// # Errors
/// When images have no part, or training or test has no image of a class.
pub(crate) fn given_parts(
    images: &ImageSet,
    config: &SplitConfig,
    random: &mut ChaCha8Rng,
) -> Result<[Vec<usize>; 3], Error> {
    let of = |part: Part| -> Vec<usize> {
        let is_of = |image: &usize| images.entries[*image].part == Some(part);
        (0..images.entries.len()).filter(is_of).collect()
    };
    let [train, validation, test] = [Part::Train, Part::Validation, Part::Test].map(of);
    check(images, &[(Part::Train, &train), (Part::Validation, &validation), (Part::Test, &test)])?;
    let (validation, train) = match validation.as_slice() {
        [] => draw_validation(images, &train, config.validation_fraction, random)?,
        _ => (validation, train),
    };
    Ok([train, validation, test])
}

/// Refuses images without a part, and parts without images of a class. Only validation may be absent.
fn check(images: &ImageSet, parts: &[(Part, &Vec<usize>)]) -> Result<(), Error> {
    let without: Vec<&str> =
        images.entries.iter().filter(|image| image.part.is_none()).map(|image| image.name.as_str()).collect();
    let all = images.entries.len();
    if without.len() == all {
        return Err(Error::Split(format!(
            "split=given: the dataset gives none of its {all} images a part; {ADVICE}"
        )));
    }
    if let Some(first) = without.first() {
        let count = without.len();
        return Err(Error::Split(format!(
            "split=given: {count} of {all} images are in no part, {first} first; {ADVICE}"
        )));
    }
    for (part, members) in parts {
        if *part == Part::Validation && members.is_empty() {
            continue;
        }
        let has = |class| members.iter().any(|&image| images.entries[image].class == class);
        if let Some(class) = Class::ALL.into_iter().find(|class| !has(*class)) {
            let class = if class == Class::Positive { "positive" } else { "negative" };
            return Err(Error::Split(format!(
                "split=given: the dataset gives no {class} image for {}; {ADVICE}",
                part.name()
            )));
        }
    }
    Ok(())
}

/// Validation images and the rest of the training images: whole groups where every image has one, else single images.
fn draw_validation(
    images: &ImageSet,
    train: &[usize],
    fraction: f64,
    random: &mut ChaCha8Rng,
) -> Result<(Vec<usize>, Vec<usize>), Error> {
    let are_grouped = train.iter().all(|&image| images.entries[image].has_group());
    if are_grouped && patients(images, train).len() > 1 {
        draw_patients(images, train, fraction, random)
    } else {
        Ok(draw_images(images, train, fraction, random))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::SeedableRng as _;
    use ranklab_settings::SplitKind;

    use super::*;
    use crate::{entry::ManifestEntry, manifest::Manifest};

    /// Ten groups of six images, three of each class; `part` gives a group its part.
    fn images(part: impl Fn(usize) -> Option<Part>) -> ImageSet {
        let entries = (0..60).map(|number| {
            let group = number / 6;
            ManifestEntry {
                file: format!("g{group}/{number:02}.png"),
                name: format!("g{group}/{number:02}.png"),
                class: if number % 2 == 0 { Class::Negative } else { Class::Positive },
                group: format!("g{group}"),
                part: part(group),
                width: 1,
                height: 1,
                content_hash: number.to_string(),
            }
        });
        Manifest { entries: entries.collect(), ..Manifest::default() }.select(None)
    }

    fn given(images: &ImageSet, seed: u64) -> Result<[Vec<usize>; 3], Error> {
        let config = SplitConfig { kind: SplitKind::Given, ..SplitConfig::default() };
        given_parts(images, &config, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    fn groups<'a>(images: &'a ImageSet, part: &[usize]) -> BTreeSet<&'a str> {
        patients(images, part)
    }

    #[test]
    fn all_parts_are_as_the_dataset_gives_them_whatever_the_seed() {
        let images = images(|group| {
            Some(match group {
                0..=5 => Part::Train,
                6 | 7 => Part::Validation,
                _ => Part::Test,
            })
        });
        let [train, validation, test] = given(&images, 0).unwrap();
        assert_eq!([train.len(), validation.len(), test.len()], [36, 12, 12]);
        assert_eq!(groups(&images, &test), BTreeSet::from(["g8", "g9"]));
        assert_eq!(groups(&images, &validation), BTreeSet::from(["g6", "g7"]));
        assert_eq!(given(&images, 1).unwrap(), [train, validation, test]);
    }

    #[test]
    fn validation_is_drawn_from_training_in_whole_groups_or_single_images() {
        let part = |group| Some(if group < 8 { Part::Train } else { Part::Test });
        let mut images = images(part);
        let [train, validation, test] = given(&images, 0).unwrap();
        assert_eq!([train.len(), validation.len(), test.len()], [42, 6, 12]);
        assert!(groups(&images, &train).is_disjoint(&groups(&images, &validation)));
        assert_eq!(groups(&images, &test), BTreeSet::from(["g8", "g9"]));
        // One image without a group: single images.
        images.entries[0].group = images.entries[0].name.clone();
        let [train, validation, _] = given(&images, 0).unwrap();
        // A tenth of the 24 images of each class, rounded.
        assert_eq!([train.len(), validation.len()], [44, 4]);
    }

    #[test]
    fn a_dataset_without_a_usable_split_is_refused_in_one_line() {
        let refused = |images: &ImageSet| {
            let refused = given(images, 0).unwrap_err().to_string();
            assert!(!refused.contains('\n'), "{refused}");
            refused
        };
        let none = refused(&images(|_| None));
        assert!(none.contains("gives none of its 60 images a part; put each class's images below"), "{none}");
        let some = refused(&images(|group| (group > 0).then_some(Part::Train)));
        assert!(some.contains("6 of 60 images are in no part, g0/00.png first"), "{some}");
        let no_test = refused(&images(|_| Some(Part::Train)));
        assert!(no_test.contains("gives no negative image for test"), "{no_test}");
        let mut one_class = images(|group| Some(if group < 8 { Part::Train } else { Part::Validation }));
        for entry in &mut one_class.entries {
            if entry.class == Class::Positive && entry.part == Some(Part::Validation) {
                entry.part = Some(Part::Test);
            }
        }
        let one_class = refused(&one_class);
        assert!(one_class.contains("gives no positive image for validation"), "{one_class}");
    }
}
