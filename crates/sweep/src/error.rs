//! What can go wrong while sweeps are planned and run.

/// An error of a sweep. Each message is one line that names the key, file or run and says what to do. The settings'
/// [`ranklab_settings::Error::Multiple`] has as many lines as errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A registered sweep whose settings this version does not know.
    #[error(
        "sweep {sweep}: the configuration of {trial} is of another version ({reason}); repeat its command: {command}"
    )]
    OtherVersion {
        /// The sweep in the database.
        sweep: i64,
        /// The trial's label.
        trial: String,
        /// What is unknown.
        reason: String,
        /// The sweep's command.
        command: String,
    },
    /// Images or weights that are no longer those that a trial was registered with. The message names them.
    #[error("{0}")]
    ChangedSources(String),
    /// A trial that finds no room in memory. The message names it.
    #[error("{0}")]
    TooLarge(String),
    /// A run that cannot be verified. The message names it.
    #[error("{0}")]
    NotVerified(String),
    /// A task that ended before its work was done.
    #[error("{what} stopped unexpectedly")]
    Unexpected {
        /// The work.
        what: &'static str,
    },
    /// A device that cannot be used. The message is complete.
    #[error("{0}")]
    Device(String),
    /// Settings.
    #[error(transparent)]
    Settings(#[from] ranklab_settings::Error),
    /// The runs folder.
    #[error(transparent)]
    Runs(ranklab_runs::Error),
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

impl From<ranklab_runs::Error> for Error {
    /// Errors of the crates below stay what they are, so that each has one form.
    fn from(error: ranklab_runs::Error) -> Self {
        use ranklab_runs::Error as Runs;
        match error {
            Runs::Settings(error) => Self::Settings(error),
            Runs::Data(error) => Self::Data(error),
            Runs::Zoo(error) => Self::Zoo(error),
            Runs::Trainer(error) => Self::Trainer(error),
            Runs::Store(error) => Self::Store(error),
            error => Self::Runs(error),
        }
    }
}

impl Error {
    /// Whether a stop was requested before any trial began.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Data(ranklab_data::Error::Stopped))
    }
}
