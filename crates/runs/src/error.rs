//! Errors with the runs folder and with the images and weights of runs.

use std::path::PathBuf;

/// An error of the runs folder. Each message is one line that names the file or run and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading or writing failed.
    #[error("{action} {path} failed: {reason}", path = .path.display())]
    Io {
        /// The operation.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The system could not start a thread for the database.
    #[error("starting the database's thread failed: {0}")]
    Runtime(std::io::Error),
    /// A run's file could not be stored.
    #[error(
        "storing {path} failed: {reason}; free some space or make its folder writable, then repeat the command; a run in training resumes from its last stored epoch",
        path = .path.display()
    )]
    Unsaved {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// The network of an imported adapter could not be stored.
    #[error(
        "storing {path} failed: {reason}; free some space or make its folder writable, then import the adapter again",
        path = .path.display()
    )]
    ImportUnsaved {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// A run folder that belongs to another database.
    #[error(
        "the run folder {path} belongs to another database and is not written into; move it away, then repeat the command",
        path = .path.display()
    )]
    OtherDatabase {
        /// The folder.
        path: PathBuf,
    },
    /// A recorded relative path without a file or folder.
    #[error(
        "{what} {path}: an earlier version recorded this path without its folder, and there is nothing at {looked}; repeat the command from the folder where {path} lies"
    )]
    Unlocated {
        /// "dataset" or "weights".
        what: &'static str,
        /// The path as recorded.
        path: String,
        /// The paths that were tried, joined by ` or at `.
        looked: String,
    },
    /// A weights file at the path of the ImageNet trunk with another hash.
    #[error(
        "weights file {path}: wrong hash {hash}, it is not the ImageNet trunk; give its path (`weights=PATH`), or fetch the trunk again with `ranklab weights fetch`",
        path = .path.display()
    )]
    NotImagenet {
        /// The file.
        path: PathBuf,
        /// Hash of its tensors, shortened.
        hash: String,
    },
    /// A run that is not finished.
    #[error("run {run} is {status}: only a finished run has trained weights; `ranklab runs` lists the runs")]
    Unfinished {
        /// The run.
        run: i64,
        /// Its state.
        status: ranklab_store::RunStatus,
    },
    /// A finished run whose network cannot be opened.
    #[error("run {run} cannot be used: {problem}")]
    Unopened {
        /// The run.
        run: i64,
        /// Why, and what to do.
        problem: String,
    },
    /// A folder that holds no adapter that can be used.
    #[error("the adapter in {path} cannot be used: {problem}", path = .path.display())]
    Adapter {
        /// The folder.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A name that no finished run answers to, or several. The message is complete.
    #[error("{0}")]
    NoRun(String),
    /// A trial whose images or weights were not opened: a defect of ranklab.
    #[error(
        "the dataset or the weights of a trial were not opened; this is a defect of ranklab, please report it"
    )]
    NotOpened,
    /// An error in settings.
    #[error(transparent)]
    Settings(#[from] ranklab_settings::Error),
    /// An error with images.
    #[error(transparent)]
    Data(#[from] ranklab_data::Error),
    /// An error with models and weights.
    #[error(transparent)]
    Zoo(#[from] ranklab_zoo::Error),
    /// An error in training.
    #[error(transparent)]
    Trainer(#[from] ranklab_trainer::Error),
    /// A network that computes no number for an image.
    #[error(
        "the network gives no probability for {image}: its weights are damaged or too large; use another run, or import its adapter again from a sound folder"
    )]
    NoProbability {
        /// The image.
        image: String,
    },
    /// Predictions that no figures can be computed of.
    #[error("the predictions cannot be judged: {0}")]
    Stats(#[from] ranklab_stats::Error),
    /// An error of the runs database.
    #[error(transparent)]
    Store(#[from] ranklab_store::Error),
}
