//! The description of a backbone: everything that the networks on it ask of it.

use ranklab_settings::Layer;

/// A pretrained network of 3×3 convolutions, stride 1, pad 1, each followed by ReLU and some of them by 2×2 max
/// pooling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backbone {
    /// Its name in the literature.
    pub name: &'static str,
    /// Number of convolutions.
    pub convolutions: usize,
    /// Mean of each input channel over the images that it was pretrained on, in the order in which it takes the
    /// channels. They are subtracted from its input, which is not scaled.
    pub channel_means: [f32; 3],
}

/// Sizes of one convolution on square images of a given size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// Side of the map that enters it, and of the map that leaves it before any pooling.
    pub side: usize,
    /// Input channels.
    pub channels_in: usize,
    /// Output channels.
    pub channels_out: usize,
    /// Whether 2×2 max pooling follows it, because it ends a block.
    pub pools: bool,
}

impl ConvolutionShape {
    /// Positions of its map before any pooling.
    pub fn positions(self) -> usize {
        self.side * self.side
    }
}

impl Backbone {
    /// All convolutions, from the input on.
    pub fn layers(&self) -> impl Iterator<Item = Layer> + use<> {
        Layer::all().take(self.convolutions)
    }

    /// The sizes of `layer` for square images of `image_size` pixels. A pooling drops an odd last row and column.
    pub fn convolution(&self, layer: Layer, image_size: usize) -> ConvolutionShape {
        ConvolutionShape {
            side: image_size >> (layer.block() - 1),
            channels_in: layer.channels_in(),
            channels_out: layer.channels_out(),
            pools: layer.ends_block(),
        }
    }

    /// Parameters of `layer`: kernel and bias.
    pub fn parameters(&self, layer: Layer) -> usize {
        layer.parameters()
    }

    /// The highest rank that a change of `layer`'s kernel can have.
    pub fn full_rank(&self, layer: Layer) -> usize {
        layer.full_rank()
    }

    /// Index of `layer` in torchvision's `features` sequence.
    pub fn torchvision_index(&self, layer: Layer) -> usize {
        layer.torchvision_index()
    }
}
