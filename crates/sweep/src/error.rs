//! What can go wrong while planning and running sweeps.

use std::path::PathBuf;

/// An error of a sweep. Every message is one line that names the key, file or run and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that does not make sense; the message is complete.
    #[error("{0}")]
    Setting(String),
    /// A key that does not exist.
    #[error("unknown key `{key}`{place}{suggestion}")]
    UnknownKey {
        /// As written.
        key: String,
        /// Where: empty, or ` in FILE`.
        place: String,
        /// `: did you mean …?` or how to list the keys.
        suggestion: String,
    },
    /// An experiment file that cannot be used.
    #[error("experiment file {path}: {problem}", path = .path.display())]
    Experiment {
        /// The file.
        path: PathBuf,
        /// What is wrong, in one line.
        problem: String,
    },
    /// Reading or writing failed.
    #[error("{action} {path} failed: {source}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A run's file could not be stored.
    #[error(
        "storing {path} failed: {source}; free some space or make its folder writable and repeat the command, which goes on from the last stored epoch",
        path = .path.display()
    )]
    Unsaved {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A device that cannot be used; the message is complete.
    #[error("{0}")]
    Device(String),
    /// Images.
    #[error(transparent)]
    Data(#[from] ranklab_data::Error),
    /// Models and weights.
    #[error(transparent)]
    Zoo(#[from] ranklab_zoo::Error),
    /// Training.
    #[error(transparent)]
    Trainer(#[from] ranklab_trainer::Error),
    /// The runs database.
    #[error(transparent)]
    Store(#[from] ranklab_store::Error),
    /// Metrics.
    #[error(transparent)]
    Stats(#[from] ranklab_stats::Error),
}

impl Error {
    /// Whether it was asked to stop before anything was begun.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Data(ranklab_data::Error::Stopped))
    }
}
