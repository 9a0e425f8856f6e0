//! One trial of a plan.

use ranklab_settings::TrialConfig;

/// One trial of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanTrial {
    /// What differs from the other trials.
    pub label: String,
    /// What it computes.
    pub config: TrialConfig,
    /// The configuration hash that a sweep which is resumed has for it.
    pub(crate) recorded: Option<String>,
}

impl PlanTrial {
    pub(crate) fn new(label: String, config: TrialConfig) -> Self {
        Self { label, config, recorded: None }
    }
}
