//! The sizes of a stack's maps and convolutions.

use crate::winograd::TILE;

/// Channels that are too few to be worth transforming: those of an image.
pub(super) const IMAGE_CHANNELS: usize = 3;

/// A square map's side and channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct MapShape {
    pub(super) side: usize,
    pub(super) channels: usize,
}

impl MapShape {
    pub(super) fn values(self) -> usize {
        self.side * self.side * self.channels
    }

    /// Tiles along one side.
    pub(super) fn tiles(self) -> usize {
        self.tiles_of(TILE)
    }

    /// Tiles of side `tile` along one side.
    pub(super) fn tiles_of(self, tile: usize) -> usize {
        self.side.div_ceil(tile)
    }
}

/// A convolution of a stack: 3×3, stride 1, pad 1, followed by ReLU.
#[derive(Clone, Copy, Debug)]
pub struct StackedConvolution<'a> {
    /// `[C_out, C_in, 3, 3]`.
    pub kernel: &'a [f32],
    /// `[C_out]`.
    pub bias: &'a [f32],
    /// Side of the square map that enters it.
    pub side: usize,
    /// Input channels.
    pub channels_in: usize,
    /// Output channels.
    pub channels_out: usize,
    /// Whether 2×2 max pooling follows.
    pub pools: bool,
}

/// What a convolution does with its products.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// The maps that enter it.
    pub(super) input: MapShape,
    pub(super) channels_out: usize,
    pub(super) bias: Vec<f32>,
    pub(super) pools: bool,
}

impl Surroundings {
    pub(super) fn new(convolution: &StackedConvolution<'_>) -> Self {
        let &StackedConvolution { bias, side, channels_in, channels_out, pools, .. } = convolution;
        let input = MapShape { side, channels: channels_in };
        Self { input, channels_out, bias: bias.to_vec(), pools }
    }

    pub(super) fn output(&self) -> MapShape {
        let side = if self.pools { self.input.side / 2 } else { self.input.side };
        MapShape { side, channels: self.channels_out }
    }
}
