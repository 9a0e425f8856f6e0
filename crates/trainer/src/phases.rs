//! Where a group's time goes.

use std::time::{Duration, Instant};

/// Seconds of each part of a group's work, summed over all epochs, and images that were computed once. On devices that compute in the background
/// a part's time may fall to the part that waits for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Phases {
    /// Reading, decoding and resizing images, in a thread of its own.
    pub decode: f64,
    /// The frozen trunk, and the frozen part of the convolution above.
    pub trunk: f64,
    /// Images that went through the trunk; those that a cache held did not.
    pub trunk_images: usize,
    /// Images whose frozen part was computed ahead of training.
    pub frozen_images: usize,
    /// Whether training took its lowest frozen part from a cache.
    pub frozen_known: bool,
    /// Writing features.
    pub write: f64,
    /// Waiting for the next batch: gathering is done ahead, in another thread.
    pub gather: f64,
    /// Forward pass and loss.
    pub forward: f64,
    /// Backward pass.
    pub backward: f64,
    /// The optimisers' steps.
    pub optimizer: f64,
    /// Reading scores back and reporting the step.
    pub report: f64,
    /// Validation and test.
    pub evaluate: f64,
}

/// Adds the time since the last call to one part after another.
#[derive(Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn add(&mut self, part: &mut f64) {
        let now = Instant::now();
        let passed: Duration = now - self.0;
        *part += passed.as_secs_f64();
        self.0 = now;
    }
}
