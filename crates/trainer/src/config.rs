//! Choices of training.

pub use ranklab_settings::{OptimizerKind, SelectBy, TrainingConfig};
