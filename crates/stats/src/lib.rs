//! Pure functions on predictions: confusion matrix, classification report, ranking metrics, means over seeds.
//!
//! Everywhere class 1 is parasitized and the positive class, class 0 is uninfected, and an image is
//! called parasitized when its probability is at least the threshold. Empty denominators give 0, as
//! scikit-learn's `zero_division=0` does.

mod classification;
mod confusion;
mod error;
mod ranking;
mod summary;

pub use classification::{ClassScores, ClassificationReport};
pub use confusion::ConfusionMatrix;
pub use error::{Error, Result};
pub use ranking::{log_loss, roc_auc};
pub use summary::Summary;

/// Probability from which an image is called parasitized.
pub const THRESHOLD: f64 = 0.5;
