//! Limits of a worker: how many trials it trains, for how long, and whether it waits for other workers.

use std::time::Instant;

/// Limits of the work of one process on a sweep. The default has none.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest number of trials to train.
    pub trials: Option<usize>,
    /// End of the time. Trials in training are interrupted before it.
    pub deadline: Option<Instant>,
    /// Whether to wait while other processes train all trials that remain.
    pub waits: bool,
    /// Whether a cancellation from before this process counts, as it does for jobs that wait in a queue.
    pub obeys_earlier_cancellation: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { trials: None, deadline: None, waits: true, obeys_earlier_cancellation: false }
    }
}
