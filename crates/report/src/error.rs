//! What can go wrong with a report, each as one line that says what to do next.

use std::io;
use std::path::PathBuf;

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// A failure of a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be read or lacks what was asked for.
    #[error(transparent)]
    Store(#[from] ranklab_store::Error),
    /// There is no sweep yet.
    #[error("there is no sweep in the database; run `ranklab sweep` first or name runs")]
    NoSweep,
    /// No runs were chosen.
    #[error("no runs were chosen; name at least one, `ranklab runs` lists them")]
    NoRuns,
    /// A recorded analysis plan cannot be read.
    #[error(
        "the analysis plan of sweep {sweep} cannot be read ({reason}); report its runs by id with `--runs`"
    )]
    Plan {
        /// The sweep.
        sweep: i64,
        /// Why.
        reason: String,
    },
    /// A run that was to explain its calls is not shown.
    #[error("run {run} is not among the finished runs of this report; choose one of those for `--explain`")]
    NotShown {
        /// The run.
        run: i64,
    },
    /// The runs cannot be grouped.
    #[error("cannot group the runs of \"{title}\": {reason}; please report this with the database")]
    Grouping {
        /// The report's title.
        title: String,
        /// What polars said.
        reason: String,
    },
    /// A chart cannot be drawn.
    #[error("cannot draw the chart {name}: {reason}; please report this with the database")]
    Chart {
        /// File name of the figure.
        name: String,
        /// What plotters said.
        reason: String,
    },
    /// A file cannot be written.
    #[error(
        "cannot write the report to {}: {source}; choose a folder you may write to", path.display()
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
