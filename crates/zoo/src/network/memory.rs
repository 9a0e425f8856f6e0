//! Memory that a network takes on this processor, estimated from its shapes before anything is allocated.
//! The largest parts are counted: what a forward pass keeps for the backward pass, the transformed domain,
//! the sums of the adapters' gradients, parameters with what an optimiser adds to each, and kernels.

use ranklab_kernels::{ConvolutionStack, POSITIONS, RANK_STEP, TILE, sums_at_once};

use super::model_4::Model4;
use ranklab_settings::{AdapterConfig, Layer, Network};

use crate::{
    Error,
    backbone::{
        ConvolutionShape,
        vgg16::{Cut, VGG16},
    },
    head::Head,
};

/// Bytes of a number.
const NUMBER: u64 = 4;
/// Copies of a trained parameter while it is trained: itself, its gradient, the optimiser's two states, the best
/// epoch's, and of the epoch before what is still being stored.
const COPIES: u64 = 6;
/// More of them while one network's checkpoint is put together: its parts, and the file.
const STORED_COPIES: u64 = 9;
/// Side of the trained convolutions' transform in model_4.
const MODEL_4_POSITIONS: u64 = 9;

/// Bytes that networks take that train together, or one alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// Whatever the number of images.
    pub fixed: u64,
    /// More for each image of a training step, where every network sees images of its own.
    pub trained_image: u64,
    /// More for each image that is evaluated at once, the same for all networks.
    pub evaluated_image: u64,
}

/// A convolution's sizes per image, in numbers.
struct Sizes {
    positions: u64,
    /// Positions of the transformed domain.
    transformed: u64,
    inputs: u64,
    outputs: u64,
}

impl Sizes {
    fn of(layer: Layer, image_size: usize) -> Self {
        let shape = VGG16.convolution(layer, image_size);
        Self {
            positions: shape.positions() as u64,
            transformed: (POSITIONS * shape.side.div_ceil(TILE).pow(2)) as u64,
            inputs: shape.channels_in as u64,
            outputs: shape.channels_out as u64,
        }
    }

    /// Transformed input and products of the frozen kernel.
    fn frozen(&self) -> u64 {
        self.transformed * (self.inputs + self.outputs) + self.positions * (self.inputs + self.outputs)
    }
}

/// Bytes for networks with so many trained parameters.
fn of_parameters(networks: impl Iterator<Item = u64> + Clone) -> u64 {
    NUMBER * (COPIES * networks.clone().sum::<u64>() + STORED_COPIES * networks.max().unwrap_or(0))
}

/// Bytes for each image whose features pass the frozen convolution `layer`.
pub fn frozen_image_bytes(layer: Layer, image_size: usize) -> u64 {
    NUMBER * Sizes::of(layer, image_size).frozen()
}

/// Bytes that the trunk below `cut` takes on so many threads: its kernels, and on each thread the widest
/// maps of some images and the pooled ones of a group.
pub fn trunk_bytes(cut: Cut, image_size: usize, threads: usize) -> u64 {
    let shapes: Vec<ConvolutionShape> =
        cut.below().map(|layer| VGG16.convolution(layer, image_size)).collect();
    let kernels: usize = shapes.iter().map(|shape| POSITIONS * shape.channels_in * shape.channels_out).sum();
    let widest = shapes.iter().map(|shape| shape.positions() * shape.channels_out).max().unwrap_or(0);
    let (at_once, group) =
        (ConvolutionStack::images_per_part(image_size), ConvolutionStack::images_per_thread());
    NUMBER * (kernels + threads * widest * (2 * at_once + group / 4)) as u64
}

impl MemoryEstimate {
    /// The estimate for networks that train together on square images of `image_size` pixels: one of any kind, or
    /// several of model_5 whose adapters are in the same layers.
    ///
    /// # Errors
    /// When ranks and layers do not fit together.
    pub fn of(networks: &[&Network], image_size: usize) -> Result<Self, Error> {
        let adapters: Vec<&AdapterConfig> = networks.iter().filter_map(|network| network.adapter()).collect();
        match adapters.first() {
            Some(first) => {
                let cut = Cut::below_layer(first.layers.lowest());
                Self::of_model_5(first, &adapters, cut, image_size)
            }
            None => Ok(Self::of_model_4(image_size)),
        }
    }

