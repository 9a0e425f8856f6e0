//! How many parameters a network trains, and how many it keeps frozen.

use super::model_4::Model4;
use ranklab_settings::Network;

use crate::{
    Error,
    backbone::vgg16::{Cut, VGG16},
    head::Head,
};

/// How many parameters are trained and how many are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterCounts {
    /// Trained, adapters included.
    pub trainable: usize,
    /// In adapters.
    pub adapter: usize,
    /// Frozen convolutions of the whole network, kernels and biases.
    pub frozen: usize,
}

impl ParameterCounts {
    /// Of the whole network for square images of `image_size` pixels, without building it.
    ///
    /// # Errors
    /// When ranks and layers do not fit together.
    pub fn of(network: &Network, image_size: usize) -> Result<Self, Error> {
        let (frozen_layers, adapter, trained_below, features) = match network {
            Network::Model5(adapter) => {
                let ranks = adapter.rank.per_layer(&adapter.layers)?;
                let factors = adapter.layers.layers().iter().zip(ranks).map(|(layer, rank)| {
                    let magnitude = if adapter.dora { layer.channels_out() } else { 0 };
                    rank * (9 * layer.channels_in() + layer.channels_out()) + magnitude
                });
                let factors = factors.sum();
                (Cut::top(), factors, factors, Cut::top().shape(image_size).iter().product())
            }
            Network::Model4 => {
                let cut = Cut::of(network);
                let shape = cut.shape(image_size);
                (cut, 0, Model4::convolution_parameters(shape), Model4::features(shape))
            }
        };
        let frozen = frozen_layers.below().map(|layer| VGG16.parameters(layer)).sum();
        Ok(Self { trainable: trained_below + Head::parameters(features), adapter, frozen })
    }
}
