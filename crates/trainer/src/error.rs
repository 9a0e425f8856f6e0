//! What can go wrong while training.

use std::path::PathBuf;

/// An error of the trainer. Every message names the file or the step and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that does not make sense; the message is complete.
    #[error("{0}")]
    Setting(String),
    /// The images could not be read; the message is the reader's.
    #[error("{0}")]
    Images(String),
    /// The trunk's weights could not be read; the message is the reader's.
    #[error("{0}")]
    Weights(String),
    /// The model could not be built.
    #[error(transparent)]
    Zoo(#[from] ranklab_zoo::Error),
    /// Reading or writing a feature cache failed.
    #[error("{action} the feature cache {path} failed: {reason}; check the free space and the permissions there", path = .path.display())]
    Cache {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A feature cache was sound when it was opened and is not any more.
    #[error(
        "the feature cache {path} is damaged: {problem}; repeat the command, which computes it again; if that comes back, check the disk and the memory",
        path = .path.display()
    )]
    DamagedCache {
        /// The file.
        path: PathBuf,
        /// What was found, in a few words.
        problem: String,
    },
    /// The device gave no values back.
    #[error("the device failed: {0}")]
    Device(String),
    /// A checkpoint cannot be made or used; the message is complete.
    #[error("{0}")]
    Checkpoint(String),
    /// Training was asked to stop.
    #[error("training was asked to stop")]
    Stopped,
    /// The loss is no longer a number.
    #[error(
        "training diverged: the loss is {loss} at step {step} of epoch {epoch}; lower the learning rate (`lr=`) or the alpha"
    )]
    Diverged {
        /// Epoch, from 1.
        epoch: usize,
        /// Step over the whole run, from 1.
        step: usize,
        /// The loss.
        loss: f64,
    },
}
