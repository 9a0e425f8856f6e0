//! The summary of a sweep.

/// The summary of a sweep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepSummary {
    /// Number of the sweep.
    pub sweep: i64,
    /// Number of trials that finished now.
    pub finished: usize,
    /// Number of trials that already had a finished run.
    pub skipped: usize,
    /// Label and reason of trials that failed.
    pub failed: Vec<(String, String)>,
    /// Label and reason of trials that diverged, now or in an earlier run.
    pub diverged: Vec<(String, String)>,
    /// Number of trials that remain after a request to stop.
    pub left: usize,
}

impl SweepSummary {
    /// The summary before any trial ended.
    pub(crate) fn begin(sweep: i64) -> Self {
        Self { sweep, finished: 0, skipped: 0, failed: Vec::new(), diverged: Vec::new(), left: 0 }
    }
}
