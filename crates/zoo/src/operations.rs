//! Floating-point operations of an image's matrix products as they are executed on the processor, to
//! compare speeds with what the processor can do. A multiplication and an addition count as two.

use crate::{
    config::{AdapterConfig, Architecture},
    cut::Cut,
    layer::Layer,
    winograd::{POSITIONS, TILE},
};

/// Per training image: forward pass and backward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operations {
    /// Of the trained part's forward pass, without the part below.
    pub forward: f64,
    /// Of the lowest adapted layer's frozen products, which trials that see the same batch share.
    pub shared_forward: f64,
    /// Of its backward pass.
    pub backward: f64,
}

/// A frozen convolution in the Winograd domain.
fn frozen(layer: Layer, image_size: usize) -> f64 {
    let side = image_size >> (layer.block() - 1);
    let tiles = side.div_ceil(TILE).pow(2);
    2.0 * (POSITIONS * tiles * layer.channels_in() * layer.channels_out()) as f64
}

/// The frozen trunk below `cut`, per image. The first convolution is computed directly.
pub fn trunk_operations(cut: Cut, image_size: usize) -> f64 {
    let first = 2.0 * (image_size * image_size * 27 * 64) as f64;
    cut.below().map(|layer| if layer.index() == 0 { first } else { frozen(layer, image_size) }).sum()
}

impl Operations {
    /// Of a model's trained part above its cut, heads and adapters of model_5 left out: they are a few
    /// per cent.
    pub fn of(architecture: Architecture, adapter: Option<&AdapterConfig>, image_size: usize) -> Self {
        match (architecture, adapter) {
            (Architecture::Model5, Some(adapter)) => {
                let layers: Vec<f64> = Cut::above(adapter.layers.lowest().index())
                    .above_layers()
                    .map(|layer| frozen(layer, image_size))
                    .collect();
                // Nothing below the lowest adapter asks for a gradient.
                let above = layers.iter().skip(1).sum();
                Self { forward: above, shared_forward: layers[0], backward: above }
            }
            _ => {
                let [height, width, channels] = Cut::of(Architecture::Model4, None).shape(image_size);
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
    use super::*;
    use crate::config::AdapterSettings;

    #[test]
    fn the_products_of_block5_are_thirty_six_per_layer_on_a_four_by_four_map() {
        let adapter = AdapterSettings::default().resolve().unwrap();
        let operations = Operations::of(Architecture::Model5, Some(&adapter), 64);
        let layer = 2.0 * 36.0 * 512.0 * 512.0;
        let expected = Operations { forward: 2.0 * layer, shared_forward: layer, backward: 2.0 * layer };
        assert_eq!(operations, expected);
        // A quarter of the direct convolution's 9 · 16 products.
        let direct = 2.0 * 9.0 * 16.0 * 512.0 * 512.0;
        assert_eq!(layer * 4.0, direct);
        assert!(trunk_operations(Cut::above(10), 64) < 0.7e9);
    }
}
