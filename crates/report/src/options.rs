//! How a report compares runs.

use ranklab_settings::AnalysisPlan;
use serde::Serialize;

/// Assumed share of positives in practice: one in ten, far below that of most data sets.
const PREVALENCE: f64 = 0.1;
/// Resamples of an interval.
const REPLICATES: usize = 2000;

/// What is to be settled before results are seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Options {
    /// Differences in accuracy within ±margin do not matter: 0.01 is one point.
    pub margin: f64,
    /// Differences in sensitivity within ±margin do not matter.
    pub sensitivity_margin: f64,
    /// Differences in specificity within ±margin do not matter.
    pub specificity_margin: f64,
    /// Significance level; intervals have the confidence 1 − alpha.
    pub alpha: f64,
    /// Share of positives, above 0 and below 1, that predictive values and decision curves hold for: an assumption, since
    /// data sets are seldom drawn as patients come.
    pub prevalence: f64,
    /// Resamples of an interval, at least 2.
    pub replicates: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self::planned(&AnalysisPlan::default())
    }
}

impl Options {
    /// The options of a plan, whose margins are points.
    pub fn planned(plan: &AnalysisPlan) -> Self {
        Self {
            margin: share(plan.margin),
            sensitivity_margin: share(plan.sensitivity_margin),
            specificity_margin: share(plan.specificity_margin),
            alpha: plan.significance,
            prevalence: PREVALENCE,
            replicates: REPLICATES,
        }
    }

    /// Confidence of the intervals.
    pub(crate) fn level(&self) -> f64 {
        1.0 - self.alpha
    }
}

/// Points as a share.
fn share(points: f64) -> f64 {
    points / 100.0
}
