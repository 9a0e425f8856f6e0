//! Where the frozen trunk ends and training begins.

use ranklab_settings::Layer;

use super::shape::VGG16;

/// The boundary below the lowest trained layer: everything under it is frozen and computed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cut {
    below: usize,
}

impl Cut {
    /// The end of the whole trunk (block5_pool).
    pub fn top() -> Self {
        Self::above(VGG16.convolutions)
    }

    /// A cut above the given number of convolutions, at most all.
    pub fn above(convolutions: usize) -> Self {
        Self { below: convolutions.min(VGG16.convolutions) }
    }

    /// The cut after a block, from 1, and its pooling.
    pub fn after_block(block: usize) -> Self {
        Self::above(VGG16.layers().filter(|layer| layer.block() <= block).count())
    }

    /// The cut just below `layer`.
    pub fn below_layer(layer: Layer) -> Self {
        Self::above(layer.index())
    }

    /// Whether nothing is frozen below: images enter the trained part directly.
    pub fn is_input(self) -> bool {
        self.below == 0
    }

    /// The convolutions below the cut, from the input on.
    pub fn below(self) -> impl Iterator<Item = Layer> {
        VGG16.layers().take(self.below)
    }

    /// The convolutions above the cut.
    pub fn above_layers(self) -> impl Iterator<Item = Layer> {
        VGG16.layers().skip(self.below)
    }

    /// Height, width and channels of the features at the cut, for square images of `image_size` pixels.
    pub fn shape(self, image_size: usize) -> [usize; 3] {
        let Some(last) = self.below().last() else {
            return [image_size, image_size, VGG16.channel_means.len()];
        };
        let shape = VGG16.convolution(last, image_size);
        let side = if shape.pools { shape.side / 2 } else { shape.side };
        [side, side, shape.channels_out]
    }

    /// `block4_pool`, `block5_conv2`, `input`, …: the last thing that is frozen.
    pub fn name(self) -> String {
        match self.below().last() {
            None => "input".to_owned(),
            Some(layer) if layer.ends_block() => format!("block{}_pool", layer.block()),
            Some(layer) => layer.to_string(),
        }
    }
}
