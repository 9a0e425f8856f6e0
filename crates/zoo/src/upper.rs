//! The convolutions above the cut without what is trained in them: one frozen part for any number of
//! models.

use burn::{
    module::Module,
    tensor::{Device, activation::relu},
};

use crate::{
    adapter::{Adapter, adapted_together},
    config::{AdaptedActivation, AdapterConfig},
    convolution::ConvolutionUse,
    cut::Cut,
    feature_map::FeatureMap,
    randomness::Randomness,
    trunk::TrunkLayer,
    weights::TrunkWeights,
};

/// A convolution above the cut: adapted, or frozen between adapted ones.
#[derive(Module, Debug)]
pub struct UpperLayer {
    pub(crate) layer: TrunkLayer,
    pub(crate) adapted: bool,
    /// Whether the pretrained ReLU follows.
    activated: bool,
}

/// VGG16's convolutions from the lowest adapted one on.
#[derive(Module, Debug)]
pub struct UpperTrunk {
    pub(crate) layers: Vec<UpperLayer>,
}

impl UpperTrunk {
    /// For the layers that `config` adapts, and square images of `image_size` pixels.
    pub fn new(weights: &TrunkWeights, config: &AdapterConfig, image_size: usize, device: &Device) -> Self {
        let mut layers = Vec::new();
        for layer in Cut::above(config.layers.lowest().index()).above_layers() {
            let adapted = config.layers.contains(layer);
            // Nothing below the first of them is trained.
            let usage = ConvolutionUse { input_gradient: !layers.is_empty(), kernel: adapted && config.dora };
            let activated = !adapted || config.activation == AdaptedActivation::Relu;
            let layer = TrunkLayer::new(weights, layer, image_size, usage, device);
            layers.push(UpperLayer { layer, adapted, activated });
        }
        Self { layers }
    }

    /// Whether models with the settings `a` and `b` can run side by side on one frozen part, each as if
    /// it were alone. An adapter's dropout and DoRA want a part of their own.
    pub fn is_shared(a: &AdapterConfig, b: &AdapterConfig) -> bool {
        let plain = |config: &AdapterConfig| !config.dora && config.dropout == 0.0;
        plain(a) && plain(b) && a.layers == b.layers && a.activation == b.activation
    }

    /// Takes features up to the last pooling, which is left to the caller, with one list of adapters per
    /// model, from the input on. `map` holds `images` images of every model, model by model, or the same
    /// ones for all. `randomness` is given while training.
    pub(crate) fn forward(
        &self,
        map: FeatureMap,
        models: &[&[Adapter]],
        images: usize,
        randomness: &mut [Randomness],
    ) -> FeatureMap {
        let mut place = 0;
        let last = self.layers.len() - 1;
        self.layers.iter().enumerate().fold(map, |map, (number, upper)| {
            let TrunkLayer { convolution, tiles, pools } = &upper.layer;
            let map = if upper.adapted {
                let adapters: Vec<&Adapter> = models.iter().map(|adapters| &adapters[place]).collect();
                place += 1;
                match (adapters.as_slice(), &mut *randomness) {
                    ([adapter], randomness) => {
                        adapter.forward(convolution, map, tiles, randomness.first_mut())
                    }
                    (adapters, _) => adapted_together(convolution, adapters, map, None, tiles, images),
                }
            } else {
                convolution.forward(map, tiles)
            };
            let map = if upper.activated { map.map(relu) } else { map };
            if *pools && number < last { map.max_pool() } else { map }
        })
    }
}
