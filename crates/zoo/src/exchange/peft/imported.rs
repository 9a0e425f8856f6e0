//! An imported adapter, in our layouts.

use ranklab_settings::{AdapterConfig, Layer};

use crate::{
    Error,
    backbone::vgg16::weights::TrunkWeights,
    exchange::{classifier::CHANNELS, description::Description},
};

/// Poolings of VGG16, each of which halves a map's side.
const BLOCKS: usize = 5;

/// A PEFT adapter of VGG16's convolutions.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedAdapter {
    /// Its settings. Whether a ReLU follows adapted convolutions is no setting of PEFT's: without a description it
    /// does, as in VGG16.
    pub config: AdapterConfig,
    /// One for each adapted convolution, from the input on.
    pub factors: Vec<Factors>,
    /// Its classifier, where it has one of ours.
    pub head: Option<ImportedHead>,
    /// What an exported folder says of its network.
    pub description: Option<Description>,
    /// Names of tensors that have no place in a network of ours.
    pub left_out: Vec<String>,
}

/// The factors of one adapted convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    /// The convolution.
    pub layer: Layer,
    /// Rank of the change.
    pub rank: usize,
    /// A, `[9, C_in, rank]`, taps row by row, for BGR input.
    pub down: Vec<f32>,
    /// B, `[rank, C_out]`.
    pub up: Vec<f32>,
    /// DoRA's magnitude, `[C_out]`.
    pub magnitude: Option<Vec<f32>>,
}

/// A classifier as [`crate::Head`] lays it out.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedHead {
    /// Positions of the map that it sees.
    pub(super) positions: usize,
    /// Weights `[inputs, outputs]` and biases, from the features on.
    pub(super) dense: [[Vec<f32>; 2]; 3],
    /// Scales, shifts, running means and running variances.
    pub(super) norms: [[Vec<f32>; 4]; 2],
}

impl ImportedHead {
    /// Features that it takes.
    pub fn features(&self) -> usize {
        self.positions * CHANNELS
    }

    /// Side in pixels of the square images that give so many features, a multiple of 32.
    pub fn image_size(&self) -> usize {
        self.positions.isqrt() << BLOCKS
    }
}

impl ImportedAdapter {
    /// Side in pixels of the images that it was trained on, as far as the folder says.
    pub fn image_size(&self) -> Option<usize> {
        let described = self.description.as_ref().map(|description| description.image_size);
        described.or_else(|| self.head.as_ref().map(ImportedHead::image_size))
    }

    /// Checks that the adapter was trained on this trunk, as far as its folder says.
    ///
    /// # Errors
    /// When the folder names another trunk.
    pub fn check_trunk(&self, weights: &TrunkWeights) -> Result<(), Error> {
        match &self.description {
            Some(description) if description.trunk_sha256 != weights.hash => Err(Error::Import(format!(
                "it was trained on the trunk with hash {:.16}, and these weights have {:.16}; give its own with \
                 `weights=PATH`",
                description.trunk_sha256, weights.hash
            ))),
            _ => Ok(()),
        }
    }
}
