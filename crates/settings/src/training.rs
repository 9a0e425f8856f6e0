//! Settings of training: optimiser, epochs, batch size, seed and the metric that selects the best epoch.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

/// The optimiser.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OptimizerKind {
    /// Adamax (Kingma & Ba 2015, arXiv:1412.6980, algorithm 2), as published.
    #[default]
    Adamax,
    /// Adam.
    Adam,
    /// Adam with decoupled weight decay.
    Adamw,
    /// Stochastic gradient descent with momentum.
    Sgd,
}

impl OptimizerKind {
    /// The name used in configurations and reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Rule that selects the epoch whose weights are restored at the end of training.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SelectBy {
    /// Highest validation accuracy; the earliest epoch wins a tie.
    #[default]
    ValidationAccuracy,
    /// Lowest validation cross-entropy; the earliest epoch wins a tie.
    ValidationLoss,
    /// The last epoch: no weights are restored.
    LastEpoch,
}

impl SelectBy {
    /// The name used in configurations and reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Settings of training. The defaults are the published protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// Optimiser.
    pub optimizer: OptimizerKind,
    /// Learning rate.
    pub learning_rate: f64,
    /// Weight decay (L2 for Adamax, Adam and SGD; decoupled for AdamW).
    pub weight_decay: f64,
    /// Momentum of SGD.
    pub momentum: f64,
    /// Passes over the training images.
    pub epochs: usize,
    /// Images per step.
    pub batch_size: usize,
    /// Rate of the head's two dropout layers.
    pub head_dropout: f64,
    /// Share of batch norm's running statistics that a step keeps, by Keras' convention with its default of 0.99.
    /// Short runs need less, such as 0.9: their statistics would hardly leave their initial values.
    pub batch_norm_momentum: f64,
    /// Seed of initial weights, shuffles and dropout.
    pub seed: u64,
    /// Rule that selects the best epoch.
    pub select_by: SelectBy,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            optimizer: OptimizerKind::Adamax,
            learning_rate: 0.005,
            weight_decay: 0.0,
            momentum: 0.0,
            epochs: 10,
            batch_size: 32,
            head_dropout: 0.5,
            batch_norm_momentum: 0.99,
            seed: 0,
            select_by: SelectBy::ValidationAccuracy,
        }
    }
}
