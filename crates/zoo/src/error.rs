//! What can go wrong with models and weights.

use std::path::PathBuf;

/// An error of the model zoo. Every message names the file or the key and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting that does not make sense; the message is complete.
    #[error("{0}")]
    Setting(String),
    /// Settings.
    #[error(transparent)]
    Settings(#[from] ranklab_settings::Error),
    /// A weights file is absent.
    #[error("no trunk weights at {path}: run `ranklab weights fetch`, or give `weights=PATH` (`weights=random` is for tests)", path = .path.display())]
    WeightsMissing {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// A weights file is not what it should be; the message is complete.
    #[error("weights file {path}: {problem}", path = .path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// A PEFT adapter that cannot be imported.
    #[error("the PEFT adapter cannot be imported: {0}")]
    Import(String),
    /// Reading or writing failed.
    #[error("{action} {path} failed: {reason}", path = .path.display())]
    Io {
        /// What was tried: "reading", "writing".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A command of the system failed; the message is complete.
    #[error("{0}")]
    Command(String),
}
