//! The convolutions above the cut without what is trained in them: one frozen part for any number of
//! models.

use std::sync::Arc;

use burn::{
    module::Module,
    tensor::{Device, activation::relu},
};
use ranklab_kernels::{ConvolutionUse, FeatureMap, FrozenKernel, Products, Randomness};

use ranklab_settings::{AdaptedActivation, AdapterConfig};

use crate::{
    adapter::{Adapter, Own, adapted_together},
    backbone::vgg16::{Cut, TrunkLayer, weights::TrunkWeights},
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
    /// Whether no adapter has DoRA or dropout.
    plain: bool,
}

/// What enters the trained part of a network.
#[derive(Clone, Debug)]
pub struct UpperInput {
    /// The map at the cut.
    pub map: FeatureMap,
    /// What the frozen terms of the convolution above make of it, where that is known:
    /// [`UpperTrunk::frozen_part`], in the map's order.
    pub frozen: Option<Arc<Vec<f32>>>,
}

impl From<FeatureMap> for UpperInput {
    fn from(map: FeatureMap) -> Self {
        Self { map, frozen: None }
    }
}

impl UpperTrunk {
    /// For the layers that `config` adapts, and square images of `image_size` pixels.
    pub fn new(weights: &TrunkWeights, config: &AdapterConfig, image_size: usize, device: &Device) -> Self {
        Self::with_products(weights, config, image_size, Products::default(), device)
    }

    /// [`Self::new`] with frozen products of any kind on the processor.
    pub fn with_products(
        weights: &TrunkWeights,
        config: &AdapterConfig,
        image_size: usize,
        products: Products,
        device: &Device,
    ) -> Self {
        let mut layers = Vec::new();
        for layer in Cut::below_layer(config.layers.lowest()).above_layers() {
            let adapted = config.layers.contains(layer);
            // Nothing below the first of them is trained.
            let usage = ConvolutionUse {
                input_gradient: !layers.is_empty(),
                kernel: adapted && config.dora,
                products,
            };
            let activated = !adapted || config.activation == AdaptedActivation::Relu;
            let layer = TrunkLayer::new(weights, layer, image_size, usage, device);
            layers.push(UpperLayer { layer, adapted, activated });
        }
        Self { layers, plain: is_plain(config) }
    }

    /// This frozen part with tensors alone and the kernels that `processor` has, rounded as there: to compare
    /// devices without the rounding.
    pub fn with_rounded_kernels_of(mut self, processor: &Self, device: &Device) -> Self {
        for (own, other) in self.layers.iter_mut().zip(&processor.layers) {
            let convolution = own.layer.convolution.clone();
            own.layer.convolution = convolution.with_rounded_kernel_of(&other.layer.convolution, device);
        }
        self
    }

    /// Whether the first convolution can take its frozen part from [`UpperInput`]: on the processor, and
    /// without DoRA and dropout.
    pub fn has_frozen_part(&self) -> bool {
        let packed =
            |first: &UpperLayer| matches!(first.layer.convolution.transformed, FrozenKernel::Packed(_));
        self.plain && self.layers.first().is_some_and(packed)
    }

    /// `x∗W + b` of the first convolution, the same in every epoch and for every adapter; `None` where
    /// there is no use for it.
    pub fn frozen_part(&self, map: &FeatureMap) -> Option<FeatureMap> {
        let first = &self.layers.first()?.layer;
        self.has_frozen_part().then(|| first.convolution.forward(map.clone(), &first.tiles))
    }

    /// Frees the first convolution's kernel: from now on its frozen part comes with the features.
    pub fn forget_frozen_part(&mut self) {
        if let Some(first) = self.layers.first_mut()
            && let FrozenKernel::Packed(kernel) = &mut first.layer.convolution.transformed
        {
            kernel.forget_forward();
        }
    }

    /// Whether models with the settings `a` and `b` can run side by side on one frozen part, each as if
    /// it were alone. An adapter's dropout and DoRA want a part of their own.
    pub fn is_shared(a: &AdapterConfig, b: &AdapterConfig) -> bool {
        is_plain(a) && is_plain(b) && a.layers == b.layers && a.activation == b.activation
    }

    /// Takes features up to the last pooling, which is left to the caller, with one list of adapters per
    /// model, from the input on. `features` hold `images` images of every model, model by model, or the
    /// same ones for all. `randomness` is given while training.
    pub(crate) fn forward(
        &self,
        features: UpperInput,
        models: &[&[Adapter]],
        images: usize,
        randomness: &mut [Randomness],
    ) -> FeatureMap {
        let mut place = 0;
        let last = self.layers.len() - 1;
        let UpperInput { map, mut frozen } = features;
        self.layers.iter().enumerate().fold(map, |map, (number, upper)| {
            let TrunkLayer { convolution, tiles, pools } = &upper.layer;
            let map = if upper.adapted {
                let adapters: Vec<&Adapter> = models.iter().map(|adapters| &adapters[place]).collect();
                place += 1;
                // Only the first convolution's is known.
                match (adapters.as_slice(), frozen.take()) {
                    ([adapter], None) => adapter.forward(convolution, map, tiles, randomness.first_mut()),
                    (adapters, frozen) => {
                        let own = Own { frozen, ..Own::default() };
                        adapted_together(convolution, adapters, map, own, tiles, images)
                    }
                }
            } else {
                convolution.forward(map, tiles)
            };
            let map = if upper.activated { map.map(relu) } else { map };
            if *pools && number < last { map.max_pool() } else { map }
        })
    }
}

/// Whether the adapters only add to the frozen part.
fn is_plain(config: &AdapterConfig) -> bool {
    !config.dora && config.dropout == 0.0
}
