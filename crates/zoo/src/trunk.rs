//! VGG16's convolutional trunk (Simonyan & Zisserman 2015, arXiv:1409.1556): frozen layers, their
//! input preprocessing, and a run of them up to a cut.

use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData, activation::relu},
};

use crate::{
    convolution::{ConvolutionUse, FrozenConvolution},
    cut::Cut,
    feature_map::FeatureMap,
    layer::Layer,
    weights::TrunkWeights,
    winograd::TileTransform,
};

/// Mean of ImageNet's blue, green and red channels, as `keras.applications.vgg16.preprocess_input`
/// subtracts them.
pub const CHANNEL_MEANS: [f32; 3] = [103.939, 116.779, 123.68];

/// Values of a block's output that pass it at once (4 MiB of them).
const PART_VALUES: usize = 1 << 20;

/// Turns RGB bytes `[images, size, size, 3]` into VGG16's input: BGR, channel means subtracted, not
/// scaled.
pub fn preprocess(rgb: &[u8], images: usize, size: usize, device: &Device) -> FeatureMap {
    let positions = size * size;
    let mut values = vec![0.0; positions * images * 3];
    for (image, pixels) in rgb.chunks_exact(positions * 3).enumerate().take(images) {
        for (position, pixel) in pixels.chunks_exact(3).enumerate() {
            let target = &mut values[(position * images + image) * 3..][..3];
            for channel in 0..3 {
                target[channel] = f32::from(pixel[2 - channel]) - CHANNEL_MEANS[channel];
            }
        }
    }
    FeatureMap::new(Tensor::from_data(TensorData::new(values, [positions, images, 3]), device), size, size)
}

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
        let side = image_size >> (layer.block() - 1);
        Self {
            convolution: FrozenConvolution::new(
                &pretrained.kernel,
                &pretrained.bias,
                [layer.channels_in(), layer.channels_out()],
                usage,
                device,
            ),
            tiles: TileTransform::new(side, side, device),
            pools: layer.ends_block(),
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
