//! Errors of simulated studies.

/// Result of a simulated study.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a study could not be simulated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A design that no study can have.
    #[error("{option} is {value}; give at least {least}")]
    Design {
        /// The option.
        option: &'static str,
        /// What was given.
        value: f64,
        /// The smallest that is possible.
        least: f64,
    },
    /// A comparison failed.
    #[error("failed to compare simulated configurations: {0}")]
    Comparison(#[from] ranklab_stats::Error),
    /// A distribution has no such parameters.
    #[error("failed to draw patients: {0}")]
    Distribution(String),
}
