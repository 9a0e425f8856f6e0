//! Settings of the network: its architecture and the weights of its trunk.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// Name of trunk weights that are drawn at random, for tests.
pub const RANDOM_WEIGHTS: &str = "random";
/// Name of the trunk weights that `ranklab weights fetch` stores.
pub const IMAGENET_WEIGHTS: &str = "imagenet";
/// Names that stand for trunk weights in place of a path.
pub const NAMED_WEIGHTS: &[&str] = &[IMAGENET_WEIGHTS, RANDOM_WEIGHTS];

/// Architecture of the network on the frozen trunk.
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

/// Settings of the network and its trunk weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// Architecture.
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
