//! What a strategy is asked.

use crate::{Error, planned::PlanTrial};

/// A trial that ended, as a strategy knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedTrial {
    /// The trial.
    pub trial: PlanTrial,
    /// Accuracy on validation images of the kept epoch; none where the trial diverged or failed. Figures of test
    /// images are not for strategies.
    pub validation_accuracy: Option<f64>,
}

/// Chooses trials.
pub trait Strategy {
    /// The trials to train next, given those that ended; none when the sweep is complete.
    ///
    /// # Errors
    /// When the settings do not make sense.
    fn propose(&mut self, ended: &[EndedTrial]) -> Result<Vec<PlanTrial>, Error>;
}
