//! Errors in planning and running sweeps.

/// An error of a sweep. Each message is one line that names the key, file or run and says what to do. The settings'
/// [`ranklab_settings::Error::Multiple`] has as many lines as errors.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A registered sweep with settings that this version does not know.
    #[error(
        "sweep {sweep}: this version cannot read the configuration of {trial} ({reason}); repeat the command of the sweep: {command}"
    )]
    OtherVersion {
        /// Number of the sweep.
        sweep: i64,
        /// The trial's label.
        trial: String,
        /// The reason.
        reason: String,
        /// The sweep's command.
        command: String,
    },
    /// Images or weights that changed since a trial was registered. The message names them.
    #[error("{0}")]
    ChangedSources(String),
    /// A trial that does not fit into memory. The message names it.
    #[error("{0}")]
    TooLarge(String),
    /// A run that cannot be verified. The message names it.
    #[error("{0}")]
    NotVerified(String),
    /// A task that stopped before its end.
    #[error("{what} stopped unexpectedly")]
    Unexpected {
        /// Name of the task.
        what: &'static str,
    },
    /// A device that cannot be used. The message is complete.
    #[error("{0}")]
    Device(String),
    /// An error in settings.
    #[error(transparent)]
    Settings(#[from] ranklab_settings::Error),
    /// An error with the runs folder.
    #[error(transparent)]
    Runs(ranklab_runs::Error),
    /// An error with images.
    #[error(transparent)]
    Data(#[from] ranklab_data::Error),
    /// An error with models and weights.
    #[error(transparent)]
    Zoo(#[from] ranklab_zoo::Error),
    /// An error in training.
    #[error(transparent)]
    Trainer(#[from] ranklab_trainer::Error),
    /// An error of the runs database.
    #[error(transparent)]
    Store(#[from] ranklab_store::Error),
    /// An error in metrics.
    #[error(transparent)]
    Stats(#[from] ranklab_stats::Error),
}

impl From<ranklab_runs::Error> for Error {
    /// Unwraps errors of other crates, so that each has one form.
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
    /// Whether a stop was requested before any trial started.
    pub fn is_stopped(&self) -> bool {
        matches!(self, Self::Data(ranklab_data::Error::Stopped))
    }
}
