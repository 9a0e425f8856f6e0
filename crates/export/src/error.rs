//! What can go wrong with an export, each as one line that says what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of an export.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] ranklab_store::Error),
    /// A file or folder cannot be written. Files of an earlier export are as they were.
    #[error("cannot write {}: {reason}; choose another path or free some space", path.display())]
    Unwritten {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// Something other than a file or folder is in the way.
    #[error("cannot write {}: there is {is} of that name; choose another path", path.display())]
    InTheWay {
        /// The path.
        path: PathBuf,
        /// The kind of thing that is there.
        is: &'static str,
    },
    /// A file in the way holds something that no export wrote.
    #[error("cannot replace {}, which no export wrote; choose another path or move the file away", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A value is not of the type that the catalog gives its column.
    #[error("{table}.{column} holds a value of another type than {expected}; report this as a bug")]
    Type {
        /// The table or view.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The type.
        expected: &'static str,
    },
    /// A Parquet file cannot be encoded.
    #[error("cannot write {}: {reason}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the library said.
        reason: String,
    },
    /// The address is that of no server.
    #[error(
        "`{address}` is no address of an MLflow server: {reason}; give one such as http://localhost:5000"
    )]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The server cannot be reached.
    #[error(
        "the MLflow server {server} does not answer: {reason}; start it or check the address, then repeat the command{kept}"
    )]
    Away {
        /// The server.
        server: String,
        /// What the system said.
        reason: String,
        /// What was exported before.
        kept: Kept,
    },
    /// The server failed several times in a row.
    #[error(
        "the MLflow server {server} failed at {request}: {reason}; look at its log, then repeat the command{kept}"
    )]
    Failed {
        /// The server.
        server: String,
        /// The request.
        request: String,
        /// What it said.
        reason: String,
        /// What was exported before.
        kept: Kept,
    },
    /// The server wants to know who asks.
    #[error(
        "the MLflow server {server} refuses access ({reason}); set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN{kept}"
    )]
    Unauthorized {
        /// The server.
        server: String,
        /// What it said.
        reason: String,
        /// What was exported before.
        kept: Kept,
    },
    /// The server refused a request.
    #[error("the MLflow server {server} refused {request}: {reason}{kept}")]
    Refused {
        /// The server.
        server: String,
        /// The request.
        request: String,
        /// What it said.
        reason: String,
        /// What was exported before.
        kept: Kept,
    },
    /// An answer is not one of MLflow's.
    #[error("{server} answered {request} otherwise than an MLflow server: {reason}; check the address{kept}")]
    NoMlflow {
        /// The server.
        server: String,
        /// The request.
        request: String,
        /// What is wrong.
        reason: String,
        /// What was exported before.
        kept: Kept,
    },
    /// All names for a sweep's experiment are taken.
    #[error(
        "the MLflow server {server} has other experiments named `{name}`, perhaps deleted ones; rename or purge them (`mlflow gc`), then repeat the command"
    )]
    NameTaken {
        /// The server.
        server: String,
        /// The name.
        name: String,
    },
    /// A run that has no result yet.
    #[error("run {run} is {status}; only finished, failed and diverged runs are exported")]
    NotEnded {
        /// The run.
        run: i64,
        /// Its status.
        status: &'static str,
    },
}

/// How many runs were exported before an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept(pub usize);

impl std::fmt::Display for Kept {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0 => Ok(()),
            1 => formatter.write_str(" (1 run exported before that is kept)"),
            runs => write!(formatter, " ({runs} runs exported before that are kept)"),
        }
    }
}

impl Error {
    /// The error of a file or folder that cannot be written.
    pub(crate) fn unwritten(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |reason| Self::Unwritten { path, reason }
    }

    /// The same error, with the number of runs that were exported before it.
    pub(crate) fn after(mut self, runs: usize) -> Self {
        match &mut self {
            Self::Away { kept, .. }
            | Self::Failed { kept, .. }
            | Self::Unauthorized { kept, .. }
            | Self::Refused { kept, .. }
            | Self::NoMlflow { kept, .. } => *kept = Kept(runs),
            _ => {}
        }
        self
    }
}