    fn of_model_5(
        first: &AdapterConfig,
        adapters: &[&AdapterConfig],
        cut: Cut,
        image_size: usize,
    ) -> Result<Self, Error> {
        let models = adapters.len() as u64;
        let ranks = adapters
            .iter()
            .map(|adapter| adapter.rank.per_layer(&adapter.layers))
            .collect::<Result<Vec<_>, _>>()?;
        let (mut kept, mut evaluated, mut most_at_once) = (0, 0, 0);
        let (mut parameters, mut kernels, mut most_sums) = (vec![0; adapters.len()], 0, 0);
        let mut adapted = 0;
        for layer in cut.above_layers() {
            let sizes = Sizes::of(layer, image_size);
            let Sizes { positions, transformed, inputs, outputs } = sizes;
            // U and Uᵀ in 16 bits.
            kernels += POSITIONS as u64 * inputs * outputs * NUMBER;
            let mut rank = 0;
            if first.layers.contains(layer) {
                let own = ranks.iter().map(|ranks| ranks[adapted]);
                rank = own.clone().max().unwrap_or(1).next_multiple_of(RANK_STEP) as u64;
                for (parameters, rank) in parameters.iter_mut().zip(own) {
                    *parameters += rank as u64 * (9 * inputs + outputs);
                }
                adapted += 1;
                // In the backward pass of one layer after the other.
                let up = (rank * outputs) as usize;
                let up = (sums_at_once(adapters.len(), up) * up) as u64;
                let sums = up.min(models * positions * rank * outputs);
                most_sums = most_sums.max(sums + models * POSITIONS as u64 * rank * inputs);
            }
            // The transformed input, what A makes of it, and the output before and after ReLU.
            kept += models * (transformed * inputs + positions * (rank + 2 * outputs));
            let products = models * transformed * (outputs + rank);
            most_at_once = most_at_once.max(products);
            evaluated = evaluated.max(models * (sizes.frozen() + (transformed + positions) * rank));
        }
        let [height, width, channels] = Cut::top().shape(image_size);
        let head = Head::parameters(height * width * channels) as u64;
        Ok(Self {
            fixed: of_parameters(parameters.into_iter().map(|own| own + head)) + NUMBER * most_sums + kernels,
            trained_image: NUMBER * (kept + most_at_once),
            evaluated_image: NUMBER * evaluated,
        })
    }

    fn of_model_4(image_size: usize) -> Self {
        let shape @ [height, width, channels] = Cut::of(&Network::Model4).shape(image_size);
        let parameters = Model4::convolution_parameters(shape) + Head::parameters(Model4::features(shape));
        let tiles = |shift: usize| ((height >> shift) * (width >> shift)) as u64;
        let (inputs, outputs) = (channels as u64, 512);
        let windows = MODEL_4_POSITIONS * (tiles(1) * inputs + tiles(2) * outputs);
        let products = MODEL_4_POSITIONS * tiles(1) * outputs;
        let maps = (height * width) as u64 * inputs + 4 * tiles(1) * outputs;
        Self {
            fixed: of_parameters([parameters as u64].into_iter()),
            trained_image: NUMBER * (windows + products + maps),
            evaluated_image: NUMBER * (MODEL_4_POSITIONS * tiles(1) * (inputs + outputs) + maps),
        }
    }
}

#[cfg(test)]
mod tests {
    use ranklab_settings::AdapterSettings;

    use super::*;

    fn adapted(layers: &str, rank: &str) -> Network {
        let (layers, rank) = (Some(layers.parse().unwrap()), Some(rank.parse().unwrap()));
        Network::Model5(AdapterSettings { layers, rank, ..Default::default() }.resolve().unwrap())
    }

    fn of(layers: &str, rank: &str, image_size: usize) -> MemoryEstimate {
        MemoryEstimate::of(&[&adapted(layers, rank)], image_size).unwrap()
    }

    const GIB: u64 = 1 << 30;

    #[test]
    fn large_images_all_layers_and_high_ranks_take_more_than_any_usual_machine_has() {
        let usual = of("block5", "16", 64);
        assert!(usual.fixed + 32 * usual.trained_image < GIB / 2, "{usual:?}");
        let large = of("all", "512", 512);
        assert!(large.fixed + 32 * large.trained_image > 60 * GIB, "{large:?}");
        // Each of the three alone makes it grow.
        for more in [of("block5", "16", 512), of("all", "16", 64), of("block5", "512", 64)] {
            assert!(more.trained_image > usual.trained_image && more.fixed > usual.fixed, "{more:?}");
        }
    }

    #[test]
    fn networks_that_train_together_take_as_much_more_as_there_are() {
        let (one, network) = (of("block5", "5", 128), adapted("block5", "5"));
        let three = MemoryEstimate::of(&[&network; 3], 128).unwrap();
        assert_eq!(three.trained_image, 3 * one.trained_image);
        // They share the kernels.
        assert!(three.fixed < 3 * one.fixed && three.fixed > one.fixed);
    }

    #[test]
    fn model_4_grows_with_its_images_and_its_head() {
        let at = |size| MemoryEstimate::of(&[&Network::Model4], size).unwrap();
        assert!(at(64).fixed < GIB / 3 && at(512).fixed > 2 * GIB);
        assert!(at(512).trained_image > 60 * at(64).trained_image);
    }
}
