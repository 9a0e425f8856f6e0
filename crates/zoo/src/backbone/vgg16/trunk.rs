//! VGG16's frozen convolutions with tensors on any device, and a run of them up to a cut.

use ranklab_settings::Layer;

use burn::{
    module::Module,
    tensor::{Device, Tensor, activation::relu},
};
use ranklab_kernels::{ConvolutionUse, FeatureMap, FrozenConvolution, TileTransform};

use super::{cut::Cut, shape::VGG16, weights::TrunkWeights};

/// Values of a block's output that pass it at once (4 MiB of them).
const PART_VALUES: usize = 1 << 20;

/// One frozen convolution of the trunk with the transforms for its map size.
#[derive(Module, Debug)]
pub struct TrunkLayer {
    pub(crate) convolution: FrozenConvolution,
    pub(crate) tiles: TileTransform,
    /// Whether a max pooling follows.
    pub(crate) pools: bool,
}

impl TrunkLayer {
    /// `layer` with its pretrained weights, for square images of `image_size` pixels.
    pub(crate) fn new(
        weights: &TrunkWeights,
        layer: Layer,
        image_size: usize,
        usage: ConvolutionUse,
        device: &Device,
    ) -> Self {
        let pretrained = &weights.layers[layer.index()];
        let shape = VGG16.convolution(layer, image_size);
        Self {
            convolution: FrozenConvolution::new(
                &pretrained.kernel,
                &pretrained.bias,
                [shape.channels_in, shape.channels_out],
                usage,
                device,
            ),
            tiles: TileTransform::new(shape.side, shape.side, device),
            pools: shape.pools,
        }
    }

    /// Convolution, ReLU and, at the end of a block, max pooling.
    pub(crate) fn forward(&self, map: FeatureMap) -> FeatureMap {
        let activated = self.convolution.forward(map, &self.tiles).map(relu);
        if self.pools { activated.max_pool() } else { activated }
    }
}

/// The frozen convolutions from the image up to a cut, with tensors on any device. The processor has a
/// faster one of its own, [`crate::ProcessorTrunk`].
#[derive(Module, Debug)]
pub struct Trunk {
    layers: Vec<TrunkLayer>,
}

impl Trunk {
    /// The trunk below `cut` for square images of `image_size` pixels.
    pub fn new(weights: &TrunkWeights, cut: Cut, image_size: usize, device: &Device) -> Self {
        let usage = ConvolutionUse::default();
        let layers = cut.below().map(|layer| {
            let TrunkLayer { convolution, tiles, pools } =
                TrunkLayer::new(weights, layer, image_size, usage, device);
            let convolution = convolution.with_tensors(&weights.layers[layer.index()].kernel, device);
            TrunkLayer { convolution, tiles, pools }
        });
        Self { layers: layers.collect() }
    }

    /// Features at the cut.
    ///
    /// The batch passes each block in parts small enough for the processor's caches: the lower
    /// blocks' transformed maps are large, the upper blocks' kernels want many images at once.
    pub fn forward(&self, images: FeatureMap) -> FeatureMap {
        let mut map = images;
        for block in self.layers.chunk_by(|lower, _| !lower.pools) {
            let channels = block[0].convolution.bias.dims()[0];
            let part = (PART_VALUES / (map.height * map.width * channels)).max(1);
            let outputs: Vec<FeatureMap> = map
                .values
                .split(part, 1)
                .into_iter()
                .map(|values| FeatureMap::new(values, map.height, map.width))
                .map(|input| block.iter().fold(input, |map, layer| layer.forward(map)))
                .collect();
            let (height, width) = (outputs[0].height, outputs[0].width);
            let values = Tensor::cat(outputs.into_iter().map(|output| output.values).collect(), 1);
            map = FeatureMap::new(values, height, width);
        }
        map
    }

    /// Features after every convolution (and its pooling), from the input on.
    pub fn forward_each(&self, images: FeatureMap) -> Vec<FeatureMap> {
        let mut maps = Vec::with_capacity(self.layers.len());
        let mut map = images;
        for layer in &self.layers {
            map = layer.forward(map);
            maps.push(map.clone());
        }
        maps
    }
}
