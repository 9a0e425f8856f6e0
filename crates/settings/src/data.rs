//! Settings of the data: which images, how they are resized and how they are split.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    Error,
    classes::{ClassScheme, GroupRule},
};

/// How an image becomes a square of the network's input size.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Resize {
    /// OpenCV's default bilinear without antialiasing, as the posts did it.
    #[default]
    Opencv,
    /// Bilinear with antialiasing (the filter's support grows with the reduction).
    Antialias,
}

impl Resize {
    /// The name used in configurations and cache keys.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Who may stand on both sides of the split.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SplitKind {
    /// Cells drawn at random, as the posts did it: patients stand on both sides.
    #[default]
    Random,
    /// Whole patients: none stands on both sides.
    Patient,
}

impl SplitKind {
    /// The name used in configurations and reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How images are divided into training, validation and test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitConfig {
    /// Random cells or whole patients.
    pub kind: SplitKind,
    /// Seed of the division (not of the training).
    pub seed: u64,
    /// Share of all images that is tested on; for a random split only (a patient split tests on
    /// one fold).
    pub test_fraction: f64,
    /// Share of the images left for training that is validated on.
    pub validation_fraction: f64,
    /// Folds of a patient split.
    pub folds: usize,
    /// The fold that is tested on, from 0; for a patient split only.
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

/// Generated images: how many, from how many patients, from which seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyntheticConfig {
    /// Images in all; half of them with parasites.
    pub images: usize,
    /// Patients, each with a stain and lighting of their own.
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
    /// `synthetic`, or the path of a folder or zip in the layout `…/<class>/<name>.png`.
    pub dataset: String,
    /// Name of the negative class, which its folder bears.
    #[serde(skip_serializing_if = "is_default_negative")]
    pub negative: String,
    /// Name of the positive class, which its folder bears.
    #[serde(skip_serializing_if = "is_default_positive")]
    pub positive: String,
    /// Finds the group of an image (its patient) in its name.
    #[serde(skip_serializing_if = "GroupRule::is_default")]
    pub group: GroupRule,
    /// Side of the square network input in pixels: a multiple of 32.
    pub image_size: usize,
    /// How images become that square.
    pub resize: Resize,
    /// At most this many images, the classes in proportion, always the same ones for one manifest.
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
    /// The classes, and the rule that finds an image's group.
    pub fn scheme(&self) -> ClassScheme {
        ClassScheme {
            negative: self.negative.clone(),
            positive: self.positive.clone(),
            group: self.group.clone(),
        }
    }

    /// Checks that the settings go together, before any image is read. The limits of each stand where settings are
    /// read.
    ///
    /// # Errors
    /// One line naming the key, its value and what it may be.
    pub fn check(&self) -> Result<(), Error> {
        if self.negative == self.positive {
            return Err(Error::Setting(format!(
                "positive and negative are both `{}`: give the names of two classes",
                self.positive
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
