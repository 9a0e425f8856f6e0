//! What a finished trial leaves.

use crate::phases::Phases;

/// What a finished trial leaves.
#[derive(Debug)]
pub struct Outcome {
    /// Epoch (from 1) whose weights were restored.
    pub best_epoch: usize,
    /// The trained state as a safetensors file, with the calibration of its trunk where that has one.
    pub model: Vec<u8>,
    /// Hash of the trained state.
    pub model_hash: String,
    /// Test probabilities of the positive class, in the order of [`crate::Trial::test`].
    pub probabilities: Vec<f64>,
    /// Mean test cross-entropy.
    pub test_loss: f64,
    /// Seconds spent on trunk features.
    pub feature_seconds: f64,
    /// Seconds spent training and validating; of trials trained together, each one's share.
    pub train_seconds: f64,
    /// Seconds spent on the test images, shared alike.
    pub test_seconds: f64,
    /// Training images per second of [`Outcome::train_seconds`], validation not counted.
    pub images_per_second: f64,
    /// Where the time of all trials that were trained together went.
    pub phases: Phases,
}
