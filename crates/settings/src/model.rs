//! Settings of the network: its architecture and the weights of its trunk.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// Trunk weights that are drawn at random, for tests.
pub const RANDOM_WEIGHTS: &str = "random";
/// Trunk weights that `ranklab weights fetch` stored.
pub const IMAGENET_WEIGHTS: &str = "imagenet";
/// Trunk weights that have a name instead of a path.
pub const NAMED_WEIGHTS: &[&str] = &[IMAGENET_WEIGHTS, RANDOM_WEIGHTS];

/// Which network stands on the frozen trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum Architecture {
    /// Classical fine-tuning: two trainable 2×2 convolutions on block3_pool.
    #[serde(rename = "model_4")]
    #[strum(serialize = "model_4")]
    Model4,
    /// LoRA in VGG16's convolutions, block5 by default.
    #[serde(rename = "model_5")]
    #[strum(serialize = "model_5")]
    Model5,
}

impl Architecture {
    /// The name used in configurations and reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The network and its weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// Which network.
    pub architecture: Architecture,
    /// Trunk weights: `imagenet` (the stored file of `ranklab weights fetch`), `random` (tests
    /// only) or the path of a safetensors file.
    pub weights: String,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self { architecture: Architecture::Model5, weights: IMAGENET_WEIGHTS.to_owned() }
    }
}
