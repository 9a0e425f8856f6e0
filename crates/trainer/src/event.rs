//! What the trainer reports while it works; it knows no database and no terminal.

use std::{ops::ControlFlow, path::PathBuf, sync::Arc};

use crate::checkpoint::Snapshot;
use ranklab_settings::Layer;

/// Takes events with the place of their trial and answers whether that trial goes on: see [`crate::run_together`].
pub type OnEvent<'a> = &'a mut dyn FnMut(usize, Event) -> ControlFlow<()>;

/// One thing that happened while a trial ran, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The trunk's features are looked up. `reused` says that a sound cache file was found.
    Features {
        /// The cache file; `None` when nothing is frozen below the trained layers and images go
        /// through the network directly.
        path: Option<PathBuf>,
        /// The convolution just above the cut whose frozen products it holds; `None` for the features themselves.
        products_of: Option<Layer>,
        /// Size of the cache in bytes, known before it is written.
        bytes: u64,
        /// Images in it.
        images: usize,
        /// Whether it is used as it stands.
        reused: bool,
    },
    /// The trunk has done its work and its memory is free again.
    FeaturesReady,
    /// Trunk features of `done` of `total` images are written.
    FeatureProgress {
        /// Images done.
        done: usize,
        /// Images in all.
        total: usize,
    },
    /// An epoch begins.
    EpochStarted {
        /// From 1.
        epoch: usize,
        /// Epochs in all.
        epochs: usize,
        /// Steps in this epoch.
        steps: usize,
    },
    /// One optimiser step was taken.
    Step {
        /// Epoch, from 1.
        epoch: usize,
        /// Step over the whole run, from 1.
        step: usize,
        /// Images in this batch.
        images: usize,
        /// Mean cross-entropy of the batch, before the step.
        loss: f64,
        /// Accuracy on the batch, before the step.
        accuracy: f64,
    },
    /// An epoch ended and was validated.
    Epoch(EpochSummary),
    /// That epoch is the best so far: its probabilities of the positive class, in the order of
    /// [`crate::Trial::validation`].
    BestValidation(Arc<[f64]>),
    /// The trial as it stands after that epoch, to be stored by whoever wants to continue it.
    Checkpoint(Snapshot),
    /// The test images are being predicted.
    TestStarted {
        /// Test images.
        images: usize,
    },
}

/// The figures of one epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct EpochSummary {
    /// From 1.
    pub epoch: usize,
    /// Mean cross-entropy over the epoch's training images.
    pub train_loss: f64,
    /// Accuracy over the epoch's training images.
    pub train_accuracy: f64,
    /// Cross-entropy on the validation images.
    pub validation_loss: f64,
    /// Accuracy on the validation images.
    pub validation_accuracy: f64,
    /// Seconds of training, validation not counted.
    pub train_seconds: f64,
    /// Training images per second.
    pub images_per_second: f64,
    /// Whether this is the best epoch so far.
    pub best: bool,
}
