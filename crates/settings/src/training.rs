//! Settings of training: optimiser, epochs, batch size, seed and the metric that picks the best epoch.

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

/// The validation metric whose best epoch is restored at the end.
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
    /// Nothing is restored: the last epoch's weights stay.
    LastEpoch,
}

impl SelectBy {
    /// The name used in configurations and reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// How a model is trained. The defaults are the published protocol.
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
    /// Dropout of the head's two dropout layers.
    pub head_dropout: f64,
    /// How much of batch norm's running statistics a step keeps (Keras' convention; 0.99 there).
    /// Short runs validate on statistics that have hardly moved yet: 0.9 helps them.
    pub batch_norm_momentum: f64,
    /// Seed of initial weights, shuffles and dropout.
    pub seed: u64,
    /// Metric that picks the best epoch.
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
