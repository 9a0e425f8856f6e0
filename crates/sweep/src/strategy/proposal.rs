//! The trait of strategies, and the ended trials that they receive.

use crate::{Error, planned::PlanTrial};

/// An ended trial, for a strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedTrial {
    /// The trial.
    pub trial: PlanTrial,
    /// Validation accuracy of the selected epoch; `None` if the trial diverged or failed. Strategies never receive results
    /// on test images.
    pub validation_accuracy: Option<f64>,
}

/// Chooses the trials of a sweep.
pub trait Strategy {
    /// The trials to train next, given those that ended; none when the sweep is complete.
    ///
    /// # Errors
    /// When the settings are invalid.
    fn propose(&mut self, ended: &[EndedTrial]) -> Result<Vec<PlanTrial>, Error>;
}
