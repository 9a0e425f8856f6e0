//! VGG16's trunk weights: where they come from, how they are checked and stored.

use sha2::{Digest, Sha256};

use crate::{layer::Layer, randomness::Randomness};

/// Kernel and bias of one convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerWeights {
    /// `[C_out, C_in, 3, 3]`, for BGR input of scale 0 to 255 with the channel means subtracted.
    pub kernel: Vec<f32>,
    /// `[C_out]`.
    pub bias: Vec<f32>,
}

/// The 13 convolutions' weights.
#[derive(Clone, Debug)]
pub struct TrunkWeights {
    /// From the input on.
    pub layers: Vec<LayerWeights>,
    /// SHA-256 over the 26 tensors in order, with their names and shapes.
    pub hash: String,
}

impl TrunkWeights {
    /// Checks nothing but computes the hash.
    fn with_layers(layers: Vec<LayerWeights>) -> Self {
        let mut hasher = Sha256::new();
        for (layer, weights) in Layer::all().zip(&layers) {
            for (part, values) in [("kernel", &weights.kernel), ("bias", &weights.bias)] {
                hasher.update(format!("{layer}.{part}:{}\n", values.len()));
                for value in values {
                    hasher.update(value.to_le_bytes());
                }
            }
        }
        let hash = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { layers, hash }
    }

    /// He-normal weights (He et al. 2015) and zero biases: for tests, never for results.
    pub fn random(seed: u64) -> Self {
        let layers = Layer::all().map(|layer| {
            let mut randomness = Randomness::new(seed, 1000 + layer.index() as u64);
            let fan_in = 9 * layer.channels_in();
            LayerWeights {
                kernel: randomness.normal(fan_in * layer.channels_out(), (2.0 / fan_in as f64).sqrt()),
                bias: vec![0.0; layer.channels_out()],
            }
        });
        Self::with_layers(layers.collect())
    }
}
