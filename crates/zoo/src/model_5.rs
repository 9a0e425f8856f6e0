//! model_5: LoRA in VGG16's convolutions, the pretrained kernels frozen.

use burn::{
    module::Module,
    tensor::{
        Device, Tensor,
        activation::{leaky_relu, relu},
    },
};

use crate::{
    Error,
    adapter::Adapter,
    config::{AdaptedActivation, AdapterConfig, HeadConfig},
    convolution::ConvolutionUse,
    cut::Cut,
    feature_map::FeatureMap,
    head::{Head, LEAK},
    randomness::Randomness,
    trunk::TrunkLayer,
    weights::TrunkWeights,
};

/// A convolution above the cut: adapted, or frozen between adapted ones.
#[derive(Module, Debug)]
pub struct UpperLayer {
    layer: TrunkLayer,
    adapter: Option<Adapter>,
    /// Whether the pretrained ReLU follows.
    activated: bool,
}

impl UpperLayer {
    fn forward(&self, map: FeatureMap, randomness: Option<&mut Randomness>) -> FeatureMap {
        let (convolution, tiles) = (&self.layer.convolution, &self.layer.tiles);
        let map = match &self.adapter {
            Some(adapter) => adapter.forward(convolution, map, tiles, randomness),
            None => convolution.forward(map, tiles),
        };
        let map = if self.activated { map.map(relu) } else { map };
        if self.layer.pools { map.max_pool() } else { map }
    }
}

/// The trained part of model_5 and the frozen convolutions it runs through.
#[derive(Module, Debug)]
pub struct Model5 {
    layers: Vec<UpperLayer>,
    /// The classifier.
    pub head: Head,
}

impl Model5 {
    /// The network above the lowest adapter, for square images of `image_size` pixels.
    ///
    /// # Errors
    /// When ranks and layers do not fit together.
    pub fn new(
        weights: &TrunkWeights,
        config: &AdapterConfig,
        cut: Cut,
        image_size: usize,
        head: HeadConfig,
        randomness: &mut Randomness,
        device: &Device,
    ) -> Result<Self, Error> {
        let ranks = config.rank.per_layer(&config.layers)?;
        let mut ranks = ranks.into_iter();
        let mut layers = Vec::new();
        for layer in cut.above_layers() {
            let adapted = config.layers.contains(layer);
            // Nothing below the first of them is trained.
            let usage = ConvolutionUse { input_gradient: !layers.is_empty(), kernel: adapted && config.dora };
            let trunk_layer = TrunkLayer::new(weights, layer, image_size, usage, device);
            let adapter = adapted
                .then(|| ranks.next())
                .flatten()
                .map(|rank| Adapter::new(config, rank, &trunk_layer.convolution, randomness, device));
            let activated = !adapted || config.activation == AdaptedActivation::Relu;
            layers.push(UpperLayer { layer: trunk_layer, adapter, activated });
        }
        let [height, width, channels] = Cut::top().shape(image_size);
        let head = Head::new(height * width * channels, head, randomness, device);
        Ok(Self { layers, head })
    }

    /// Class scores `[batch, 2]` before softmax.
    pub fn forward(&self, features: FeatureMap, mut randomness: Option<&mut Randomness>) -> Tensor<2> {
        let map =
            self.layers.iter().fold(features, |map, layer| layer.forward(map, randomness.as_deref_mut()));
        let map = map.map(|values| leaky_relu(values, LEAK));
        self.head.forward(map.flatten(), randomness)
    }

    /// The adapters, from the input on.
    pub fn adapters(&self) -> impl Iterator<Item = &Adapter> {
        self.layers.iter().filter_map(|layer| layer.adapter.as_ref())
    }
}
