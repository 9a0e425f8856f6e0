//! The part of a split that a dataset gives an image: by a folder above it, or by a word in a table.

use ranklab_settings::ClassScheme;

/// Folder names and words of each part, in lower case.
const TRAIN: [&str; 2] = ["train", "training"];
const VALIDATION: [&str; 3] = ["val", "valid", "validation"];
const TEST: [&str; 2] = ["test", "testing"];

/// A part of a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Training images.
    Train,
    /// Validation images.
    Validation,
    /// Test images.
    Test,
}

impl Part {
    /// All parts, in the order in which they are used.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The words for the part.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Train => &TRAIN,
            Self::Validation => &VALIDATION,
            Self::Test => &TEST,
        }
    }

    /// The part that a word or a folder's name stands for, in letters of either case.
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|part| part.words().contains(&word.as_str()))
    }

    /// The part of a file with these parts of its name: that of the nearest folder around it with the name of a part.
    /// Class folders give no part, whatever their names.
    pub(crate) fn of_file(parts: &[String], scheme: &ClassScheme) -> Option<Self> {
        let (_, folders) = parts.split_last()?;
        let others = folders.iter().rev().filter(|folder| scheme.class_of_folder(folder).is_none());
        others.into_iter().find_map(|folder| Self::of_word(folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naming::parts;

    #[test]
    fn the_nearest_folder_with_the_name_of_a_part_decides() {
        let scheme = ClassScheme {
            negative: "well".to_owned(),
            positive: "test".to_owned(),
            ..ClassScheme::default()
        };
        for (file, part) in [
            ("train/well/a.png", Some(Part::Train)),
            ("x/Test/Training/well/a.png", Some(Part::Train)),
            ("VAL/well/group_1/a.png", Some(Part::Validation)),
            ("well/valid/a.png", Some(Part::Validation)),
            // A class folder.
            ("train/test/a.png", Some(Part::Train)),
            ("test/a.png", None),
            ("well/train.png", None),
            ("retest/well/a.png", None),
        ] {
            assert_eq!(Part::of_file(&parts(file, &['/']), &scheme), part, "{file}");
        }
        assert_eq!(Part::of_word(" Validation "), Some(Part::Validation));
        assert_eq!(Part::of_word("fold 1"), None);
        assert!(Part::ALL.into_iter().all(|part| Part::of_word(part.name()) == Some(part)));
    }
}
