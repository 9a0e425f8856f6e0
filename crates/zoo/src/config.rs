//! Choices of the networks.

pub use ranklab_settings::{
    AdaptedActivation, AdapterConfig, AdapterSettings, Architecture, DeltaGeometry, Initialisation,
    ModelConfig, Preset, Scaling,
};

/// The choices of the classifier on top of both models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadConfig {
    /// Dropout after each hidden layer, 0 to 1 (exclusive).
    pub dropout: f64,
    /// How much of batch norm's running statistics a step keeps, in Keras' convention: 0.99 by
    /// default there, 0.01 in PyTorch's.
    pub batch_norm_momentum: f64,
}

impl Default for HeadConfig {
    fn default() -> Self {
        Self { dropout: 0.5, batch_norm_momentum: 0.99 }
    }
}
