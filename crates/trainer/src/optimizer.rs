//! From a configuration to an optimiser.

use burn::optim::{
    AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig, decay::WeightDecayConfig, momentum::MomentumConfig,
};

use crate::adamax::Adamax;
use ranklab_settings::{OptimizerKind, TrainingConfig};

/// ε of Adam and AdamW, PyTorch's default (burn's own is 1e-5).
const EPSILON: f32 = 1e-8;

/// The optimiser that `config` asks for, without any state.
pub(crate) fn optimizer(config: &TrainingConfig) -> ModuleOptimizer {
    let decay = (config.weight_decay > 0.0).then(|| WeightDecayConfig::new(config.weight_decay as f32));
    match config.optimizer {
        OptimizerKind::Adamax => Adamax { weight_decay: config.weight_decay, ..Adamax::default() }.into(),
        OptimizerKind::Adam => AdamConfig::new().with_epsilon(EPSILON).with_weight_decay(decay).init(),
        OptimizerKind::Adamw => {
            AdamWConfig::new().with_epsilon(EPSILON).with_weight_decay(config.weight_decay as f32).init()
        }
        OptimizerKind::Sgd => {
            let momentum = (config.momentum > 0.0)
                .then(|| MomentumConfig::new().with_momentum(config.momentum).with_dampening(0.0));
            SgdConfig::new().with_weight_decay(decay).with_momentum(momentum).init()
        }
    }
}
