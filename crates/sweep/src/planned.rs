//! A trial of a plan.

use ranklab_settings::TrialConfig;

/// A trial of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanTrial {
    /// Label: model, layers, rank and the settings that differ from the other trials.
    pub label: String,
    /// Complete configuration.
    pub config: TrialConfig,
    /// Recorded configuration hash, in a resumed sweep.
    pub(crate) recorded: Option<String>,
}

impl PlanTrial {
    pub(crate) fn new(label: String, config: TrialConfig) -> Self {
        Self { label, config, recorded: None }
    }
}
