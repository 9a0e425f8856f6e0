//! Settings of the data: the dataset, the resizing of its images and their split.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    Error,
    classes::{ClassScheme, GroupRule},
    noun::Noun,
    table::is_table,
};

/// Method that resizes an image to the square input of the network.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Resize {
    /// OpenCV's default: bilinear without antialiasing, as published.
    #[default]
    Opencv,
    /// Bilinear with antialiasing: the filter's support grows with the reduction.
    Antialias,
}

impl Resize {
    /// The name used in configurations and cache keys.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How a split divides: single images, whole patients, or as the dataset says.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SplitKind {
    /// Images drawn at random, as published: images of one patient may be in training and test.
    #[default]
    Random,
    /// Whole patients: all images of a patient are in the same part.
    Patient,
    /// The parts that the dataset gives its images, by folders such as `train/` and `test/` or a column of its table.
    Given,
}

impl SplitKind {
    /// The name used in configurations and reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Settings of the division into training, validation and test images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// Random images, whole patients, or as the dataset says.
    pub kind: SplitKind,
    /// Seed of the division; training has a separate seed.
    pub seed: u64,
    /// Share of all images that is tested on, in a random split; a patient split tests on one fold, a given one on the
    /// dataset's test images.
    pub test_fraction: f64,
    /// Share of the non-test images that is validated on, unless a given split has validation images.
    pub validation_fraction: f64,
    /// Number of folds of a patient split.
    pub folds: usize,
    /// The fold that a patient split tests on, from 0.
    pub fold: usize,
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self {
            kind: SplitKind::Random,
            seed: 0,
            test_fraction: 0.1,
            validation_fraction: 0.1,
            folds: 5,
            fold: 0,
        }
    }
}

/// The dataset name that stands for generated images.
pub const SYNTHETIC: &str = "synthetic";

/// Settings of generated images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyntheticConfig {
    /// Number of images; half of them show parasites.
    pub images: usize,
    /// Number of patients; stain and lighting differ between patients.
    pub patients: usize,
    /// Seed of every pixel.
    pub seed: u64,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        Self { images: 600, patients: 12, seed: 0 }
    }
}

/// The images and their division.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// `synthetic`, or the path of a folder or zip in the layout `…/<class>/<name>.png`, or of a table that lists images.
    pub dataset: String,
    /// Name of the negative class and of its folder.
    #[serde(skip_serializing_if = "is_default_negative")]
    pub negative: String,
    /// Name of the positive class and of its folder.
    #[serde(skip_serializing_if = "is_default_positive")]
    pub positive: String,
    /// Rule that finds the group of an image (its patient) in its name.
    #[serde(skip_serializing_if = "GroupRule::is_default")]
    pub group: GroupRule,
    /// Word for a group in reports; it changes nothing else. See [`DataConfig::nouns`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_word: Option<Noun>,
    /// Word for an image in reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_word: Option<Noun>,
    /// Side of the square network input in pixels: a multiple of 32.
    pub image_size: usize,
    /// Method that resizes images to that square.
    pub resize: Resize,
    /// Largest number of images, with the classes in proportion. One manifest always gives the same images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// The division.
    pub split: SplitConfig,
    /// Settings of `dataset = "synthetic"`.
    pub synthetic: SyntheticConfig,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            dataset: "data/cell_images.zip".to_owned(),
            negative: ClassScheme::default().negative,
            positive: ClassScheme::default().positive,
            group: GroupRule::default(),
            group_word: None,
            image_word: None,
            image_size: 64,
            resize: Resize::Opencv,
            limit: None,
            split: SplitConfig::default(),
            synthetic: SyntheticConfig::default(),
        }
    }
}

fn is_default_negative(name: &str) -> bool {
    name == ClassScheme::default().negative
}

fn is_default_positive(name: &str) -> bool {
    name == ClassScheme::default().positive
}

impl DataConfig {
    /// The settings without words for groups and images, which change nothing that is computed.
    pub(crate) fn without_words(&self) -> Self {
        Self { group_word: None, image_word: None, ..self.clone() }
    }

    /// The classes, and the rule that finds an image's group, which a table may give.
    pub fn scheme(&self) -> ClassScheme {
        let scheme = ClassScheme {
            negative: self.negative.clone(),
            positive: self.positive.clone(),
            group: self.group.clone(),
        };
        scheme.of_dataset(&self.dataset)
    }

    /// Checks the settings against each other, before any image is read. The limits of each setting are checked where
    /// it is read.
    ///
    /// # Errors
    /// When settings exclude each other, in one line with the key, its value and the valid values.
    pub fn check(&self) -> Result<(), Error> {
        if self.negative == self.positive {
            return Err(Error::Setting(format!(
                "positive and negative are both `{}`: give the names of two classes",
                self.positive
            )));
        }
        if self.group.is_column() && !is_table(&self.dataset) {
            return Err(Error::Setting(format!(
                "group=column is for tables, and dataset is {}: give a table (.csv or .parquet), or a regular expression \
                 that finds an image's group in its path",
                self.dataset
            )));
        }
        let SplitConfig { fold, folds, .. } = self.split;
        if fold < folds {
            return Ok(());
        }
        Err(Error::Setting(format!(
            "fold is {fold}: with {folds} folds give 0 to {}",
            folds.saturating_sub(1)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(dataset: &str, group: &str) -> DataConfig {
        DataConfig { dataset: dataset.to_owned(), group: group.parse().unwrap(), ..DataConfig::default() }
    }

    #[test]
    fn a_table_gives_groups_by_its_column_unless_another_rule_is_named() {
        let default = GroupRule::default().to_string();
        assert!(data("a/b.csv", &default).scheme().group.is_column());
        assert!(data("b.PARQUET", "column").scheme().group.is_column());
        assert_eq!(data("b.csv", "(p[0-9])").scheme().group.to_string(), "(p[0-9])");
        assert!(data("b.zip", &default).scheme().group.is_default());
    }

    #[test]
    fn a_column_of_a_folder_is_refused() {
        let refused = data("slides", "column").check().unwrap_err().to_string();
        assert!(refused.contains("group=column is for tables, and dataset is slides"), "{refused}");
        assert!(data("slides.csv", "column").check().is_ok());
    }
}
