//! How a report compares runs.

use serde::Serialize;

/// Largest difference in accuracy that does not matter: one point.
const MARGIN: f64 = 0.01;
/// Largest difference in sensitivity or specificity that does not matter: two points.
const RATE_MARGIN: f64 = 0.02;
/// Chance of a false claim among all comparisons of a report.
const ALPHA: f64 = 0.05;
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
        Self {
            margin: MARGIN,
            sensitivity_margin: RATE_MARGIN,
            specificity_margin: RATE_MARGIN,
            alpha: ALPHA,
            prevalence: PREVALENCE,
            replicates: REPLICATES,
        }
    }
}

impl Options {
    /// Confidence of the intervals.
    pub(crate) fn level(&self) -> f64 {
        1.0 - self.alpha
    }
}
