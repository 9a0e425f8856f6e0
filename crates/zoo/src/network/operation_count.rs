//! Floating-point operations of an image's matrix products as they are executed on the processor, to
//! compare speeds with what the processor can do. A multiplication and an addition count as two.

use ranklab_kernels::{POSITIONS, TILE};

use ranklab_settings::{Layer, Network};

use crate::backbone::vgg16::{Cut, VGG16};

/// Operations per training image, in the forward pass and in the backward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperationCount {
    /// Operations of the trained part's forward pass, without the part below.
    pub forward: f64,
    /// Operations of the lowest adapted layer's frozen products, which trials that see the same batch share.
    pub shared_forward: f64,
    /// Operations of the trained part's backward pass.
    pub backward: f64,
}

/// A frozen convolution in the Winograd domain.
fn frozen(layer: Layer, image_size: usize) -> f64 {
    let shape = VGG16.convolution(layer, image_size);
    let tiles = shape.side.div_ceil(TILE).pow(2);
    2.0 * (POSITIONS * tiles * shape.channels_in * shape.channels_out) as f64
}

/// The frozen trunk below `cut`, per image. The first convolution is computed directly.
pub fn trunk_operation_count(cut: Cut, image_size: usize) -> f64 {
    let first = 2.0 * (image_size * image_size * 27 * 64) as f64;
    cut.below().map(|layer| if layer.index() == 0 { first } else { frozen(layer, image_size) }).sum()
}

impl OperationCount {
    /// Operations of a network's trained part above its cut, heads and adapters of model_5 left out: they are a few
    /// per cent.
    pub fn of(network: &Network, image_size: usize) -> Self {
        match network {
            Network::Model5(_) => {
                let layers: Vec<f64> =
                    Cut::of(network).above_layers().map(|layer| frozen(layer, image_size)).collect();
                // Nothing below the lowest adapter asks for a gradient.
                let above = layers.iter().skip(1).sum();
                Self { forward: above, shared_forward: layers[0], backward: above }
            }
            Network::Model4 => {
                let [height, width, channels] = Cut::of(network).shape(image_size);
                let product = |tiles: usize, inner: usize| 2.0 * (9 * tiles * inner * 512) as f64;
                let first = product(height / 2 * (width / 2), channels);
                let second = product(height / 4 * (width / 4), 512);
                // The first one's input is frozen.
                Self { forward: first + second, shared_forward: 0.0, backward: first + 2.0 * second }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ranklab_settings::AdapterSettings;

    use super::*;

    #[test]
    fn the_products_of_block5_are_thirty_six_per_layer_on_a_four_by_four_map() {
        let adapter = AdapterSettings::default().resolve().unwrap();
        let operations = OperationCount::of(&Network::Model5(adapter), 64);
        let layer = 2.0 * 36.0 * 512.0 * 512.0;
        let expected = OperationCount { forward: 2.0 * layer, shared_forward: layer, backward: 2.0 * layer };
        assert_eq!(operations, expected);
        // A quarter of the direct convolution's 9 · 16 products.
        let direct = 2.0 * 9.0 * 16.0 * 512.0 * 512.0;
        assert_eq!(layer * 4.0, direct);
        assert!(trunk_operation_count(Cut::above(10), 64) < 0.7e9);
    }
}
