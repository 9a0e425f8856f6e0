//! What can go wrong with the runs folder, and with the images and weights that runs read.

use std::path::PathBuf;

/// An error of the runs folder. Each message is one line that names the file or run and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing failed.
    #[error("{action} {path} failed: {reason}", path = .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The system gives no thread for the database.
    #[error("starting the database's thread failed: {0}")]
    Runtime(std::io::Error),
    /// A run's file could not be stored.
    #[error(
        "storing {path} failed: {reason}; free some space or make its folder writable and repeat the command, which goes on from the last stored epoch",
        path = .path.display()
    )]
    Unsaved {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A run's folder that is another database's.
    #[error(
        "the run folder {path} belongs to another database, so that nothing is written into it; move it away, then repeat the command",
        path = .path.display()
    )]
    OtherDatabase {
        /// The folder.
        path: PathBuf,
    },
    /// A recorded relative path that leads nowhere.
    #[error(
        "{what} {path}: an earlier version recorded this path without its folder, and there is nothing at {looked}; repeat the command from the folder where {path} lies"
    )]
    Unlocated {
        /// "dataset" or "weights".
        what: &'static str,
        /// The path as recorded.
        path: String,
        /// Where it was looked for, joined by ` or at `.
        looked: String,
    },
    /// A file of trunk weights in the place of the ImageNet trunk that is not it.
    #[error(
        "weights file {path}: wrong hash {hash}, it is not the ImageNet trunk; name it by its path (`weights=PATH`) or fetch it again with `ranklab weights fetch`",
        path = .path.display()
    )]
    NotImagenet {
        /// The file.
        path: PathBuf,
        /// Hash of its tensors, shortened.
        hash: String,
    },
    /// A trial whose images or weights were not opened before: a fault of ranklab's.
    #[error(
        "the dataset or the weights of a trial were not opened: this is a fault in ranklab, please report it"
    )]
    NotOpened,
    /// Settings.
    #[error(transparent)]
    Settings(#[from] ranklab_settings::Error),
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
}
